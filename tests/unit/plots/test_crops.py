"""Crops of compared methods: windows are the same part of every image."""

import numpy as np
import pytest

from rainmer_lib.plots.crops import FEW, most_changed, streak_windows, window_grid
from rainmer_lib.plots.panels import streak_box
from rainmer_lib.plots.style import WIDTH


def gradient(offset):
    y, x = np.mgrid[:40, :60]
    return np.stack([y + offset, x, x * 0], axis=2).astype(np.uint8)


def test_windows_are_one_place_of_every_image():
    images = {"rainy": gradient(0), "ours": gradient(5), "clean": gradient(9)}
    figure = window_grid(images, (3, 20, 10), {"ours": "31.00 dB"}, ("rainy", "clean"), "title")
    panels = {axis.get_title(): np.asarray(axis.images[0].get_array()) for axis in figure.axes}
    assert np.array_equal(panels["rainy\nwhole"], images["rainy"]) and np.array_equal(panels["clean\nwhole"], images["clean"])
    assert np.array_equal(panels["ours\n31.00 dB"], images["ours"][3:13, 20:30])
    assert np.array_equal(panels["rainy\n"], images["rainy"][3:13, 20:30])
    frame = figure.axes[0].patches[0]
    assert (frame.get_x(), frame.get_y(), frame.get_width(), frame.get_height()) == (20, 3, 10, 10)


def test_what_does_not_fit_is_refused():
    images = {"rainy": gradient(0), "clean": gradient(1)}
    with pytest.raises(ValueError, match="no image ours among rainy, clean"):
        window_grid(images, (0, 0, 9), {}, ("rainy", "ours"))
    with pytest.raises(ValueError, match="box in them"):
        window_grid(images, (31, 0, 10), {}, ("rainy", "clean"))
    with pytest.raises(ValueError, match="images of one size"):
        window_grid(images | {"b": gradient(0)[1:]}, (0, 0, 9), {}, ("rainy", "clean"))


def test_the_most_changed_window_equals_the_search():
    rng = np.random.default_rng(0)
    rainy, *outputs = (rng.integers(0, 255, (12, 14, 3), np.uint8) for _ in range(3))
    change = np.abs(rainy.astype(float) - (outputs[0].astype(float) + outputs[1]) / 2).sum(axis=2)
    totals = {(y, x): change[y : y + 5, x : x + 5].sum() for y in range(8) for x in range(10)}
    assert most_changed(rainy, outputs, 5) == (*max(totals, key=totals.get), 5)


def test_the_streakiest_window_is_enlarged_in_a_row_or_in_a_grid_that_fits_a_page():
    rng = np.random.default_rng(0)
    few = {name: rng.integers(0, 256, (40, 60, 3), dtype=np.uint8) for name in ("rainy", "a", "b", "clean")}
    top, left, size = streak_box(few["rainy"], few["clean"], 16)
    for images in (few, few | {"c": few["a"]}):
        figure = streak_windows(images, {"a": "31.00 dB"}, "title", size=16)
        shown = [np.asarray(axis.images[0].get_array()) for axis in figure.axes]
        window = few["a"][top : top + size, left : left + size]
        assert any(np.array_equal(picture, window) for picture in shown) and figure.get_figwidth() <= WIDTH
        assert figure.get_suptitle() == "title"
        wholes = sum(picture.shape == (40, 60, 3) for picture in shown)
        assert wholes == (len(images) if len(images) <= FEW else 2)
