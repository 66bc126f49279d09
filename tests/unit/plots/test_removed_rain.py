"""What was removed, in levels: one scale, and the same colours in a figure and in a panel of images."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rainmer_lib.plots.removed_rain import coloured, end_of_scale, removed_rain


def test_the_scale_ends_at_the_largest_99th_percentile_and_never_below_a_level():
    planes = np.linspace(-50, 0, 101)[None], np.linspace(0, 20, 101)[None]
    assert end_of_scale(planes) == pytest.approx(49.5)
    assert end_of_scale([planes[1]]) == pytest.approx(19.8) and end_of_scale([np.full((3, 3), 0.2)]) == 1


def test_a_panel_has_the_colours_of_the_figure():
    plane = np.array([[-80.0, -20, 0], [10, 20, 200]])
    figure = removed_rain(0.5 + np.repeat(plane[..., None] / 510, 3, axis=2), np.full((2, 3, 3), 0.5))
    shown = figure.axes[0].images[0]
    top = shown.get_clim()[1]
    assert np.array_equal(coloured(np.asarray(shown.get_array()), top), shown.to_rgba(shown.get_array(), bytes=True)[..., :3])
    panel = coloured(plane, 20)
    assert panel.shape == (2, 3, 3) and panel.dtype == np.uint8
    assert np.array_equal(panel[0, 0], panel[0, 1]) and np.array_equal(panel[1, 1], panel[1, 2]), "beyond the ends"
    assert panel[0, 2].min() > 240, "nothing removed is nearly white"
    assert panel[1, 1, 0] > panel[1, 1, 2] and panel[0, 1, 0] < panel[0, 1, 2], "orange was brighter, blue was darker"
    plt.close(figure)
