"""Light rain: lighter by day than the domains of the tables, dry photos as they are, and nothing of it by chance."""

import numpy as np
import pytest

from rainmer_lib.data import light_rain as module
from rainmer_lib.data import weather
from rainmer_lib.data.light_rain import RECIPE, RENDERERS, dry, light, light_rain, varied
from rainmer_lib.data.unpaired import embedded

DRAWN = {1: [0.411849, 0.378671]}  # means of rendered pairs; a change on purpose raises RECIPE and renews them


@pytest.fixture(scope="module")
def source():
    return embedded()


@pytest.fixture(scope="module")
def made(source):
    return light_rain(source, images=4, view=32)


def brightening(render, layers, seeds=40):
    """Mean of what a renderer adds to a grey photo, image by image."""
    photo = np.full((60, 80, 3), 100, np.uint8)
    pairs = [render(photo, layers, np.random.default_rng(seed)) for seed in range(seeds)]
    return np.array([rainy.astype(float).mean() - clean.mean() for rainy, clean in pairs])


def test_sizes_and_photos(made, source):
    """As many pairs as their sizes say, on the photos for training alone."""
    assert {domain.name: len(domain.pairs) for domain in made} == {name: int(4 * size) for name, (_, size) in RENDERERS.items()}
    photos = [photo.tobytes() for photo in (*source.rainy_photos, *source.clean_photos)]
    for domain in made:
        assert domain.view == 32 and [photo.tobytes() for photo in domain.pairs.photos] == photos


def test_rain_by_day_is_lighter_and_dry_is_dry(source):
    """Four fifths of the images have less than the day of the tables; the rest has as much."""
    photo, layers = np.full((60, 80, 3), 100, np.uint8), source.layers
    added = {render: brightening(render, layers) for render in (light, varied, weather.day, dry)}
    assert 0 < added[light].mean() < added[varied].mean() < 0.75 * added[weather.day].mean()
    assert (added[dry] == 0).all()
    heavy = [seed for seed in range(40) if np.random.default_rng(seed).random() >= module.LIGHT]
    assert 2 <= len(heavy) <= 14
    for seed in heavy:
        rng = np.random.default_rng(seed)
        rng.random()
        expected = weather.day(photo, layers, rng)[0]
        assert (varied(photo, layers, np.random.default_rng(seed))[0] == expected).all()


def test_a_change_of_rendered_pixels_asks_for_a_new_recipe(made, source, monkeypatch):
    pairs = [domain.pairs[0] for domain in made]
    means = [np.mean([getattr(pair, side).mean() for pair in pairs]) / 255 for side in ("rainy", "clean")]
    assert means == pytest.approx(DRAWN[RECIPE], abs=2e-5)
    before = [domain.fingerprint for domain in made]
    assert before == [domain.fingerprint for domain in light_rain(source, 4, 32)] and len(set(before)) == len(before)
    monkeypatch.setattr(module, "RECIPE", RECIPE + 1)
    assert not set(before) & {domain.fingerprint for domain in light_rain(source, 4, 32)}
