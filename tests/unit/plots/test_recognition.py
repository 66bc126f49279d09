"""Recognition by method: bars, dots and whiskers stand where the tables say."""

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from rainmer_lib.plots.quality_cost import kind_colours
from rainmer_lib.plots.recognition import GREYS, seen_figure


def seen():
    methods = {"input": [0.9], "ours": [0.5, 0.3], "clean": [0.1]}
    rows = [(m, s if len(v) > 1 else -1, t, value) for t in ("real147", "streets") for m, v in methods.items()
            if (m, t) != ("clean", "real147") for s, value in enumerate(v)]  # fmt: skip
    means = pd.DataFrame(rows, columns=["method", "seed", "test_set", "confidence"])
    scores = means[means.test_set == "streets"].rename(columns={"confidence": "precision"})
    return means, scores.assign(recall=0.5, f1=0.25, precision_spread=0.1, recall_spread=0.0, f1_spread=0.2)


def test_bars_dots_and_whiskers():
    means, scores = seen()
    figure = seen_figure(means, scores, {"ours": "unpaired", "elsewhere": "supervised"})
    axes = figure.axes
    titles = ["rain seen\nReal147", "rain seen\nstreets", "objects\nprecision", "objects\nrecall", "objects\nF1"]
    assert [axis.get_title() for axis in axes] == titles
    assert [t.get_text() for t in axes[0].get_yticklabels()] == ["rainy input", "ours", "ground truth"]
    assert [bar.get_width() for bar in axes[0].patches] == pytest.approx([0.9, 0.4]), "no ground truth of real photos"
    assert [bar.get_width() for bar in axes[1].patches] == pytest.approx([0.9, 0.4, 0.1])
    assert [round(bar.get_y() + bar.get_height() / 2) for bar in axes[1].patches] == [0, 1, 2]
    hues = [to_hex(bar.get_facecolor()) for bar in axes[1].patches]
    assert hues[::2] == [to_hex(grey) for grey in GREYS.values()] and len(set(hues)) == 3
    assert hues[1] == kind_colours({"ours": "unpaired"})["ours"].lower()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["supervised", "unpaired"]
    assert [axis.get_xlabel() for axis in axes] == ["P(rain)"] * 2 + ["score"] * 3 and axes[0].get_ylabel()
    dots = [line for line in axes[1].lines if line.get_marker() == "o"]
    assert len(dots) == 1 and list(dots[0].get_xdata()) == [0.5, 0.3]
    whisker = axes[2].collections[1].get_segments()[0]
    assert whisker[:, 0] == pytest.approx([0.3, 0.5]) and not axes[0].collections


def test_without_objects_only_rain_is_shown():
    means, scores = seen()
    assert len(seen_figure(means, scores[:0], {"ours": "unpaired"}).axes) == 2
