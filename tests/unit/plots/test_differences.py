"""Differences to the best row: points, intervals and colours are those of the table."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from rainmer_lib.plots.differences import VERDICT_COLOURS, difference_figure
from rainmer_lib.plots.style import WIDTH


def test_points_and_intervals_are_those_of_the_table():
    rows = [("rain12", "psnr", "a", 0.5, 0.2, 0.9, "supported"), ("rain12", "psnr", "b", -0.1, -0.4, 0.2, "inconclusive"),
            ("rain12", "ssim", "b", -0.002, -0.003, -0.001, "contradicted"), ("mwd", "psnr", "a", 1.0, 0.8, 1.2, "supported")]
    table = pd.DataFrame(rows, columns=["test_set", "metric", "worse", "difference", "low", "high", "verdict"])
    figure = difference_figure(table, ["b", "a"], "title")
    first, second, below, _ = figure.axes
    assert [axis.get_title() for axis in (first, second)] == ["Rain12", "MWD"] and figure.get_figwidth() == WIDTH
    points = [line for line in first.lines if line.get_marker() == "o"]
    assert [(*line.get_xdata(), *line.get_ydata(), to_hex(line.get_color())) for line in points] == [
        (-0.1, 0, to_hex(VERDICT_COLOURS["inconclusive"])), (0.5, 1, to_hex(VERDICT_COLOURS["supported"]))
    ]  # fmt: skip
    intervals = [list(line.get_xdata()) for line in first.lines if line.get_marker() != "o" and np.ptp(line.get_ydata()) == 0]
    assert intervals == [[-0.4, 0.2], [0.2, 0.9]]
    dots = [line.get_xdata()[0] for line in below.lines if line.get_marker() == "o"]
    assert dots == pytest.approx([-2.0]), "SSIM in thousandths"
    assert [label.get_text() for label in first.get_yticklabels()] == ["b", "a"] and first.get_ylim()[0] > first.get_ylim()[1]
