"""Quality against cost: a point for each method that has the number, the same number in every panel."""

import numpy as np
import pandas as pd

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
