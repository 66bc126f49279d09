"""Quality against cost: one panel for each kind of cost, a point for each method."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter, StrMethodFormatter

from rainmer_lib.plots.style import WIDTH

COSTS = {"parameters": "parameters", "GMAC": "GMAC of a 256 x 256 image", "seconds": "processor seconds, 481 x 321"}
MARKERS = {"prior-based": ("D", "#7F7F7F"), "supervised": ("s", "#0072B2"), "semi-supervised": ("h", "#B37700"),
           "unpaired": ("o", "#009E73")}  # fmt: skip


def kind_colours(kinds: Mapping[str, str]) -> dict[str, str]:
    """Return the colour of each method's kind: grey prior-based, blue supervised, ochre semi-supervised, green unpaired."""
    return {method: MARKERS[kind][1] for method, kind in kinds.items()}


def kind_legend(figure: Figure, kinds: Mapping[str, str]) -> None:
    """Name the colours of the kinds that occur, below the panels."""
    patches = [Patch(color=colour, alpha=0.6, label=kind) for kind, (_, colour) in MARKERS.items() if kind in kinds.values()]
    figure.legend(handles=patches, loc="outside lower center", ncols=len(patches), fontsize=7.5)


def quality_cost_figure(quality: pd.Series, cost: pd.DataFrame, label: str, highlighted: str = "") -> Figure:
    """Plot `quality` (a number for each method) against each column of `cost`, whose index is the methods.

    `cost` has the columns kind, parameters, GMAC and seconds (`experiments.cost.costs`).  The axes of cost are logarithmic; a
    method without a number is left out of that panel.  Methods are numbered in the order of `cost`, and the legend names them.
    """
    figure, axes = plt.subplots(1, len(COSTS), figsize=(WIDTH, 3.9), sharey=True)
    numbers = {method: number for number, method in enumerate(cost.index, 1)}
    for axis, (column, title) in zip(axes, COSTS.items(), strict=True):
        table = cost.assign(quality=quality)[["kind", column, "quality"]].dropna()
        _panel(axis, table, column, numbers, highlighted)
        axis.set(xscale="log", xlabel=title)
        wide = table[column].max() > 60 * table[column].min()  # a label for every half decade would touch the next
        axis.xaxis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 3)))
        axis.xaxis.set_major_formatter(EngFormatter(sep="") if column == "parameters" else StrMethodFormatter("{x:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
    axes[0].set_ylabel(label)
    _legend(figure, cost, numbers)
    return figure


def _panel(axis: Axes, table: pd.DataFrame, column: str, numbers: Mapping[str, int], highlighted: str) -> None:
    for name, row in table.iterrows():
        marker, colour = MARKERS[row.kind]
        size = 190 if name == highlighted else 120
        axis.scatter(row[column], row.quality, s=size, marker=marker, color=colour, edgecolor="white", linewidth=0.8, zorder=2)
        axis.annotate(str(numbers[name]), (row[column], row.quality), ha="center", va="center", fontsize=6, color="white",
                      zorder=3)  # fmt: skip
    axis.margins(0.12)


def _legend(figure: Figure, cost: pd.DataFrame, numbers: Mapping[str, int]) -> None:
    """Name the methods of each kind below the panels."""
    columns = list(dict.fromkeys(cost.kind))
    for column, kind in enumerate(columns):
        marker, colour = MARKERS[kind]
        names = "\n".join(f"{numbers[method]}  {method}" for method in cost.index[cost.kind == kind])
        place = (column + 0.08) / len(columns)
        figure.text(place, -0.02, kind, ha="left", va="top", fontsize=8, fontweight="bold", color=colour)
        figure.text(place, -0.08, names, ha="left", va="top", fontsize=7)
