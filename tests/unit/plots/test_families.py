"""Crops by groups of methods: groups in the order of Table 1, one window of every image, long groups in further rows."""

from itertools import pairwise

import numpy as np
import pytest

from rainmer_lib.plots.families import COLUMNS, family_crops
from rainmer_lib.plots.style import WIDTH


def images_of(names):
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 256, (40, 60, 3), np.uint8) for name in ("rainy", *names, "clean")}


def pictures(figure):
    return {axis.get_title(): np.asarray(axis.images[0].get_array()) for axis in figure.axes}


def rows(figure):
    """The names in each row of the grid, and the row's label."""
    found = {}
    for axis in figure.axes:
        found.setdefault(axis.get_subplotspec().rowspan.start, []).append(axis)
    return [(line[0].get_ylabel(), [axis.get_title().split("\n")[0] for axis in line]) for _, line in sorted(found.items())]


def test_groups_stand_below_each_other_in_the_order_of_the_table():
    images = images_of(["A", "B", "C", "D", "E"])
    kinds = {"A": "unpaired", "B": "supervised", "C": "prior-based", "D": "semi-supervised", "E": "prior-based"}
    figure = family_crops(images, {}, kinds, (3, 20, 10), "title")
    assert rows(figure) == [
        ("", ["rainy", "rainy", "clean", "clean"]), ("prior-based", ["C", "E"]), ("supervised", ["B"]),
        ("semi-supervised", ["D"]), ("unpaired", ["A"]),
    ]  # fmt: skip
    assert figure.get_figwidth() <= WIDTH and figure.get_suptitle() == "title"


def test_every_method_shows_the_window_that_the_whole_images_frame():
    images = images_of(["A", "B"])
    figure = family_crops(images, {"A": "31.00 dB"}, {"A": "supervised", "B": "unpaired"}, (3, 20, 10))
    shown = pictures(figure)
    for name, title in (("rainy", "rainy\nwhole"), ("clean", "clean\nwhole")):
        assert np.array_equal(shown[title], images[name])
    for name, title in (("rainy", "rainy\n"), ("A", "A\n31.00 dB"), ("B", "B\n"), ("clean", "clean\n")):
        assert np.array_equal(shown[title], images[name][3:13, 20:30])
    frames = [axis.patches[0] for axis in figure.axes if axis.get_title().endswith("whole")]
    assert [(f.get_x(), f.get_y(), f.get_width(), f.get_height()) for f in frames] == [(20, 3, 10, 10)] * 2


def test_a_long_group_goes_on_in_the_next_row_and_is_labelled_once():
    names = [f"m{i}" for i in range(COLUMNS + 1)]
    figure = family_crops(images_of(names), {}, dict.fromkeys(names, "unpaired"), (0, 0, 8))
    assert rows(figure)[1:] == [("unpaired", names[:COLUMNS]), ("", names[COLUMNS:])]


def test_long_names_do_not_touch_their_neighbours():
    names = ["same generator, with pairs", "PReNet (published)", "same generator, again"]
    captions = dict.fromkeys(names, "31.00 dB")
    figure = family_crops(images_of(names), captions, dict.fromkeys(names, "supervised"), (0, 0, 8))
    figure.canvas.draw()
    boxes = [axis.title.get_window_extent() for axis in figure.axes if axis.get_title().endswith("dB")]
    assert len(boxes) == 3 and all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert all(box.y0 > axis.get_window_extent().y0 for box, axis in zip(boxes, figure.axes[-3:], strict=True))
    above = figure.axes[0].get_window_extent()
    assert all(box.y1 < above.y0 for box in boxes), "the titles stay below the row before"


def test_a_group_of_which_there_is_no_method_has_no_row():
    assert len(rows(family_crops(images_of(["A"]), {}, {"A": "supervised"}, (0, 0, 8)))) == 2


def test_what_does_not_fit_is_refused():
    images = images_of(["A", "B"])
    with pytest.raises(ValueError, match="no group for B: choose one of prior-based, supervised, semi-supervised, unpaired"):
        family_crops(images, {}, {"A": "unpaired"}, (0, 0, 8))
    with pytest.raises(ValueError, match="no group for A, B"):
        family_crops(images, {}, {"A": "paired", "B": "paired"}, (0, 0, 8))
    with pytest.raises(ValueError, match="box in them"):
        family_crops(images, {}, dict.fromkeys("AB", "unpaired"), (33, 0, 8))
    del images["clean"]
    with pytest.raises(ValueError, match="no image clean among rainy, A, B"):
        family_crops(images, {}, dict.fromkeys("AB", "unpaired"), (0, 0, 8))
