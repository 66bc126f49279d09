"""Differences of rows to the best one, as points with intervals: what each part of a method is worth on each test set."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rainmer_lib.plots.by_test_set import LABELS
from rainmer_lib.plots.style import WIDTH

# the palette's green, vermillion, and grey
VERDICT_COLOURS = {"supported": "#009E73", "contradicted": "#D55E00", "inconclusive": "0.55"}


METRICS = {"psnr": ("PSNR (dB)", 1), "ssim": ("SSIM\nthousandths", 1000)}  # label, and factor


def difference_figure(over_images: pd.DataFrame, rows: list[str], title: str) -> Figure:
    """Plot best minus row with its interval: a line for each row, a panel for each test set and metric.

    `over_images` comes from `claims.over_images.paired_tests`: columns test_set, metric, worse (the row), difference, low,
    high, verdict.  Points right of 0: the best row is better; the colour is the verdict.  Each panel has its own scale.
    """
    sets = list(dict.fromkeys(over_images.test_set))
    size = (WIDTH, 0.8 + len(METRICS) * (0.45 + 0.19 * len(rows)))
    figure, axes = plt.subplots(len(METRICS), len(sets), figsize=size, sharey=True, squeeze=False)
    for line, (metric, (label, factor)) in zip(axes, METRICS.items(), strict=True):
        for axis, name in zip(line, sets, strict=True):
            here = over_images[(over_images.test_set == name) & (over_images.metric == metric)]
            _panel(axis, here.set_index("worse").reindex(rows), factor)
        line[0].set_ylabel(label)
    for axis, name in zip(axes[0], sets, strict=True):
        axis.set_title(LABELS.get(name, name))
    dots = [Line2D([], [], color=colour, marker="o", ms=4) for colour in VERDICT_COLOURS.values()]
    figure.legend(dots, VERDICT_COLOURS, loc="outside upper center", ncols=len(dots), title=title)
    return figure


def _panel(axis: Axes, table: pd.DataFrame, factor: float) -> None:
    for place, row in enumerate(table.itertuples()):
        if pd.notna(row.difference):
            style = {"color": VERDICT_COLOURS[row.verdict], "zorder": 3}
            axis.plot([factor * row.low, factor * row.high], [place, place], lw=1.6, **style)
            axis.plot(factor * row.difference, place, "o", ms=4, mec="white", mew=0.4, **style)
    axis.axvline(0, color="0.2", lw=0.8)
    axis.set_yticks(range(len(table)), table.index, fontsize=8)
    axis.set_ylim(len(table) - 0.5, -0.5)
    axis.grid(True, axis="both")
    axis.locator_params(axis="x", nbins=3)
    axis.tick_params(axis="x", labelsize=7)
