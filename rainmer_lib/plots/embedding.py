"""Maps of features in the plane, a panel for each network, and the measures of the same features, run by run."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rainmer_lib.plots.style import colours

# each kind of point has one colour in every figure
CLOUD_COLOURS = {"rainy": "#0072B2", "derained": "#E69F00", "clean": "#009E73"}


def embedding_figure(
    maps: Mapping[str, Mapping[str, Float[np.ndarray, "_ 2"]]], captions: Mapping[str, str] | None = None,
    columns: int | None = None,
) -> Figure:
    """Plot a square panel for each network, its clouds by name in `CLOUD_COLOURS`; captions go below the titles.

    `columns`: panels in a row; all of them by default.  Axes have no numbers: coordinates of t-SNE have no meaning.
    ValueError on a cloud of another name.
    """
    for clouds in maps.values():
        if unknown := set(clouds) - set(CLOUD_COLOURS):
            raise ValueError(f"clouds {', '.join(sorted(unknown))}: choose among {', '.join(CLOUD_COLOURS)}")
    columns = columns or len(maps)
    rows = -(-len(maps) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(2.6 * columns, 0.3 + 2.8 * rows), squeeze=False)
    for axis in axes.flat[len(maps) :]:
        axis.set_axis_off()
    for axis, (title, clouds) in zip(axes.flat, maps.items(), strict=False):
        points, names = np.concatenate(list(clouds.values())), np.repeat(list(clouds), [len(c) for c in clouds.values()])
        order = np.random.default_rng(0).permutation(len(points))  # in random order, or the last cloud would hide the others
        axis.scatter(*points[order].T, s=5, c=[CLOUD_COLOURS[n] for n in names[order]], alpha=0.7, lw=0, rasterized=True)
        axis.set_title("\n".join(filter(None, (title, (captions or {}).get(title)))))
        axis.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
        axis.grid(False)
        axis.spines[:].set_visible(True)
    shown = [name for name in CLOUD_COLOURS if any(name in clouds for clouds in maps.values())]
    dots = [Line2D([], [], color=CLOUD_COLOURS[name], ls="", marker="o", ms=4) for name in shown]
    figure.legend(dots, shown, loc="outside lower center", ncols=len(shown))
    return figure


def measure_figure(table: pd.DataFrame, labels: Mapping[str, str]) -> Figure:
    """Plot a panel for each measure of `labels` (column -> title): a group for each layer, a colour for each method.

    Dots are seeds, lines their means.  `table` comes from `feature_maps.measures`.
    """
    methods, taps = list(dict.fromkeys(table.method)), list(dict.fromkeys(table.tap))
    figure, axes = plt.subplots(1, len(labels), figsize=(0.4 + 1.75 * len(labels), 2.4), squeeze=False)
    for axis, (measure, label) in zip(axes[0], labels.items(), strict=True):
        for (method, colour), shift in zip(colours(methods).items(), np.linspace(-0.18, 0.18, len(methods)), strict=True):
            for place, tap in enumerate(taps):
                values = table[(table.method.eq(method)) & (table.tap == tap)][measure]
                axis.plot([place + shift] * len(values), values, "o", ms=4, color=colour, mec="white", mew=0.4)
                axis.plot([place + shift - 0.13, place + shift + 0.13], [values.mean()] * 2, color=colour, lw=1.8)
        axis.set(title=label, xticks=range(len(taps)), xticklabels=taps, xlim=(-0.5, len(taps) - 0.5))
    lines = [Line2D([], [], color=colour, marker="o", ms=4) for colour in colours(methods).values()]
    figure.legend(lines, methods, loc="outside lower center", ncols=len(methods))
    return figure
