"""Windows to enlarge: the one with the most rain, and the one in which streaks are seen best."""

import numpy as np
import torch

from rainmer_lib.data.batches import PairedBatch
from rainmer_lib.plots import panels


def scene():
    """A smooth left half, a rough right half; strong streaks at the right, weaker ones at the left, haze at the lower left."""
    clean = np.full((80, 120, 3), 100.0)
    clean[:, 60:] += np.random.default_rng(0).normal(0, 30, (80, 60, 1))
    rainy = clean.copy()
    rainy[5:25, 10:30:4] += 60
    rainy[5:25, 90:110:4] += 90
    y, x = np.mgrid[:80, :120]
    rainy += 70 * np.exp(-((y - 65) ** 2 + (x - 20) ** 2) / (2 * 20**2))[..., None]
    return np.clip(rainy, 0, 255).astype(np.uint8), np.clip(clean, 0, 255).astype(np.uint8)


def test_streaks_are_shown_where_the_photo_is_smooth_and_haze_counts_for_nothing():
    rainy, clean = scene()
    top, left, size = panels.streak_box(rainy, clean, 20)
    assert size == 20 and abs(top - 5) <= 2 and abs(left - 10) <= 4
    assert panels.streak_box(rainy / 255, clean / 255, 20) == (top, left, size), "floats too"
    assert panels.busiest_box(rainy, clean, 20)[0] >= 45, "most light is in the haze"


def test_the_box_lies_in_the_image_at_every_size():
    rainy, clean = scene()
    for size in (1, 33, 80):
        top, left, _ = panels.streak_box(rainy, clean, size)
        assert 0 <= top <= 80 - size and 0 <= left <= 120 - size


def test_a_pair_stands_side_by_side():
    rainy, clean = torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4)
    figure = panels.pair_grid({"day": PairedBatch(rainy, clean, rainy, clean)})
    assert [float(axis.images[0].get_array().mean()) for axis in figure.axes] == [0, 1, 0, 1]
    assert figure.axes[0].get_ylabel() == "day"
