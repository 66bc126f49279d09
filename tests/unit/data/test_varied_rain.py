"""Varied rain: grey layers of many sizes, directions and strengths, some crops dry, and nothing of it from outside a layer."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rainmer_lib.data import varied_rain
from rainmer_lib.data.unpaired import embedded
from rainmer_lib.data.varied_rain import DRY, RECIPE, SCREENED, VariedRain, varied

DRAWN = {1: [0.48958, 0.444493]}  # means of a batch; a change on purpose raises RECIPE and renews them


@pytest.fixture(scope="module")
def made():
    return varied(embedded())


@pytest.fixture
def flat():
    """One grey photo under one layer of constant brightness, 64 pixels a side."""
    return VariedRain("flat", [np.full((64, 64, 3), 100, np.uint8)], [], [np.full((64, 64), 50, np.uint8)], [], "")


def test_it_has_all_training_photos_and_layers_of_both_kinds(made):
    base = embedded()
    assert len(made.rainy_photos) == len(base.rainy_photos) + len(base.clean_photos) and made.held_out[0].name == "china-left-0"
    assert len(made.layers) == len(base.layers) + sum(varied_rain.RENDERED.values())
    assert made.fingerprint not in ("", base.fingerprint)


def test_a_batch_is_a_function_of_seed_and_step(made):
    one, same, other = (made.paired_batch(step, 2, 32, 0) for step in (7, 7, 8))
    assert torch.equal(one.rainy, same.rainy) and not torch.equal(one.rainy, other.rainy)
    assert one.rainy.min() >= 0 and one.rainy.max() <= 1


def test_a_change_of_drawn_crops_asks_for_a_new_recipe(made, monkeypatch):
    means = [images.mean().item() for images in made.paired_batch(step=3, size=8, crop=48, seed=1)]
    assert means == pytest.approx(DRAWN[RECIPE], abs=2e-5)
    monkeypatch.setattr(varied_rain, "RENDERED", {"rain100l": 1})
    before = varied(embedded()).fingerprint
    monkeypatch.setattr(varied_rain, "RECIPE", RECIPE + 1)
    assert varied(embedded()).fingerprint != before


def test_a_window_lies_within_its_layer(flat):
    """A layer of constant brightness gives constant windows, whatever the rotation and the enlargement: no border shows."""
    small = replace(flat, layers=[np.full((160, 160), 50, np.uint8)])
    rng = np.random.default_rng(0)
    assert all((small._layer(32, rng) == 50).all() for _ in range(300))


def test_a_window_is_the_rotated_and_enlarged_layer():
    """Bilinear sampling of a ramp is exact: the slopes of two ramps in one window are those of a rotation, scaled."""
    ramp = np.broadcast_to(np.arange(200, dtype=np.uint8), (200, 200)).copy()
    for seed in range(20):
        slopes = []
        for layer in (ramp, ramp.T.copy()):
            window = VariedRain("ramp", [], [], [layer], [], "")._layer(24, np.random.default_rng(seed))
            slopes.append([np.diff(window, axis=1).mean(), np.diff(window, axis=0).mean()])
        slopes = np.array(slopes)
        square = slopes @ slopes.T  # of a scaled rotation: s^2 times the unit matrix
        assert np.allclose(square, square.trace() / 2 * np.eye(2), atol=0.08 * square.max())
        low, high = varied_rain.ENLARGEMENT
        assert 0.98 * low < 1 / np.sqrt(square[0, 0]) < 1.02 * high


def test_shares_of_dry_and_of_covered_crops(flat):
    """On a constant photo under a constant layer, each kind of crop is recognised by its values."""
    rain = [flat._rained_on(8, np.random.default_rng(seed)) for seed in range(800)]
    dry = np.mean([(rainy == clean).all() for rainy, clean in rain])
    assert dry == pytest.approx(DRY, abs=0.04)
    assert all((rainy >= clean - 1e-3).all() for rainy, clean in rain), "rain brightens"
    assert all(np.ptp(rainy, axis=2).max() < 1e-3 for rainy, _ in rain), "grey rain on grey stays grey"


def test_covering_rain_follows_the_screen(monkeypatch, flat):
    """O = 1 - (1 - B)(1 - S) where it covers, O = B + S where it is added, for the same drawn S."""
    monkeypatch.setattr(varied_rain, "DRY", 0.0)
    monkeypatch.setattr(varied_rain, "PLAIN", 0.0)
    found = {}
    for name, share in {"added": 0.0, "covered": 1.0}.items():
        monkeypatch.setattr(varied_rain, "SCREENED", share)
        found[name] = flat._rained_on(8, np.random.default_rng(5))[0]
    streaks = found["added"] - 100
    assert streaks.min() > 0 and found["added"].max() < 255
    np.testing.assert_allclose(found["covered"], 255 - 155 * (1 - streaks / 255), rtol=1e-6)
    assert 0 < SCREENED < 1
