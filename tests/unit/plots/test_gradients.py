"""What each term asks of an image."""

import numpy as np
import pytest

from rainmer_lib.plots import gradients


def test_maps_of_terms_tell_their_size():
    image = np.full((6, 6, 3), 0.5)
    figure = gradients.gradient_maps({"R": image}, {"colour": np.full((6, 6, 3), 2e-3), "none": np.zeros((6, 6, 3))})
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["R", "", "colour\nRMS 2.0e-03", "none\nRMS 0.0e+00"]
    low, high = figure.axes[2].images[0].get_clim()
    assert low == -high == pytest.approx(-2e-3)
