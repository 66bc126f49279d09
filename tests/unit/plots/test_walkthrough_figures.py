"""Figures of the walkthroughs: what is drawn is what was given, with its counts and names."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.model import DCDGAN
from rainmer_lib.dcdgan.translation import Cycles
from rainmer_lib.losses import colour_cycle, frequency, patch_contrast
from rainmer_lib.plots import contrast, cycles, diagrams, gradients, lines, rain


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def words(axis):
    return [text.get_text() for text in axis.texts]


def test_the_diagram_uses_names_that_exist():
    """A diagram that names what was renamed since misleads."""
    model = DCDGAN(DCDGANConfig(width=4, blocks=1, critic_width=4, taps=("down1",), embedding=4, patches=4))
    there = set(dict(model.translation.named_children())) | set(dict(model.guidance.named_children()))
    there |= set(Cycles.__dataclass_fields__) | {type(model.guidance).__name__}
    there |= {name for module in (colour_cycle, frequency, patch_contrast) for name in dir(module)}
    names = "\n".join(text for text in words(diagrams.draw_dcdgan().axes[0]) if "$" not in text)
    drawn = set(re.findall(r"\b\w+_\w+\b", names))
    assert drawn <= there
    assert {"recovered_rainy", "recovered_clean", "embed_rainy", "embed_clean", "clean_critic", "rainy_critic"} <= drawn


def test_boxes_of_a_diagram_do_not_overlap():
    boxes = [p for p in diagrams.draw_dcdgan().axes[0].patches if hasattr(p, "get_boxstyle")]
    solid = [p.get_path().get_extents(p.get_patch_transform()) for p in boxes if p.get_zorder() == 2]
    assert len(solid) == 2 * 5 + 2 * 2 + 4
    for i, one in enumerate(solid):
        assert not any(one.overlaps(other) for other in solid[i + 1 :])
        assert one.x0 >= 0 and one.x1 <= 100 and one.y0 >= 0 and one.y1 <= 64


def test_arrows_start_at_the_edge_of_a_box():
    box = diagrams.Box(10, 20, 6, 4)
    assert [box.edge(side) for side in ("left", "right", "top", "bottom")] == [(7, 20), (13, 20), (10, 22), (10, 18)]
    assert box.edge("top", 1) == (11, 22) and box.edge("left", -1) == (7, 19)


def test_candidates_are_counted_as_drawn():
    rng = np.random.default_rng(0)
    image, places, others = np.zeros((64, 64, 3)), rng.permutation(256)[:9], rng.permutation(256)[:9]
    places, others = (np.stack(np.divmod(p, 16), axis=1) for p in (places, others))
    figure = contrast.candidates({"a": image, "b": image, "c": image}, places, others, query=2, stride=4)
    left, middle, right = figure.axes
    assert words(middle) == ["1 positive, 8 internal negatives"] and words(right) == ["9 external negatives"]
    assert not left.collections and len(middle.collections[0].get_offsets()) == 8
    centre = places[2] * 4 + 2
    for axis in (left, middle):
        (box,) = [p for p in axis.patches if isinstance(p, Rectangle)]
        assert (box.get_y() + box.get_height() / 2, box.get_x() + box.get_width() / 2) == tuple(centre)
    for axis, drawn in ((middle, np.delete(places, 2, axis=0)), (right, others)):
        np.testing.assert_allclose(axis.collections[0].get_offsets()[:, ::-1], drawn * 4 + 2)  # x is the column


def test_circles_show_before_and_after():
    before, after = np.eye(2), -np.eye(2)
    axis = contrast.circles({"moved": {"query": (before, after), "key": (before, before)}}).axes[0]
    keys_before, keys_after, queries_before, queries_after = (np.asarray(c.get_offsets()) for c in axis.collections)
    np.testing.assert_allclose(keys_before, keys_after)
    np.testing.assert_allclose(queries_before, -queries_after)


def test_similarity_maps_mark_the_same_place():
    image = np.zeros((32, 32, 3))
    axes = contrast.similarity_maps(image, image, (3, 5), {"encoder": np.eye(8)}, stride=4).axes
    (box,) = axes[0].patches
    assert (box.get_y() + 8, box.get_x() + 8) == (14, 22)
    assert [tuple(float(v[0]) for v in line.get_data()) for line in axes[2].lines] == [(5, 3)]


def test_changes_are_drawn_on_one_scale_about_zero():
    image, reference = np.full((8, 10, 3), 0.6), np.full((8, 10, 3), 0.5)
    figure = rain.images_and_changes({"a": (image, reference), "b": (reference, image)}, "change", 0.4)
    planes = [axis.images[0] for axis in figure.axes[2:4]]
    np.testing.assert_allclose(planes[0].get_array(), 0.1)
    np.testing.assert_allclose(planes[1].get_array(), -0.1)
    assert {p.get_clim() for p in planes} == {(-0.4, 0.4)}


def test_maps_of_terms_tell_their_size():
    image = np.full((6, 6, 3), 0.5)
    figure = gradients.gradient_maps({"R": image}, {"colour": np.full((6, 6, 3), 2e-3), "none": np.zeros((6, 6, 3))})
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["R", "", "colour\nRMS 2.0e-03", "none\nRMS 0.0e+00"]
    low, high = figure.axes[2].images[0].get_clim()
    assert low == -high == pytest.approx(-2e-3)


def test_squares_have_the_size_that_they_name():
    figure = cycles.field_squares(np.zeros((64, 64, 3)), {"three": 21, "one": 5}, np.eye(64))
    left = figure.axes[0]
    assert [p.get_width() for p in left.patches] == [21, 5] and words(left) == ["three: 21", "one: 5"]
    for square, text in zip(left.patches, left.texts, strict=True):
        assert to_hex(square.get_edgecolor()) == to_hex(text.get_color())
        assert square.get_x() + square.get_width() / 2 == 32


def test_rows_of_cycles_keep_their_order():
    rows = {"nothing": [np.full((4, 6, 3), v) for v in (0.1, 0.2, 1.7)], "tones": [np.zeros((4, 6, 3))] * 3}
    figure = cycles.cycle_panels(rows, ("R", "N", "R*"))
    assert [axis.get_title() for axis in figure.axes[:3]] == ["R", "N", "R*"]
    assert [axis.images[0].get_array().mean() for axis in figure.axes[:3]] == pytest.approx([0.1, 0.2, 1.0])


def test_lines_go_through_the_points():
    table = pd.DataFrame({"n": [1, 10, 100], "loss": [3.0, 2.0, 1.0]})
    (axis,) = lines.line_panels(table, "n", {"loss": "loss (nats)"}, "negatives", log=True).axes
    assert axis.get_xscale() == "log" and (axis.get_xlabel(), axis.get_ylabel()) == ("negatives", "loss (nats)")
    np.testing.assert_allclose(axis.lines[0].get_xydata(), table)
