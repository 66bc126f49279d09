"""Changes by test set: bars are means, whiskers spreads."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from rainmer_lib.plots.by_test_set import change_figure
from rainmer_lib.plots.style import WIDTH


def test_bars_whiskers_and_dots():
    rows = [("a", 0, "rain12", 1.0), ("a", 1, "rain12", 3.0), ("b", -1, "rain12", -2.0), ("a", 0, "mwd", 5.0)]
    table = pd.DataFrame(rows, columns=["method", "seed", "test_set", "psnr"])
    figure = change_figure(table, ["a", "b"], {"psnr": "PSNR, gain (dB)"}, "title")
    first, second = figure.axes
    assert [bar.get_width() for bar in first.patches] == [2.0, -2.0] and [bar.get_width() for bar in second.patches] == [5.0]
    (whisker,) = first.collections  # of the only method with two seeds
    ends = whisker.get_segments()[0][:, 0]
    assert ends.tolist() == pytest.approx([2 - 2**0.5, 2 + 2**0.5]) and not second.collections
    dots = [sorted(np.asarray(line.get_xdata())) for line in first.lines if line.get_marker() == "o"]
    assert dots == [[1.0, 3.0], [-2.0]]
    assert [axis.get_title() for axis in figure.axes] == ["Rain12", "MWD"]
    assert [label.get_text() for label in first.get_yticklabels()] == ["a", "b"]
    top, bottom = first.get_ylim()
    assert top > bottom, "the first method is at the top"


def test_given_colours_stand_in_place_of_the_methods_own():
    table = pd.DataFrame([("a", 0, "rain12", 1.0)], columns=["method", "seed", "test_set", "psnr"])
    (axis,) = change_figure(table, ["a"], {"psnr": "PSNR"}, "title", {"a": "#B37700"}).axes
    assert to_hex(axis.patches[0].get_facecolor()) == "#b37700"


def test_many_test_sets_stand_in_rows_that_fit_a_page():
    """Seven: four and three, each with its metrics, and every panel below the name of its set."""
    table = pd.DataFrame([("a", 0, f"s{i}", float(i), 10.0 * i) for i in range(7)],
                         columns=["method", "seed", "test_set", "psnr", "ssim"])  # fmt: skip
    figure = change_figure(table, ["a"], {"psnr": "PSNR", "ssim": "SSIM"}, "title")
    bars = [[bar.get_width() for bar in axis.patches] for axis in figure.axes]
    assert bars[:4] == [[0], [1], [2], [3]] and bars[4:8] == [[0], [10], [20], [30]]
    assert bars[8:12] == [[4], [5], [6], []] and bars[12:] == [[40], [50], [60], []]
    assert [axis.get_title() for axis in figure.axes[8:12]] == ["s4", "s5", "s6", ""] and figure.get_figwidth() <= WIDTH
    assert not figure.axes[11].axison and figure.axes[8].get_ylabel() == "PSNR"
