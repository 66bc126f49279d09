"""Tools of the walkthrough on methods before networks, against what is known by construction."""

import numpy as np
import pytest
import torch

from rainmer_lib.baselines.gmm import Mixture
from rainmer_lib.data import photos
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.teaching import priors


@pytest.fixture
def derained_by_functions(monkeypatch):
    """In place of networks: functions of an image in [0, 1]."""
    monkeypatch.setattr(priors, "derain", lambda function, image: function(image / 255))


def removes(plane):
    return lambda image: image - plane[..., None]


def test_scenes_are_photos_under_one_rain_that_only_brightens():
    found = priors.scenes(seed=1)
    assert list(found) == list(priors.SCENES)
    for pair in found.values():
        assert pair.rainy.shape == pair.clean.shape == (*priors.SIDE, 3) and pair.rainy.dtype == np.uint8
        assert (pair.rainy.astype(int) >= pair.clean).all() and (pair.rainy > pair.clean).any()
    photo, (top, left) = priors.SCENES["rocket"]
    clean = photos.load_photo(photo)[top : top + priors.SIDE[0], left : left + priors.SIDE[1]]
    assert np.array_equal(found["rocket"].clean, clean)
    assert not np.array_equal(priors.scenes(2)["rocket"].rainy, found["rocket"].rainy)


def data_of(rainy, clean):
    layers = [np.random.default_rng(0).integers(0, 90, (40, 40), np.uint8)]
    return UnpairedRain("tiny", rainy, clean, layers, [], "fingerprint")


def noise(seed):
    return np.random.default_rng(seed).integers(0, 255, (40, 40, 3), np.uint8)


def test_no_scene_is_fitted_on(monkeypatch):
    named = {file: noise(seed) for seed, file in enumerate(photos.RAINY)}
    monkeypatch.setattr(priors, "embedded", lambda: data_of(list(named.values()), [noise(9)]))
    used = priors.photos_to_fit().rainy_photos
    scenes = {photo for photo, _ in priors.SCENES.values()}
    assert scenes & set(named) and not scenes & set(photos.CLEAN)
    expected = [photo for file, photo in named.items() if file not in scenes]
    assert len(used) == 2 and np.array_equal(used, expected)


@pytest.mark.parametrize("name", ["dsc", "gmm"])
def test_every_step_of_a_fit_counts(name, monkeypatch):
    small = {"patches": 200, "batch": 1, "crop": 32, **({"atoms": 8, "rain_atoms": 4} if name == "dsc" else {"components": 2})}
    monkeypatch.setitem(priors.SMALL, name, {**priors.SMALL[name], **small})
    one, two, again = (priors.fitted(name, data_of([noise(0)], [noise(1)]), steps) for steps in (1, 2, 2))
    pairs = zip(one.state_dict().values(), two.state_dict().values(), again.state_dict().values(), strict=True)
    assert all(not torch.equal(a, b) and torch.equal(b, c) for a, b, c in pairs)
    assert not one.training and one.config.patches == 200


def test_the_first_directions_are_those_of_the_largest_gaussians():
    small, large = torch.diag(torch.tensor([0.01, 0.04, 0.0])), torch.diag(torch.tensor([0.25, 0.0, 0.09]))
    vectors, texts = priors.leading(Mixture(torch.tensor([0.2, 0.8]), torch.stack([small, large])), 2, 2)
    assert vectors.abs().argmax(1).tolist() == [0, 2, 1, 0], "of the large one first, by falling variance"
    assert texts == [f"80 %, {255 * 0.5:.0f}", f"20 %, {255 * 0.2:.0f}"]
    vectors, texts = priors.leading(Mixture(torch.tensor([0.2, 0.8]), torch.stack([small, large])), 1, 1)
    assert vectors.shape == (1, 3) and len(texts) == 1


def test_a_wall_is_plain_at_the_left_and_has_lines_at_the_right():
    upright, level = priors.wall(0, 1), priors.wall(90, 1)
    middle = priors.SIDE[1] // 2
    assert not upright.lines[:, : middle + 1].any() and upright.lines.max() == pytest.approx(priors.BRIGHT, rel=0.01)
    assert np.ptp(upright.lines, axis=0).max() < 1e-9 < np.ptp(upright.lines[:, middle + 1 :], axis=1).max()
    assert np.ptp(level.lines[:, middle + 1 :], axis=1).max() < 1e-9
    where = np.flatnonzero(upright.lines[0] > 0.95 * priors.BRIGHT)
    assert set(np.diff(where)) == {priors.PITCH}
    assert (upright.rain > -1e-9).all() and upright.rain.max() > 0.1


def test_shares_are_those_that_a_network_removes(derained_by_functions):
    image = priors.wall(30, 1)
    for lines, rain in ((0.0, 1.0), (0.7, 0.2), (0.0, 0.0)):
        found = priors.shares_removed(removes(lines * image.lines + rain * image.rain), image)
        assert (found["lines"], found["rain"]) == pytest.approx((lines, rain), abs=0.02)
    assert priors.shares_removed(removes(np.full(priors.SIDE, 0.1)), image)["lines"] == pytest.approx(0, abs=0.02)


def test_each_network_meets_each_angle(derained_by_functions):
    networks = {name: removes(np.zeros(priors.SIDE)) for name in ("a", "b")}
    table = priors.removed_by_angle(networks, (0, 90), seed=1)
    assert table[["method", "angle"]].to_numpy().tolist() == [["a", 0], ["a", 90], ["b", 0], ["b", 90]]
    assert np.allclose(table[["lines", "rain"]], 0, atol=1e-6)
