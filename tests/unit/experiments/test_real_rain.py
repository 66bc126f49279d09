"""Scores of photos without truth: measured by the right metrics, kept once, beside those of a blurred control."""

import math

import numpy as np
import pytest
from PIL import Image

from rainmer_lib.data import layouts, registry
from rainmer_lib.data.real_photos import real147
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.experiments import real_rain
from rainmer_lib.experiments.real_rain import STAND_IN, blurred, metrics_of, quality_of_input, quality_of_run, real_sets
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.niqe import niqe, niqe_parameters


@pytest.fixture
def run(given_run, generator):
    return given_run("ours", 2, generator)


def test_with_embedded_data_nothing_else_is_needed(two_crops, tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    assert real_sets(two_crops) == (STAND_IN,) and metrics_of(two_crops).metrics == ("niqe",)
    table = quality_of_input(STAND_IN, two_crops)
    expected = [niqe(pair.rainy, niqe_parameters("refit")) for pair in two_crops.held_out]
    assert table.niqe.tolist() == expected and table.image.tolist() == ["left", "right"]
    assert set(table.method) == {"input"} and set(table.seed) == {-1}


def test_real_photos_ask_for_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    real = UnpairedRain("bsd-streaks", [], [], [], [], "")
    with pytest.raises(FileNotFoundError, match="Real147.*is not there"):
        real_sets(real)
    with pytest.raises(FileNotFoundError, match="niqe_pris_params"):
        metrics_of(real)
    (tmp_path / "MWD_rain41" / "images").mkdir(parents=True)
    with pytest.raises(ValueError, match="expected 41 photos, found 0"):
        real_rain.photos("mwd", real)


def test_the_control_is_a_gaussian(two_crops):
    image, sigma = two_crops.held_out[0].rainy, 1.0
    taps = [math.exp(-(k**2) / (2 * sigma**2)) for k in range(-4, 5)]
    y, x = 50, 60
    total = sum(
        a * b * image[y + i - 4, x + j - 4].astype(float) for i, a in enumerate(taps) for j, b in enumerate(taps)
    ) / sum(taps) ** 2
    assert blurred(image, sigma)[y, x].tolist() == np.floor(total + 0.5).astype(int).tolist()
    control = quality_of_input(STAND_IN, two_crops, blur=sigma)
    assert set(control.method) == {"blurred input"} and (control.niqe != quality_of_input(STAND_IN, two_crops).niqe).all()


def test_a_run_is_measured_once_on_rounded_outputs(two_crops, run):
    table = quality_of_run(run, STAND_IN, two_crops)
    output = np.floor(derain(run.given, two_crops.held_out[1].rainy).astype(np.float64) * 255 + 0.5).astype(np.uint8)
    assert table.niqe[1] == pytest.approx(niqe(output, niqe_parameters("refit")), abs=1e-6)
    assert set(zip(table.method, table.seed, table.test_set, strict=True)) == {("ours", 2, STAND_IN)}
    assert quality_of_run(run, STAND_IN, two_crops).equals(table)
    assert len(run.asked) == 1, "measured twice"


def test_a_photo_that_cannot_be_measured_is_named(two_crops):
    with pytest.raises(ValueError, match="tiny: NIQE needs two blocks"):
        real_rain.quality([("tiny", two_crops.held_out[0].rainy[:90])], metrics_of(two_crops))


@pytest.mark.data
def test_every_real_photo_is_large_enough():
    for name in real_rain.REAL_SETS.values():
        for entry in registry.lookup(name)[1].listing().entries:
            with Image.open(entry.rainy) as image:
                assert (image.width // 96) * (image.height // 96) >= 2, f"{name}: NIQE cannot measure {entry.name}"


@pytest.mark.data
def test_no_method_saw_the_photos_of_real147_that_are_measured():
    seen, kept = real147()
    measured = real_rain.names(real_rain.KEPT, None)
    assert sorted(measured) == sorted(kept) and not set(measured) & set(seen)
    assert sorted(real_rain.names("real147", None)) == sorted({*seen, *kept})
    name, image = next(real_rain.photos(real_rain.KEPT, None))
    assert name == measured[0] and np.array_equal(image, layouts.read_rgb(kept[name]))


@pytest.mark.data
def test_real_photos_are_measured_by_the_releases():
    real = UnpairedRain("bsd-streaks", [], [], [], [], "")
    measured_by = metrics_of(real)
    assert measured_by.metrics == ("niqe", "brisque") and measured_by.niqe.source == "release"
    name, image = next(real_rain.photos("mwd", real))
    entry = registry.lookup("mwd")[1].listing().entries[0]
    assert name == entry.name and np.array_equal(image, layouts.read(entry)[0])
    assert real_rain.quality([(name, image)], measured_by).shape == (1, 3)
