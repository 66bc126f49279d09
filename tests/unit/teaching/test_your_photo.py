"""A person's photo: opened or refused at once, derained at its size, measured, and written where nothing is lost."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from rainmer_lib.data.image_files import read_image
from rainmer_lib.metrics.damage import rain_left
from rainmer_lib.metrics.niqe import niqe, niqe_parameters
from rainmer_lib.metrics.protocols import PROTOCOLS, evaluate, quantise
from rainmer_lib.plots.removed_rain import removed_rain
from rainmer_lib.pretrained.models import load_model
from rainmer_lib.teaching import your_photo
from rainmer_lib.workflow.parameters import WrongParameter


class Darker(nn.Module):
    """Takes a quarter of every value away."""

    def __init__(self):
        super().__init__()
        self.kept = nn.Parameter(torch.tensor(0.75))

    def forward(self, image):
        return self.kept * image


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (30, 41, 3), dtype=np.uint8)


@pytest.fixture
def photo(tmp_path, noise):
    Image.fromarray(noise).save(tmp_path / "street.png")
    return tmp_path / "street.png"


def namespace(**changed):
    given = {"photo": "", "clean": "", "save": False} | changed
    return given | {"__annotations__": {name: type(value) for name, value in given.items()}}


def test_nothing_given_is_the_embedded_photo_with_its_truth():
    opened = your_photo.check_photo(namespace())
    assert opened.source is None and opened.image.rgb.shape == opened.clean.shape and opened.image.rgb.dtype == np.uint8
    psnr = evaluate(opened.image.rgb, opened.clean, "prenet")[0]
    assert 15 < psnr < 35, "rained on, and still a photo"
    again = your_photo.check_photo(namespace())
    assert np.array_equal(opened.image.rgb, again.image.rgb)


def test_rain_goes_from_the_photo_that_notebooks_show_first():
    """By the best network that ships: thick streaks are gone, and the eye sees it."""
    opened = your_photo.open_photo("")
    derained, _ = your_photo.derain_photo(load_model("auto"), opened)
    rain = (opened.image.rgb.astype(float) - opened.clean).mean(axis=2)
    stays = 255 * (derained - your_photo.unit(opened.clean)).mean(axis=2)
    thick = rain > np.percentile(rain, 95)
    assert rain_left(derained, opened.image.rgb, opened.clean) < 0.15
    assert rain[thick].mean() > 60 and stays[thick].mean() < 0.15 * rain[thick].mean()
    before, after = (evaluate(image, opened.clean, "prenet")[0] for image in (opened.image.rgb, derained))
    assert after > before + 6


def test_an_uploaded_photo_is_one_of_the_present_folder(photo, noise, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    chooser = SimpleNamespace(chosen=("street.png", photo.read_bytes()))
    opened = your_photo.check_photo(namespace(), chooser)
    assert np.array_equal(opened.image.rgb, noise) and opened.source == tmp_path / "here" / "street.png"
    assert your_photo.save_beside(opened, opened.rainy) == tmp_path / "here" / "street-derained.png"
    chooser.chosen = ("../away.png", photo.read_bytes())
    assert your_photo.check_photo(namespace(), chooser).source == tmp_path / "here" / "away.png"
    with pytest.raises(WrongParameter, match="street.png', and ../away.png was uploaded: empty `photo`, or run the cell"):
        your_photo.check_photo(namespace(photo=str(photo)), chooser)
    chooser.chosen = ("text.jpg", b"no image")
    with pytest.raises(ValueError, match="^text.jpg: not an image"):
        your_photo.check_photo(namespace(), chooser)
    assert your_photo.check_photo(namespace(photo=str(photo)), SimpleNamespace(chosen=None)).source == photo


def test_what_cannot_be_a_photo_is_refused_with_its_name(tmp_path, photo, noise):
    (tmp_path / "text.jpg").write_text("no image")
    (tmp_path / "cut.png").write_bytes(photo.read_bytes()[:-200])
    Image.fromarray(noise[:, :20]).save(tmp_path / "half.png")
    cases = [
        ({"photo": str(tmp_path / "none.jpg")}, WrongParameter, "photo=.*none.jpg': no file"),
        ({"photo": str(tmp_path)}, WrongParameter, "a folder; name one image"),
        ({"photo": str(tmp_path / "text.jpg")}, ValueError, "text.jpg: not an image"),
        ({"photo": str(tmp_path / "cut.png")}, ValueError, "cut.png: truncated or damaged"),
        ({"photo": str(photo), "clean": str(tmp_path / "none.png")}, WrongParameter, "clean=.*none.png': no file"),
        ({"photo": str(photo), "clean": str(tmp_path / "half.png")}, WrongParameter, "41x30 and 20x30 pixels"),
        ({"clean": str(photo)}, WrongParameter, "give `photo` too"),
    ]
    for given, error, message in cases:
        with pytest.raises(error, match=message):
            your_photo.check_photo(namespace(**given))
    for name, value, kind in (("photo", 3, str), ("save", "yes", bool)):
        changed = namespace(**{name: value})
        changed["__annotations__"][name] = kind
        with pytest.raises(WrongParameter, match=f"expected {kind.__name__}"):
            your_photo.check_photo(changed)


def test_the_network_sees_the_whole_photo_at_its_size(photo, noise):
    opened = your_photo.open_photo(str(photo))
    derained, made = your_photo.derain_photo(Darker(), opened)
    np.testing.assert_allclose(derained, 0.75 * noise / 255, atol=1e-6)
    facts = made[""]
    assert facts["size"].startswith("41 x 30 pixels") and facts["went through"] == "whole" and facts["photo"] == "street.png"


def test_scores_are_those_of_the_protocols_and_need_a_truth(tmp_path, photo, noise):
    truth = np.clip(noise.astype(int) - 20, 0, 255).astype(np.uint8)
    Image.fromarray(truth).save(tmp_path / "clean.png")
    derained = (0.75 * noise / 255).astype(np.float32)
    table = your_photo.scores(your_photo.open_photo(str(photo), str(tmp_path / "clean.png")), derained)
    for name in PROTOCOLS:
        for column, image in (("rainy", noise), ("derained", derained)):
            assert tuple(table[column][name]) == evaluate(image, truth, name)
    assert "no ground truth" in your_photo.scores(your_photo.open_photo(str(photo)), derained).iloc[0, 0]


def test_naturalness_is_niqe_of_what_would_be_stored_or_says_why_not(photo):
    opened = your_photo.open_photo("")
    table = your_photo.naturalness(opened, opened.rainy * np.float32(0.75))
    darker = niqe(quantise(opened.rainy * np.float32(0.75), "round"), niqe_parameters("refit"))
    assert list(table.columns) == ["rainy", "derained", "clean"] and table["derained"].item() == darker
    small = your_photo.open_photo(str(photo))
    assert "NIQE needs two blocks" in your_photo.naturalness(small, small.rainy).iloc[0, 0]


def test_nothing_is_ever_replaced(photo, noise):
    before = photo.read_bytes()
    opened = your_photo.open_photo(str(photo))
    written = [your_photo.save_beside(opened, your_photo.unit(np.full_like(noise, level))) for level in (1, 2, 3)]
    assert [p.name for p in written] == ["street-derained.png", "street-derained-2.png", "street-derained-3.png"]
    assert [int(read_image(p).rgb.max()) for p in written] == [1, 2, 3] and photo.read_bytes() == before


@pytest.mark.parametrize(("name", "mode", "expected"), [
    ("a.GIF", "P", "a-derained.png"), ("b.bmp", "RGB", "b-derained.bmp"), ("c.JPG", "L", "c-derained.JPG"),
    ("d.webp", "RGBA", "d-derained.webp"), ("e.tar.png", "RGBA", "e.tar-derained.png"),
])  # fmt: skip
def test_the_format_stays_if_it_can(tmp_path, noise, name, mode, expected):
    picture = Image.fromarray(noise).convert(mode)
    if mode == "RGBA":
        picture.putalpha(100)  # an alpha that hides nothing is not stored by every format
    picture.save(tmp_path / name)
    opened = your_photo.open_photo(str(tmp_path / name))
    target = your_photo.save_beside(opened, opened.rainy)
    assert target.name == expected and read_image(target).grey == (mode == "L")
    assert (read_image(target).alpha is None) == (mode != "RGBA")


def test_the_embedded_photo_is_saved_among_the_results(tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_RESULTS", str(tmp_path / "results"))
    opened = your_photo.open_photo("")
    target = your_photo.save_beside(opened, opened.rainy)
    assert target == tmp_path / "results" / "quick" / "derain_your_photo-derained.png" and target.is_file()


def test_the_figure_shows_the_difference_on_one_scale():
    clean = np.full((20, 30, 3), 0.25)
    rainy = clean.copy()
    rainy[5:10] += 0.4
    derained = rainy.copy()
    derained[5:10] -= 0.1
    figure = removed_rain(rainy, derained, clean)
    taken, rain = (axis.images[0] for axis in figure.axes[:2])
    assert taken.get_array()[7, 3] == pytest.approx(25.5) and rain.get_array()[7, 3] == pytest.approx(102)
    assert taken.get_clim() == rain.get_clim() == pytest.approx((-102, 102))
    alone = removed_rain(rainy, rainy)
    assert alone.axes[0].images[0].get_clim() == (-1, 1) and len(alone.axes) == 2
    plt.close("all")


def test_where_nothing_can_be_written_is_said_before_the_network_runs(photo, monkeypatch):
    """Only if the result is to be saved."""

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(photo), "touch", refuse)  # the superuser may write everywhere
    given = {"photo": str(photo), "save": True}
    with pytest.raises(PermissionError, match="cannot be written .Permission denied.*street-derained.png"):
        your_photo.check_photo(namespace(**given))
    your_photo.check_photo(namespace(photo=str(photo)))
    monkeypatch.undo()
    your_photo.check_photo(namespace(**given))
    assert [path.name for path in photo.parent.iterdir()] == ["street.png"]
