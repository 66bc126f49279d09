"""Quality against cost: a point for each method that has the number, the same number in every panel."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from rainmer_lib.plots.quality_cost import COSTS, kind_colours, quality_cost_figure


def test_points_numbers_and_names():
    cost = pd.DataFrame(
        {"kind": ["prior-based", "supervised", "unpaired"], "parameters": [10, 1000, 5000], "GMAC": [np.nan, 2.0, 3.0],
         "seconds": [2.0, 0.5, 0.1]}, index=["DSC", "DDN", "DCD-GAN"],
    )  # fmt: skip
    quality = pd.Series({"DCD-GAN": 4.0, "DDN": 6.0, "DSC": 0.5})
    figure = quality_cost_figure(quality, cost, "gain", highlighted="DCD-GAN")
    points = [[tuple(dots.get_offsets()[0]) for dots in axis.collections] for axis in figure.axes]
    assert len(points) == len(COSTS) and points[0] == [(10, 0.5), (1000, 6.0), (5000, 4.0)]
    assert points[1] == [(2.0, 6.0), (3.0, 4.0)], "a prior has no GMAC"
    assert [[text.get_text() for text in axis.texts] for axis in figure.axes] == [["1", "2", "3"], ["2", "3"], ["1", "2", "3"]]
    sizes = [dots.get_sizes()[0] for dots in figure.axes[0].collections]
    assert sizes[2] > sizes[0] == sizes[1]
    assert {"1  DSC", "2  DDN", "3  DCD-GAN"} <= {text.get_text() for text in figure.texts}


def test_methods_of_a_kind_have_its_colour():
    found = kind_colours({"DSC": "prior-based", "GMM": "prior-based", "DDN": "supervised"})
    assert found["DSC"] == found["GMM"] != found["DDN"]


@pytest.mark.parametrize("most", [5_000, 55_000, 200_000, 900_000])
def test_numbers_on_an_axis_do_not_touch(most):
    costs = {"kind": "supervised", "parameters": [290, most], "GMAC": [0.2, 9.0], "seconds": [0.02, 1.5]}
    cost = pd.DataFrame(costs, index=["a", "b"])
    figure = quality_cost_figure(pd.Series({"a": 1.0, "b": 2.0}), cost, "gain")
    figure.canvas.draw()
    for axis in figure.axes:
        low, high = axis.get_xlim()
        labels = zip(axis.get_xticks(), axis.get_xticklabels(), strict=True)
        shown = [label.get_window_extent() for at, label in labels if low < at < high]
        assert len(shown) >= 2 and all(left.x1 < right.x0 for left, right in pairwise(shown))
