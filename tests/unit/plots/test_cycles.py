"""Cycles and fields of view."""

import numpy as np
import pytest
from drawn import words
from matplotlib.colors import to_hex

from rainmer_lib.plots import cycles


def test_squares_have_the_size_that_they_name():
    figure = cycles.field_squares(np.zeros((64, 64, 3)), {"three": 21, "one": 5}, np.eye(64))
    left = figure.axes[0]
    assert [p.get_width() for p in left.patches] == [21, 5] and words(left) == ["three: 21", "one: 5"]
    for square, text in zip(left.patches, left.texts, strict=True):
        assert to_hex(square.get_edgecolor()) == to_hex(text.get_color())
        assert square.get_x() + square.get_width() / 2 == 32


def test_rows_of_cycles_keep_their_order():
    rows = {"nothing": [np.full((4, 6, 3), v) for v in (0.1, 0.2, 1.7)], "tones": [np.zeros((4, 6, 3))] * 3}
    figure = cycles.cycle_panels(rows, ("R", "N", "R*"))
    assert [axis.get_title() for axis in figure.axes[:3]] == ["R", "N", "R*"]
    assert [axis.images[0].get_array().mean() for axis in figure.axes[:3]] == pytest.approx([0.1, 0.2, 1.0])
