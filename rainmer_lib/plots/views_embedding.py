"""Figures of prompts: maps of scenes by domain and by rain density, cosines between domains, measures run by run."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rainmer_lib.analysis.view_maps import ViewScenes
from rainmer_lib.plots.style import colours

# each domain has one colour and one mark in all of these figures, that of the published set which it stands in for
DOMAINS = {"day": ("#E69F00", "o"), "haze": ("#009E73", "s"), "night": ("#0072B2", "^")}
DOMAINS |= {"rain13k-train": DOMAINS["day"], "gt-rain-train": DOMAINS["haze"], "gtav-crops-train": DOMAINS["night"]}

Plane = Float[np.ndarray, "n 2"]


def scene_maps(
    maps: Mapping[str, Plane], scenes: ViewScenes, captions: Mapping[str, str], by: str = "domain", columns: int = 2
) -> Figure:
    """Plot a square panel for each map, coloured by `domain` or by `density` of rain; captions go below the titles.

    Marks show the domain in both cases.  Axes have no numbers: coordinates of t-SNE have no meaning.  ValueError on another
    `by`, and on a domain without a mark.
    """
    if by not in ("domain", "density"):
        raise ValueError(f"by={by!r}: choose domain or density")
    _require_marks(scenes.domains)
    rows = -(-len(maps) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(2.7 * columns, 0.4 + 2.75 * rows), squeeze=False)
    for axis in axes.flat[len(maps) :]:
        axis.set_axis_off()
    norm = LogNorm(max(scenes.density.min(), 0.005), scenes.density.max())
    for axis, (title, points) in zip(axes.flat, maps.items(), strict=False):
        for name in dict.fromkeys(scenes.domains):
            colour, mark = DOMAINS[name]
            mine = scenes.domains == name
            shade = {"c": scenes.density[mine], "cmap": "viridis_r", "norm": norm} if by == "density" else {"color": colour}
            dots = axis.scatter(*points[mine].T, s=13, marker=mark, alpha=0.8, lw=0, rasterized=True, **shade)
        axis.set_title("\n".join(filter(None, (title, captions.get(title)))))
        axis.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
        axis.grid(False)
        axis.spines[:].set_visible(True)
    if by == "density":
        bar = figure.colorbar(dots, ax=axes, shrink=0.6, aspect=25, label="rain density")
        bar.ax.minorticks_off()
        ticks = [t for t in (0.01, 0.02, 0.05, 0.1, 0.2, 0.4) if norm.vmin <= t <= norm.vmax]
        bar.set_ticks(ticks, labels=[f"{t:g}" for t in ticks])
    _legend(figure, scenes.domains, plain=by == "density")
    return figure


def _require_marks(domains: np.ndarray) -> None:
    if unknown := set(domains) - set(DOMAINS):
        raise ValueError(f"domains {', '.join(sorted(unknown))}: choose among {', '.join(DOMAINS)}")


def _legend(figure: Figure, domains: np.ndarray, plain: bool) -> None:
    names = list(dict.fromkeys(domains))
    marks = [Line2D([], [], ls="", marker=DOMAINS[n][1], ms=5, color="0.4" if plain else DOMAINS[n][0]) for n in names]
    figure.legend(marks, names, loc="outside lower center", ncols=len(names))


def cosine_figure(maps: Mapping[str, pd.DataFrame], columns: int = 2) -> Figure:
    """Plot mean cosines between domains, a square of numbers for each title, all on one scale that ends at 1."""
    least = min(table.to_numpy().min() for table in maps.values())
    rows = -(-len(maps) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(2.3 * columns + 0.5, 2.1 * rows + 0.2), squeeze=False)
    for axis in axes.flat[len(maps) :]:
        axis.set_axis_off()
    for axis, (title, table) in zip(axes.flat, maps.items(), strict=False):
        shown = axis.imshow(table, cmap="cividis", vmin=min(least, 0.99), vmax=1)
        _numbers(axis, table, shown)
        axis.set_title(title)
        axis.set_xticks(range(len(table)), table.columns)
        axis.set_yticks(range(len(table)), table.index)
        axis.grid(False)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
    figure.colorbar(shown, ax=axes, shrink=0.6, aspect=22, label="mean cosine")
    return figure


def _numbers(axis: Axes, table: pd.DataFrame, shown) -> None:
    for (row, column), value in np.ndenumerate(table.to_numpy()):
        ink = "white" if shown.norm(value) < 0.5 else "black"
        axis.text(column, row, f"{value:.3f}", ha="center", va="center", fontsize=7.5, color=ink)


def view_measure_figure(table: pd.DataFrame, labels: Mapping[str, str], chance: Mapping[str, float]) -> Figure:
    """Plot a panel for each measure of `labels` (column -> title), a group for each view, a colour for each method.

    Dots are seeds, lines their means; a dashed line is the value at chance, for the measures in `chance`.  `table` comes
    from `view_maps.measures_of`.
    """
    methods, views = list(dict.fromkeys(table.method)), list(dict.fromkeys(table["view"]))
    figure, axes = plt.subplots(1, len(labels), figsize=(0.5 + 2.1 * len(labels), 2.5), squeeze=False)
    for axis, (measure, label) in zip(axes[0], labels.items(), strict=True):
        for (method, colour), shift in zip(colours(methods).items(), np.linspace(-0.25, 0.25, len(methods)), strict=True):
            for place, view in enumerate(views):
                values = table[(table.method.eq(method)) & (table["view"] == view)][measure]
                axis.plot([place + shift] * len(values), values, "o", ms=4, color=colour, mec="white", mew=0.4)
                axis.plot([place + shift - 0.1, place + shift + 0.1], [values.mean()] * 2, color=colour, lw=1.8)
        if measure in chance:
            axis.axhline(chance[measure], color="0.4", lw=0.8, ls="--")
        axis.set(title=label, xticks=range(len(views)), xticklabels=views, xlim=(-0.55, len(views) - 0.45))
    lines = [Line2D([], [], color=colour, marker="o", ms=4) for colour in colours(methods).values()]
    figure.legend(lines, methods, loc="outside lower center", ncols=len(methods))
    return figure
