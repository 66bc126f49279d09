"""Figure of recognition before and after deraining (Fig. 10 of the paper): methods as lines, measures as panels."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rainmer_lib.data.labels import TEST_SET_LABELS
from rainmer_lib.plots.quality_cost import kind_colours, kind_legend
from rainmer_lib.plots.style import WIDTH

ROWS = {"input": "rainy input", "clean": "ground truth"}  # labels of the rows that no method made
GREYS = {"input": "0.65", "clean": "0.25"}  # colours of these rows
UNITS = {"confidence": "P(rain)"}


def seen_figure(means: pd.DataFrame, scores: pd.DataFrame, kinds: Mapping[str, str]) -> Figure:
    """Plot P(rain) on each test set at the left, and precision, recall and F1 of objects at the right, if there are any.

    Bars are means over seeds, dots are seeds, whiskers the bootstrap spread over images.  `means` and `scores` come from
    `recognition_tables`; methods have the colour of their kind (`kinds`: method -> kind), and the other lines are grey.
    """
    lines = list(dict.fromkeys(means.method))
    by_set = means.groupby("test_set", sort=False)
    rain = [(f"rain seen\n{TEST_SET_LABELS.get(name, name)}", table, "confidence") for name, table in by_set]
    objects = [(f"objects\n{name.replace('f1', 'F1')}", scores, name) for name in ("precision", "recall", "f1") if len(scores)]
    panels = rain + objects
    size = (min(WIDTH, 1.6 + max(1.3 * len(panels), 2.4)), 1.15 + 0.24 * len(lines))
    figure, axes = plt.subplots(1, len(panels), figsize=size, sharey=True, squeeze=False)
    palette = GREYS | kind_colours(kinds)
    for axis, (title, table, measure) in zip(axes[0], panels, strict=True):
        for line, method in enumerate(lines):
            _line(axis, line, table[table.method.eq(method)], measure, palette[method])
        axis.set_title(title, fontsize=7.5)  # the longest name of a set is as wide as a panel
        axis.set(xlim=(0, 1.04), yticks=range(len(lines)), xlabel=UNITS.get(measure, "score"))
        axis.set_xticks((0, 0.5, 1), ("0", "0.5", "1"))
        axis.set_yticklabels([ROWS.get(name, name) for name in lines])
        axis.grid(False, axis="y")
        axis.grid(True, axis="x")
    axes[0, 0].set_ylabel("image given to the recogniser")
    axes[0, 0].set_ylim(len(lines) - 0.5, -0.5)
    kind_legend(figure, kinds)
    return figure


def _line(axis: Axes, place: int, rows: pd.DataFrame, measure: str, colour: str) -> None:
    """Draw one method in one panel; nothing if it has no rows."""
    if not len(rows):
        return
    spread = rows[f"{measure}_spread"].mean() if f"{measure}_spread" in rows else None
    axis.barh(place, rows[measure].mean(), height=0.62, color=colour, alpha=0.6, xerr=spread,
              error_kw={"ecolor": "0.25", "elinewidth": 0.9, "capsize": 2})  # fmt: skip
    if len(rows) > 1:
        axis.plot(rows[measure], [place] * len(rows), "o", ms=3, color=colour, mec="white", mew=0.3)
