"""Figures of views, memory bank and contrast: what is drawn is what was given."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex

from rainmer_lib.analysis.memory_steps import memory_step
from rainmer_lib.plots import views
from rainmer_lib.rainmer.views import Keys


def test_keys_are_framed_by_what_they_are():
    keys = {"detail": Keys(torch.full((1, 3, 8, 8), 0.5), torch.rand(1, 2, 3, 8, 8))}
    figure = views.keys_figure(torch.zeros(3, 8, 8), keys, {"detail": ["q", "p", "n 1", "n 2"]})
    assert [a.get_xlabel() for a in figure.axes] == ["q", "p", "n 1", "n 2"] and figure.axes[0].get_ylabel() == "detail"
    edges = [to_hex(a.spines["left"].get_edgecolor()).upper() for a in figure.axes]
    assert edges == [views.ROLE_COLOURS[r].upper() for r in ("query", "positive", "negative", "negative")]
    assert figure.axes[1].images[0].get_array().mean() == pytest.approx(0.5)
    np.testing.assert_allclose(figure.axes[3].images[0].get_array(), keys["detail"].negatives[0, 1].permute(1, 2, 0))


def test_the_timeline_rings_the_negatives(images, filled_bank):
    memory_bank = filled_bank
    steps = [memory_step(memory_bank, images(seed), 2) for seed in (5, 6)]
    above, _, below, _ = views.memory_figure(steps, ["5", "6"]).axes
    drawn = {c.get_label(): np.asarray(c.get_offsets()) for c in above.collections}
    colours = steps[0].colours
    place = np.stack([colours.mean(axis=1), colours[:, 0] - colours[:, 2]], axis=1)
    np.testing.assert_allclose(drawn["negative"], place[steps[0].chosen_colours])
    np.testing.assert_allclose(drawn["overwritten"], place[[0, 1]])
    values = steps[0].spectra.mean(axis=1)
    np.testing.assert_allclose(np.asarray(below.collections[0].get_offsets())[:, 1], values[:, 1:].sum(axis=1), rtol=1e-6)


def test_floors_and_curves_are_drawn_as_given():
    table = pd.DataFrame({"temperature": [0.1, 1.0], "orthogonal": [0.0, 0.9], "gradient": [8.0, 0.8]})
    left, right = views.floor_figure(table, {"paper": 1.0}, ["orthogonal"], "gradient").axes
    np.testing.assert_allclose(left.lines[0].get_xydata(), table[["temperature", "orthogonal"]])
    assert right.get_yscale() == "log" and [t.get_text() for t in left.texts] == ["paper"]
    curve = pd.DataFrame({"illumination loss": [1.0] * 8, "appearance loss": [1.5] * 8, "illumination": [0.1] * 8})
    above, below = views.training_figure({"one": curve}, {"one": (1.6, 0.4)}, ["illumination"]).axes
    assert [line.get_ydata()[0] for line in above.lines] == pytest.approx([1.0, 1.5, 1.6, 0.4])
    assert below.lines[0].get_ydata()[3] == pytest.approx(0.1)
