"""Maps of scenes and their measures."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex

from rainmer_lib.analysis.view_maps import ViewScenes
from rainmer_lib.plots import views_embedding


def test_maps_keep_marks_and_cosines_their_numbers():
    scenes = ViewScenes(torch.zeros(3, 3, 8, 8), np.array(["day", "night", "day"]), np.array([0.1, 0.02, 0.3]), np.arange(3))
    plane = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    axis = views_embedding.scene_maps({"m": plane}, scenes, {"m": "purity 1.00"}, columns=1).axes[0]
    assert axis.get_title() == "m\npurity 1.00"
    np.testing.assert_allclose(axis.collections[0].get_offsets(), plane[[0, 2]])
    assert to_hex(axis.collections[1].get_facecolors()[0]).upper() == views_embedding.DOMAINS["night"][0]
    shaded = views_embedding.scene_maps({"m": plane}, scenes, {}, "density", columns=1).axes[0]
    np.testing.assert_allclose(shaded.collections[0].get_array(), [0.1, 0.3])
    for wrong, message in (({"by": "photo"}, "choose domain or density"), ({}, "domains snow: choose among day")):
        other = scenes if wrong else replace(scenes, domains=np.array(["day", "snow", "day"]))
        with pytest.raises(ValueError, match=message):
            views_embedding.scene_maps({"m": plane}, other, {}, **wrong)
    table = pd.DataFrame([[1.0, 0.25], [0.25, 0.5]], ["day", "night"], ["day", "night"])
    figure = views_embedding.cosine_figure({"t": table}, columns=1)
    assert [t.get_text() for t in figure.axes[0].texts] == ["1.000", "0.250", "0.250", "0.500"]


def test_measures_are_drawn_seed_by_seed():
    table = pd.DataFrame({"method": ["a", "a", "b"], "seed": [0, 1, 0], "view": ["v"] * 3, "purity": [0.4, 0.6, 0.9]})
    axis = views_embedding.view_measure_figure(table, {"purity": "p"}, {"purity": 0.3}).axes[0]
    dots, means = axis.lines[0].get_ydata(), axis.lines[1].get_ydata()
    assert list(dots) == [0.4, 0.6] and means[0] == pytest.approx(0.5) and axis.lines[-1].get_ydata()[0] == 0.3
