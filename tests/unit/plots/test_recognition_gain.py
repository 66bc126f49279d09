"""Gains in recognition over gains in quality."""

import numpy as np
import pandas as pd

from rainmer_lib.plots.recognition_gain import SCENES, gain_scatter


def test_points_of_gains_are_runs_in_the_colour_of_their_scene():
    gains = pd.DataFrame({"test_set": ["day", "night", "day"], "psnr": [1.0, -2.0, 3.0], "map": [0.1, 0.0, 0.2]})
    (axis,) = gain_scatter(gains, {"psnr": "PSNR, gain (dB)"}, "map", "mAP, gain").axes
    day, night = axis.collections
    np.testing.assert_allclose(day.get_offsets(), [[1.0, 0.1], [3.0, 0.2]])
    np.testing.assert_allclose(night.get_offsets(), [[-2.0, 0.0]])
    assert (day.get_label(), night.get_label()) == tuple(SCENES) and axis.get_xlabel() == "PSNR, gain (dB)"
