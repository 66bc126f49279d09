"""Figures of densities and shares."""

import numpy as np
import pytest

from rainmer_lib.plots import views_alignment


def test_shares_fill_the_bar():
    axis = views_alignment.share_bars({"a": (0.02, 0.28, 0.7), "b": (0.5, 0.3, 0.2)}, ["x", "y", "z"]).axes[0]
    assert [p.get_width() for p in axis.patches] == pytest.approx([0.02, 0.28, 0.7, 0.5, 0.3, 0.2])
    assert axis.patches[2].get_x() + axis.patches[2].get_width() == pytest.approx(1)
    assert [t.get_text() for t in axis.texts] == ["28.0%", "70.0%", "50.0%", "30.0%", "20.0%"]
    panel = views_alignment.density_panels({"day": np.zeros((4, 6, 3))}, {"day": 0.1234}).axes[0]
    assert panel.get_title() == "day\n" + r"$\rho$ = 0.123"
