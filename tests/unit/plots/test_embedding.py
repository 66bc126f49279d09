"""Maps of features and their measures: colours stay, values stand where the tables say."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from rainmer_lib.plots.embedding import CLOUD_COLOURS, embedding_figure, measure_figure
from rainmer_lib.plots.style import colours


def test_points_keep_their_colours_whatever_their_order():
    clouds = {"clean": np.zeros((3, 2)), "rainy": np.ones((5, 2)), "derained": np.full((4, 2), 2.0)}
    figure = embedding_figure({"with": clouds, "without": {"clean": clouds["clean"]}}, {"with": "AUC 0.9"})
    first, second = figure.axes
    dots = first.collections[0]
    for name, value in (("clean", 0), ("rainy", 1), ("derained", 2)):
        drawn = {to_hex(c).upper() for c, at in zip(dots.get_facecolors(), dots.get_offsets(), strict=True) if at[0] == value}
        assert drawn == {CLOUD_COLOURS[name]}
    assert len(dots.get_offsets()) == 12 and len(second.collections[0].get_offsets()) == 3
    assert (first.get_title(), second.get_title()) == ("with\nAUC 0.9", "without")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["rainy", "derained", "clean"]


def test_no_cloud_hides_another():
    """Drawn in turn, not one after the other."""
    clouds = {"rainy": np.zeros((200, 2)), "clean": np.zeros((200, 2))}
    drawn = [to_hex(c).upper() for c in embedding_figure({"": clouds}).axes[0].collections[0].get_facecolors()]
    assert 60 < sum(c == CLOUD_COLOURS["clean"] for c in drawn[-200:]) < 140


def test_other_clouds_are_refused():
    with pytest.raises(ValueError, match="clouds blurred: choose among rainy, derained, clean"):
        embedding_figure({"with": {"blurred": np.zeros((3, 2))}})


def test_measures_stand_at_their_layers():
    rows = [(m, s, t, i + s, -i) for i, (m, t) in enumerate([("a", "x"), ("b", "x"), ("a", "y"), ("b", "y")]) for s in (0, 2)]
    table = pd.DataFrame(rows, columns=["method", "seed", "tap", "one", "two"])
    first, second = measure_figure(table, {"one": "First", "two": "Second"}).axes
    assert (first.get_title(), second.get_title()) == ("First", "Second")
    assert [t.get_text() for t in first.get_xticklabels()] == ["x", "y"]
    dots = [line for line in first.lines if line.get_marker() == "o"]
    means = [line for line in first.lines if line.get_marker() != "o"]
    order = [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]
    for (method, tap), points, mean in zip(order, dots, means, strict=True):
        values = table[(table.method.eq(method)) & (table.tap == tap)].one
        assert list(points.get_ydata()) == list(values) and list(mean.get_ydata()) == [values.mean()] * 2
        assert round(points.get_xdata()[0]) == "xy".index(tap)
        assert points.get_color() == mean.get_color() == colours(["a", "b"])[method]


def test_maps_in_rows():
    clouds = {f"{k}": {"clean": np.zeros((3, 2))} for k in range(3)}
    axes = embedding_figure(clouds, columns=2).axes
    assert [axis.get_title() for axis in axes] == ["0", "1", "2", ""] and not axes[3].axison
    assert axes[0].get_position().y0 > axes[2].get_position().y0
