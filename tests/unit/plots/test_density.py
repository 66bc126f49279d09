"""Densities before and after alignment."""

import numpy as np
import pytest

from rainmer_lib.plots.density import alignment_figure
from rainmer_lib.rainmer import alignment
from rainmer_lib.rainmer.alignment import align_density


def test_the_figure_shows_what_was_chosen(night):
    others = {"day": np.full(50, 0.1), "haze": np.full(70, 0.15)}
    chosen = night[align_density(night, (0.1, 0.2, 0.7))]
    figure = alignment_figure("night", night, chosen, others)
    assert [axis.get_title() for axis in figure.axes] == ["before: 60,000 images", f"aligned: {len(chosen):,} images"]
    for axis, values in zip(figure.axes, (night, chosen), strict=True):
        assert [bar.get_height() for bar in axis.containers[0]] == pytest.approx(list(alignment.histogram(values)[0]))
    assert [text.get_text() for text in figure.axes[1].texts] == ["10%\n[0%]", "20%\n[0%]", "70%\n[100%]"]
