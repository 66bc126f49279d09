"""Figures of measures: bars, dots and whiskers stand where the tables say."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from rainmer_lib.plots.embedding import embedding_figure, measure_figure
from rainmer_lib.plots.recognition import GREY, seen_figure
from rainmer_lib.plots.style import colours


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


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
        values = table[(table.method == method) & (table.tap == tap)].one
        assert list(points.get_ydata()) == list(values) and list(mean.get_ydata()) == [values.mean()] * 2
        assert round(points.get_xdata()[0]) == "xy".index(tap)
        assert points.get_color() == mean.get_color() == colours(["a", "b"])[method]


def test_maps_in_rows():
    clouds = {f"{k}": {"clean": np.zeros((3, 2))} for k in range(3)}
    axes = embedding_figure(clouds, columns=2).axes
    assert [axis.get_title() for axis in axes] == ["0", "1", "2", ""] and not axes[3].axison
    assert axes[0].get_position().y0 > axes[2].get_position().y0


def seen():
    methods = {"input": [0.9], "ours": [0.5, 0.3], "clean": [0.1]}
    rows = [(m, s if len(v) > 1 else -1, t, value) for t in ("real147", "streets") for m, v in methods.items()
            if (m, t) != ("clean", "real147") for s, value in enumerate(v)]  # fmt: skip
    means = pd.DataFrame(rows, columns=["method", "seed", "test_set", "confidence"])
    scores = means[means.test_set == "streets"].rename(columns={"confidence": "precision"})
    return means, scores.assign(recall=0.5, f1=0.25, precision_spread=0.1, recall_spread=0.0, f1_spread=0.2)


def test_bars_dots_and_whiskers():
    means, scores = seen()
    axes = seen_figure(means, scores, ["ours"]).axes
    titles = ["P(rain)\nReal147", "P(rain)\nstreets", "objects\nprecision", "objects\nrecall", "objects\nF1"]
    assert [axis.get_title() for axis in axes] == titles
    assert [t.get_text() for t in axes[0].get_yticklabels()] == ["input", "ours", "clean"]
    assert [bar.get_width() for bar in axes[0].patches] == pytest.approx([0.9, 0.4]), "no truth of real photos"
    assert [bar.get_width() for bar in axes[1].patches] == pytest.approx([0.9, 0.4, 0.1])
    assert [round(bar.get_y() + bar.get_height() / 2) for bar in axes[1].patches] == [0, 1, 2]
    assert [to_hex(bar.get_facecolor()) for bar in axes[1].patches[::2]] == [to_hex(GREY)] * 2
    dots = [line for line in axes[1].lines if line.get_marker() == "o"]
    assert len(dots) == 1 and list(dots[0].get_xdata()) == [0.5, 0.3]
    whisker = axes[2].collections[1].get_segments()[0]
    assert whisker[:, 0] == pytest.approx([0.3, 0.5]) and not axes[0].collections


def test_without_objects_only_rain_is_shown():
    means, scores = seen()
    assert len(seen_figure(means, scores[:0], ["ours"]).axes) == 2
