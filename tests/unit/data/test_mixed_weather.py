"""Mixed weather: all domains on the training photos, light rain and dry photos later, and nothing of it by chance."""

import numpy as np
import pytest
import torch

from rainmer_lib.data import mixed_weather as module
from rainmer_lib.data import weather
from rainmer_lib.data.mixed_weather import EARLY, LATE, RECIPE, day, dry, light, mixed_weather
from rainmer_lib.data.unpaired import embedded

DRAWN = {1: [0.376837, 0.339667]}  # means of rendered pairs; a change on purpose raises RECIPE and renews them


@pytest.fixture(scope="module")
def source():
    return embedded()


@pytest.fixture(scope="module")
def made(source):
    return mixed_weather(source, images=4, view=32, early=3)


def brightening(render, layers, seeds=40):
    """Mean of what a renderer adds to a grey photo, image by image."""
    photo = np.full((60, 80, 3), 100, np.uint8)
    pairs = [render(photo, layers, np.random.default_rng(seed)) for seed in range(seeds)]
    return np.array([rainy.astype(float).mean() - clean.mean() for rainy, clean in pairs])


def test_sizes_and_held_out_pairs(made):
    sizes = {domain.name: len(domain.pairs) for domain in made.every.domains}
    assert sizes == {name: int(4 * size) for name, (_, size) in (EARLY | LATE).items()}
    assert [domain.name for domain in made.first.domains] == list(EARLY)
    assert set(made.held_out) == {"day", "haze", "night", "light"}
    photos = {pair.clean.tobytes() for domain in made.first.domains[:1] for pair in domain.pairs}
    held = {pair.clean.tobytes() for pair in made.held_out["day"]}
    assert held and not photos & held


def test_light_rain_and_dry_photos_come_late(made):
    """The batches of the first steps are those of three domains alone, and every batch is a function of seed and step."""
    for step in (1, 3, 4, 9):
        of = made.first if step <= 3 else made.every
        assert torch.equal(made.batch(step, 3, 32, 5).rainy, of.batch(step, 3, 32, 5).rainy)
    assert not torch.equal(made.first.batch(4, 8, 32, 5).rainy, made.every.batch(4, 8, 32, 5).rainy)


def test_rain_by_day_is_lighter_and_dry_is_dry(source):
    """Four fifths of the images have less than the day of the tables; the rest has as much."""
    photo, layers = np.full((60, 80, 3), 100, np.uint8), source.layers
    added = {render: brightening(render, layers) for render in (light, day, weather.day, dry)}
    assert 0 < added[light].mean() < added[day].mean() < 0.75 * added[weather.day].mean()
    assert (added[dry] == 0).all()
    heavy = [seed for seed in range(40) if np.random.default_rng(seed).random() >= module.LIGHT]
    assert 2 <= len(heavy) <= 14
    for seed in heavy:
        rng = np.random.default_rng(seed)
        rng.random()
        expected = weather.day(photo, layers, rng)[0]
        assert (day(photo, layers, np.random.default_rng(seed))[0] == expected).all()


def test_a_change_of_rendered_pixels_asks_for_a_new_recipe(made, source, monkeypatch):
    pairs = [pair for domain in made.every.domains for pair in domain.pairs[:2]]
    means = [np.mean([getattr(pair, side).mean() for pair in pairs]) / 255 for side in ("rainy", "clean")]
    assert means == pytest.approx(DRAWN[RECIPE], abs=2e-5)
    monkeypatch.setattr(module, "RECIPE", RECIPE + 1)
    assert mixed_weather(source, 4, 32, 3, keep=False).fingerprint != made.fingerprint


def test_the_fingerprint_is_that_of_the_batches(made, source):
    """Equal whether the pairs are kept in memory or not; another one where the first stage is longer."""
    assert mixed_weather(source, 4, 32, 3, keep=False).fingerprint == made.fingerprint
    assert mixed_weather(source, 4, 32, 4, keep=False).fingerprint != made.fingerprint
