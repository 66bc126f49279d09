"""Whoever looks on changes nothing: contact sheets, event files and the record of the files."""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from rainmer_lib.data.unpaired_photos import UnpairedPhotos
from rainmer_lib.experiments import watching
from rainmer_lib.experiments.watching import EVENTS, SHEET, Sheets, event_writer, shown_of
from rainmer_lib.methods import METHODS
from rainmer_lib.training.loop import train
from rainmer_lib.training.run import RunFolder

METHOD = METHODS["dcdgan"]


@pytest.fixture
def source(streaked):
    photos = [streaked.rainy_photos[0]]
    record = {"rainy": {"source": "a", "files": {"x.png": "1"}}}
    return UnpairedPhotos("own", photos, photos[::-1], [], streaked.held_out, "f" * 16, record=record)


def folder_of(root, config):
    return RunFolder(root, METHOD.identity(config, "f" * 16))


def trained(root, config, data, look=None):
    folder = folder_of(root, config)
    train(METHOD.start, config, data, folder, log_every=2, save_every=4, say=None, watch=look(folder) if look else None)
    return folder


@pytest.mark.slow
def test_a_run_that_is_watched_ends_with_the_same_bits(tiny, source, tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "EVERY", 0)
    alone = trained(tmp_path / "alone", tiny, source)
    drawn = []

    class Counted(Sheets):
        def __init__(self, *arguments):
            super().__init__(*arguments, every=0)

        def draw(self, trainer, title):
            drawn.append(title)
            super().draw(trainer, title)

    monkeypatch.setattr(watching, "Sheets", Counted)
    watched = trained(tmp_path / "watched", tiny, source, watching.watching(METHOD, source, tensorboard=False))
    for name in ("derain", "rerain"):
        one, two = (load_file(folder.path / f"{name}.safetensors") for folder in (alone, watched))
        assert all(torch.equal(one[key], two[key]) for key in one)
    assert alone.read_log() == watched.read_log() and len(drawn) == len(watched.read_log()) == 4
    assert drawn[-1] == f"{watched.identity.key}, step 8 of 8"
    sheet = np.asarray(Image.open(watched.path / SHEET))
    assert sheet.shape[1] > 900 and sheet.std() > 10
    stored = json.loads((watched.path / "data.json").read_text())
    assert stored["name"] == "own" and stored["rainy"]["files"] == {"x.png": "1"} and stored["summary"]["rainy photos"] == 1


def test_drawing_leaves_the_random_state_as_it_is(tiny, source, tmp_path):
    """A network is built for the sheet, with random weights at first."""
    trainer = METHOD.start(tiny, "cpu")
    before = torch.get_rng_state()
    Sheets(folder_of(tmp_path, tiny), METHOD, shown_of(source)).draw(trainer, "now")
    assert torch.equal(torch.get_rng_state(), before)


def test_the_sheet_comes_every_few_minutes_and_at_the_end(tiny, tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: now[0]))
    sheets, drawn = Sheets(folder_of(tmp_path, tiny), METHOD, {"a": np.zeros((8, 8, 3), np.uint8)}, every=100), []
    monkeypatch.setattr(sheets, "draw", lambda trainer, title: drawn.append((now[0], title.split()[2])))
    for step, time in ((1, 50), (2, 101), (3, 150), (4, 202), (8, 210)):
        now[0] = float(time)
        sheets(None, {"step": step})
    assert drawn == [(101, "2"), (202, "4"), (210, "8")]
    without = Sheets(folder_of(tmp_path, tiny), METHOD, {}, every=0)
    without(None, {"step": 8})
    assert not (tmp_path / SHEET).exists()


class Writer:
    """Stands for TensorBoard's writer."""

    made = []

    def __init__(self, folder, purge_step):
        self.folder, self.purge_step, self.values = folder, purge_step, []
        self.made.append(self)

    def add_scalar(self, name, value, step):
        self.values.append((step, name, value))

    def flush(self):
        pass


def test_event_files_hold_the_log(tiny, source, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=Writer))
    monkeypatch.setattr(Writer, "made", [])
    config = replace(tiny, steps=4)
    folder = trained(tmp_path, config, source, watching.watching(METHOD, source, tensorboard=True))
    (writer,) = Writer.made
    assert writer.folder == str(folder.path / EVENTS) and writer.purge_step == 2
    expected = [(e["step"], name, value) for e in folder.read_log() for name, value in e.items() if name != "step"]
    assert writer.values == expected and len(expected) > 8


def test_without_tensorboard_it_says_how_to_install_it(monkeypatch, source):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ValueError, match="pip install \"rainmer.tensorboard.\""):
        event_writer()
    with pytest.raises(ValueError, match="needs the package tensorboard"):
        watching.watching(METHOD, source, tensorboard=True)


def test_held_out_photos_are_shown_where_a_set_names_none(source, streaked):
    assert list(shown_of(source)) == ["held"] and list(shown_of(streaked)) == ["held"]
    assert list(shown_of(replace(source, shown={"other": streaked.rainy_photos[0]}))) == ["other"]
