"""Methods by test set: a panel for each test set and metric, a line for each method, every seed as a dot."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rainmer_lib.data.labels import TEST_SET_LABELS
from rainmer_lib.plots.style import colours

MOST = 4  # test sets in a row
LABELS = TEST_SET_LABELS | {"rendered": "rendered rain"}


def change_figure(
    changes: pd.DataFrame, methods: list[str], metrics: Mapping[str, str], title: str, palette: Mapping[str, str] | None = None
) -> Figure:
    """Plot each method's change of the scores: mean over seeds as a bar, standard deviation as a whisker, seeds as dots.

    `changes` has a row for each method, seed and test set, with the columns of `metrics` (column -> label): the score minus
    that of the rainy input, which is at 0.  Each panel has its own scale, because gains differ much between test sets; more
    than `MOST` test sets stand in several rows.  A method without a row has an empty line.  `palette`: colour of each method,
    by default its own (`style.colours`).
    """
    sets = list(dict.fromkeys(changes.test_set))
    columns = -(-len(sets) // -(-len(sets) // MOST))
    parts = [sets[first : first + columns] for first in range(0, len(sets), columns)]
    size = (max(3.6, 1.6 + 1.4 * columns), 0.55 + len(parts) * len(metrics) * (0.5 + 0.2 * len(methods)))
    figure, axes = plt.subplots(len(parts) * len(metrics), columns, figsize=size, sharey=True, squeeze=False)
    rows = [(part, metric) for part in parts for metric in metrics]
    for row, (part, metric) in zip(axes, rows, strict=True):
        for axis in row[len(part) :]:
            axis.set_axis_off()
        for axis, name in zip(row, part, strict=False):
            _panel(axis, changes[changes.test_set == name], methods, metric, palette or colours(methods))
            if metric == next(iter(metrics)):
                axis.set_title(LABELS.get(name, name))
        row[0].set_ylabel(metrics[metric].replace(", ", "\n"))
    figure.suptitle(title, fontsize=9)
    return figure


def _panel(axis: Axes, table: pd.DataFrame, methods: list[str], metric: str, palette: Mapping[str, str]) -> None:
    for line, method in enumerate(methods):
        values = table[table.method.eq(method)][metric]
        if len(values):
            spread = values.std() if len(values) > 1 else None
            axis.barh(line, values.mean(), height=0.6, color=palette[method], alpha=0.45, xerr=spread,
                      error_kw={"ecolor": "0.25", "elinewidth": 0.9, "capsize": 2})  # fmt: skip
            axis.plot(values, [line] * len(values), "o", ms=3, color=palette[method], mec="white", mew=0.3)
    axis.axvline(0, color="0.2", lw=0.8)
    axis.set_yticks(range(len(methods)), methods)
    axis.set_ylim(len(methods) - 0.5, -0.5)
    axis.grid(False, axis="y")
    axis.grid(True, axis="x")
    axis.locator_params(axis="x", nbins=3)
    axis.tick_params(axis="x", labelsize=7)
