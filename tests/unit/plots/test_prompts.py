"""Figures about prompts, masks and interaction: what is drawn is what was given."""

import numpy as np
import pandas as pd
import pytest
from drawn import words

from rainmer_lib.plots import prompts


def test_a_prompt_is_gate_vector_and_maps():
    gate, vector = np.array([[0.0, 0.5], [1.0, 0.25]]), np.array([0.3, -0.8])
    product = vector[:, None, None] * gate
    axes = prompts.prompt_parts(gate, vector, product).axes
    maps = [axis.images[0] for axis in axes[:4] if axis.images]
    np.testing.assert_allclose(maps[0].get_array(), gate)
    assert [bar.get_height() for bar in axes[1].patches] == pytest.approx([0.3, -0.8])
    assert {m.get_clim() for m in maps[1:]} == {(-0.8, 0.8)}, "one scale for all channels"
    np.testing.assert_allclose(maps[2].get_array(), product[1])


def test_factors_are_drawn_over_their_cosine():
    table = pd.DataFrame({"cosine": [-1.0, 1.0], "illumination": [0.0, 1.0], "appearance": [1.0, 0.0]})
    one, two = prompts.share_curves({"illumination": table, "degradation_unmapped": table}, {"illumination": 0.4}).axes
    np.testing.assert_allclose(one.lines[0].get_xydata(), [[-1, 0], [1, 1]])
    assert one.lines[0].get_color() == prompts.PARTS["illumination"] != one.lines[1].get_color()
    assert list(one.lines[2].get_xdata()) == [0.4, 0.4] and len(two.lines) == len(one.lines) - 1
    assert two.get_title() == "degradation\nunmapped"


def test_masks_show_what_is_kept_on_one_scale():
    scores = np.array([[0.9, -0.5], [0.1, 0.2]])
    masks = [np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.8, 0.2], [0.5, 0.5]])]
    figure = prompts.mask_grid({"independent": [scores, *masks], "chained": [scores, *masks]}, ["A", "keep 1", "keep 2"])
    axes = figure.axes
    assert [axis.get_title() for axis in axes] == ["A", "keep 1", "keep 2", "", "", ""]
    assert [axes[i].get_ylabel() for i in (0, 3)] == ["independent", "chained"]
    assert words(axes[0]) == [".90", "-.50", ".10", ".20"], "scores are all shown"
    assert words(axes[1]) == ["1.00", "1.00"] and np.isnan(axes[1].images[0].get_array().filled(np.nan)).sum() == 2
    assert {axis.images[0].get_clim() for axis in (*axes[1:3], *axes[4:])} == {(0, 1.0)}


def test_gates_are_told_by_mean_and_deviation():
    rng = np.random.default_rng(0)
    keys = [("illumination", "decoder.0"), ("appearance", "decoder.0")]
    gates = {name: {key: rng.uniform(0.4, 0.6, (6, 6)) for key in keys} for name in ("day", "night")}
    axes = prompts.gate_maps({name: np.zeros((12, 12, 3)) for name in gates}, gates).axes
    assert [axis.get_title() for axis in axes[:3]] == ["", "illumination\ndecoder.0", "appearance\ndecoder.0"]
    assert [axes[0].get_ylabel(), axes[3].get_ylabel()] == ["day", "night"]
    plane = gates["night"][keys[1]]
    np.testing.assert_allclose(axes[5].images[0].get_array(), plane)
    assert axes[5].get_xlabel() == f"{plane.mean():.3f} ± {plane.std():.3f}"
    every = np.concatenate([plane.ravel() for row in gates.values() for plane in row.values()])
    scales = {axis.images[0].get_clim() for axis in (*axes[1:3], *axes[4:6])}
    assert scales == {(every.min(), every.max())}, "a flat gate looks flat only on the scale of all"


def test_a_learnt_gate_stands_beside_what_it_should_learn():
    wanted, found = np.array([[True, False]]), np.array([[0.9, 0.1]])
    axes = prompts.learnt_gate(wanted, {"attention": found}).axes
    np.testing.assert_array_equal(axes[0].images[0].get_array(), wanted)
    np.testing.assert_array_equal(axes[1].images[0].get_array(), found)
    assert axes[1].get_title() == "attention" and axes[1].images[0].get_clim() == (0, 1)


def test_the_interaction_shows_its_maps_and_numbers():
    plane = np.arange(12.0).reshape(3, 4)
    axes = prompts.interaction_gates(np.zeros((3, 4, 3)), plane, np.array([0.5, -1.0]), plane + 1, plane + 9).axes
    titles = ["rainy", "$M_s$, one map", "$M_c$", r"$\sigma(M_s X)$, for $L$", r"$\sigma(M_c L)$, for $X$"]
    assert [axis.get_title() for axis in axes[:5]] == titles
    limits = np.percentile(plane + 1, 2), np.percentile(plane + 9, 98)
    assert [axis.images[0].get_clim() for axis in axes[3:5]] == [pytest.approx(limits)] * 2
    assert [bar.get_height() for bar in axes[2].patches] == [0.5, -1.0]
    np.testing.assert_allclose(axes[3].images[0].get_array(), plane + 1)
    assert [text.get_text() for axis in axes[3:5] for text in axis.texts] == ["6.500 ± 3.452", "14.500 ± 3.452"]
