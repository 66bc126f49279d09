"""Scores of photos without truth: measured by the right rulers, kept once, compared with the lower one as the better."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from rainmer_lib.data import layouts, photos, registry
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired import UnpairedRain
from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.translation import Generator
from rainmer_lib.experiments import real_comparison, real_rain
from rainmer_lib.experiments.compare import Run
from rainmer_lib.experiments.profiles import profile
from rainmer_lib.experiments.real_comparison import RealComparison, changes, check_lower, quality_table
from rainmer_lib.experiments.real_rain import STAND_IN, blurred, quality_of_input, quality_of_run, real_sets, rulers
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.niqe import niqe, niqe_parameters
from rainmer_lib.training.run import RunFolder, RunIdentity
from rainmer_lib.workflow.parameters import Settings


@pytest.fixture(scope="module")
def data():
    photo = photos.load_photo("sklearn/china.jpg")
    crops = {"left": photo[100:300, :200], "right": photo[100:300, 300:500]}
    return UnpairedRain("embedded", [], [], [], [Pair(name, crop, crop) for name, crop in crops.items()], "")


class Fixed(Run):
    """A run whose network is given."""

    def generator(self):
        torch.manual_seed(0)
        return Generator(4, 1, antialias=False, global_residual=True).eval()


@pytest.fixture
def run(tmp_path):
    config = DCDGANConfig()
    return Fixed("ours", 2, config, RunFolder(tmp_path, RunIdentity("dcdgan", config, "", 1)))


def test_with_embedded_data_nothing_else_is_needed(data, tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    assert real_sets(data) == (STAND_IN,) and rulers(data).metrics == ("niqe",)
    table = quality_of_input(STAND_IN, data)
    expected = [niqe(pair.rainy, niqe_parameters("refit")) for pair in data.held_out]
    assert table.niqe.tolist() == expected and table.image.tolist() == ["left", "right"]
    assert set(table.method) == {"input"} and set(table.seed) == {-1}


def test_real_photos_ask_for_what_is_missing(data, tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    real = UnpairedRain("bsd-streaks", [], [], [], [], "")
    with pytest.raises(FileNotFoundError, match="Real147.*is not there"):
        real_sets(real)
    with pytest.raises(FileNotFoundError, match="niqe_pris_params"):
        rulers(real)
    (tmp_path / "MWD_rain41" / "images").mkdir(parents=True)
    with pytest.raises(ValueError, match="expected 41 photos, found 0"):
        real_rain.photos("mwd", real)


def test_the_control_is_a_gaussian(data):
    image, sigma = data.held_out[0].rainy, 1.0
    taps = [math.exp(-(k**2) / (2 * sigma**2)) for k in range(-4, 5)]
    y, x = 50, 60
    total = sum(
        a * b * image[y + i - 4, x + j - 4].astype(float) for i, a in enumerate(taps) for j, b in enumerate(taps)
    ) / sum(taps) ** 2
    assert blurred(image, sigma)[y, x].tolist() == np.floor(total + 0.5).astype(int).tolist()
    control = quality_of_input(STAND_IN, data, blur=sigma)
    assert set(control.method) == {"blurred input"} and (control.niqe != quality_of_input(STAND_IN, data).niqe).all()


def test_a_run_is_measured_once_on_rounded_outputs(data, run, monkeypatch):
    table = quality_of_run(run, STAND_IN, data)
    output = np.floor(derain(run.generator(), data.held_out[1].rainy).astype(np.float64) * 255 + 0.5).astype(np.uint8)
    assert table.niqe[1] == pytest.approx(niqe(output, niqe_parameters("refit")), abs=1e-6)
    assert set(zip(table.method, table.seed, table.test_set, strict=True)) == {("ours", 2, STAND_IN)}
    monkeypatch.setattr(Fixed, "generator", lambda self: pytest.fail("measured twice"))
    assert quality_of_run(run, STAND_IN, data).equals(table)


def test_a_photo_that_cannot_be_measured_is_named(data):
    with pytest.raises(ValueError, match="tiny: NIQE needs two blocks"):
        real_rain.quality([("tiny", data.held_out[0].rainy[:90])], rulers(data))


def means(**by_method):
    rows = [(m, s, v, 10 * v) for m, values in by_method.items() for s, v in values.items()]
    return pd.DataFrame(rows, columns=["method", "seed", "niqe", "brisque"]).assign(test_set="mwd")


def test_lower_is_better():
    table = means(ours={0: 3.0, 1: 3.1, 2: 3.2}, other={0: 4.0, 1: 4.2, 2: 4.4}, input={-1: 3.5})
    found = check_lower(table, [("ours", "other"), ("other", "input"), ("ours", "absent")])
    assert found[["metric", "better", "worse", "verdict"]].to_numpy().tolist() == [
        ["niqe", "ours", "other", "seen"], ["niqe", "other", "input", "not seen"],
        ["brisque", "ours", "other", "seen"], ["brisque", "other", "input", "not seen"],
    ]  # fmt: skip
    assert found.difference[0] == pytest.approx(1.1) and found.difference[3] == pytest.approx(-7)


def test_changes_and_table():
    table = means(**{"ours": {0: 3.0, 1: 4.0}, "input": {-1: 3.5}, "blurred input": {-1: 5.0}})
    assert changes(table).set_index(["method", "seed"]).niqe.to_dict() == {
        ("ours", 0): -0.5, ("ours", 1): 0.5, ("blurred input", -1): 1.5,
    }  # fmt: skip
    shown = quality_table(table, ["ours", "PReNet"])[("mwd", "NIQE")]
    assert shown.to_dict() == {"input": "3.500", "blurred input": "5.000", "ours": "3.500 ± 0.707", "PReNet": "not run"}


def test_means_and_shown_photos(data, run, monkeypatch):
    settings = Settings(profile("quick"), data, 1, (STAND_IN,), {})
    scores = pd.concat([quality_of_run(run, STAND_IN, data), quality_of_input(STAND_IN, data)])
    comparison = RealComparison([Fixed(run.method, 0, run.config, run.folder)], scores, settings)
    row = comparison.means().query("method == 'ours'").iloc[0]
    assert row.niqe == scores.niqe[scores.method == "ours"].mean() and row.images == 2
    monkeypatch.setattr(real_comparison, "SHOWN", {STAND_IN: ("right",)})
    (test_set, name, images), = real_comparison.shown_photos(comparison)
    assert (test_set, name) == ("rendered", "right") and list(images) == ["rainy", "blurred input", "ours", "dcdgan-small"]
    labels = real_comparison.captions(images, data)
    assert labels["rainy"] == f"NIQE {niqe(data.held_out[1].rainy, niqe_parameters('refit')):.1f}"


@pytest.mark.data
def test_every_real_photo_is_large_enough_and_the_shown_ones_are_there():
    for name in real_rain.REAL_SETS:
        entries = registry.lookup(name)[1].listing().entries
        for entry in entries:
            with Image.open(entry.rainy) as image:
                assert (image.width // 96) * (image.height // 96) >= 2, f"{name}: NIQE cannot measure {entry.name}"
        assert set(real_comparison.SHOWN[name]) <= {entry.name for entry in entries}


@pytest.mark.data
def test_real_photos_are_measured_by_the_releases():
    real = UnpairedRain("bsd-streaks", [], [], [], [], "")
    measured_by = rulers(real)
    assert measured_by.metrics == ("niqe", "brisque") and measured_by.niqe.source == "release"
    name, image = next(real_rain.photos("mwd", real))
    entry = registry.lookup("mwd")[1].listing().entries[0]
    assert name == entry.name and np.array_equal(image, layouts.read(entry)[0])
    assert real_rain.quality([(name, image)], measured_by).shape == (1, 3)
