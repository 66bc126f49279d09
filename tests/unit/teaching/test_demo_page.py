"""The demo's page: what it shows is what the library makes of the photo, and the file to keep is the photo's own kind."""

import json
from importlib import import_module
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from rainmer_lib.data.image_files import read_image
from rainmer_lib.inference.derain import at_strength, derain
from rainmer_lib.metrics.protocols import quantise
from rainmer_lib.pretrained.models import DEFAULT, load_model, shipped
from rainmer_lib.teaching import demo_page

NO_GRADIO = find_spec("gradio") is None
REASON = "the extra `demo` is not installed: pip install -e '.[demo]'"


@pytest.fixture
def photo(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (30, 41, 3), dtype=np.uint8)
    Image.fromarray(values).save(tmp_path / "street.png")
    return tmp_path / "street.png"


@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_shown_and_kept_is_what_the_library_makes(photo, tmp_path, strength):
    shown = demo_page.show(str(photo), "auto", strength, tmp_path / "out")
    rgb = read_image(photo).rgb
    expected = quantise(at_strength(rgb, derain(load_model(DEFAULT), rgb), strength), "round")
    assert shown.file == tmp_path / "out" / "street-derained.png" and np.array_equal(read_image(shown.file).rgb, expected)
    assert np.array_equal(shown.before, rgb) and np.array_equal(shown.after, expected) and shown.removed.shape == rgb.shape
    assert "41 x 30 pixels" in shown.words and f"{DEFAULT} whole, at strength {strength:g}." in shown.words


def test_the_photo_goes_through_the_network_once_for_all_strengths(photo, tmp_path, monkeypatch):
    calls, made = [], demo_page.derain_photo
    demo_page._derained.cache_clear()
    monkeypatch.setattr(demo_page, "derain_photo", lambda *given: calls.append(given) or made(*given))
    files = [demo_page.show(str(photo), "auto", strength, tmp_path).file.read_bytes() for strength in (1.0, 0.0, 1.5)]
    assert len(calls) == 1 and len(set(files)) == 3
    demo_page.show(str(photo), "dcdgan-small", 1.0, tmp_path)
    assert len(calls) == 2


def test_pictures_are_small_and_the_file_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(demo_page, "LARGEST", 20)
    Image.fromarray(np.full((30, 60), 90, np.uint8)).save(tmp_path / "grey.gif")
    shown = demo_page.show(str(tmp_path / "grey.gif"), "auto", 1.0, tmp_path / "out")
    assert {picture.shape for picture in (shown.before, shown.after, shown.removed)} == {(10, 20, 3)}
    assert shown.file.name == "grey-derained.png" and read_image(shown.file).rgb.shape == (30, 60, 3)


def test_models_are_those_whose_weights_are_there(tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    assert demo_page.models() == shipped()


def test_the_page_is_served_to_this_machine_and_shared_with_nobody():
    given = {}
    blocks = SimpleNamespace(launch=lambda **options: given.update(options) or (None, "http://127.0.0.1:1/", None))
    themes = SimpleNamespace(Default=lambda **fonts: fonts)
    assert demo_page.launched(SimpleNamespace(themes=themes), blocks, "127.0.0.1", None, False) == "http://127.0.0.1:1/"
    assert given["share"] is False and given["server_name"] == "127.0.0.1"
    assert given["theme"] == {"font": ["system-ui", "sans-serif"], "font_mono": ["monospace"]}


@pytest.mark.skipif(NO_GRADIO, reason=REASON)
def test_gradio_is_told_to_say_nothing_and_the_page_names_no_other_place(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    blocks = demo_page.page(import_module("gradio"), tmp_path, "auto")
    assert not blocks.analytics_enabled
    assert "share" not in json.dumps([part["props"].get("buttons") for part in blocks.get_config_file()["components"]])
