"""Figure of rain densities: a night set before and after alignment, beside the sets that it is aligned with."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rainmer_lib.plots.style import colours
from rainmer_lib.rainmer.alignment import EDGES, histogram, shares

Densities = Float[np.ndarray, " images"]


def alignment_figure(
    name: str, before: Densities, chosen: Densities, others: Mapping[str, Densities], edges: Sequence[float] = EDGES
) -> Figure:
    """Plot the densities of the set `name`, left before alignment, right of the chosen subset; the other sets are lines.

    Dotted lines are the edges of the matched bins.  Each bin shows the set's share, and in brackets the target, the mean share
    of the others (only if there are at most three bins).
    """
    figure, axes = plt.subplots(1, 2, figsize=(7, 2.9), sharey=True)
    target = np.mean([shares(values, edges) for values in others.values()], axis=0)
    for axis, title, values in zip(axes, ("before", "aligned"), (before, chosen), strict=True):
        density_histograms(axis, name, values, others)
        axis.set_title(f"{title}: {len(values):,} images")
        _annotate(axis, shares(values, edges), target, edges)
    axes[0].set_ylabel("share of images")
    axes[0].set_ylim(0, 1.3 * axes[0].get_ylim()[1])  # room for the shares
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def density_histograms(axis: Axes, name: str, values: Densities, others: Mapping[str, Densities]) -> None:
    """Draw one set as bars, the others as stepped lines; ten bins from 0 to 0.4, as in the released figure."""
    palette = colours([name, *others])
    heights, edges = histogram(values)
    axis.bar(edges[:-1], heights, width=np.diff(edges), align="edge", color=palette[name], alpha=0.45, lw=0, label=name)
    for other, there in others.items():
        axis.stairs(*histogram(there), color=palette[other], lw=1.6, label=other)
    axis.set(xlabel="rain density", xlim=(0, edges[-1]))


def _annotate(axis: Axes, ours: np.ndarray, target: np.ndarray, edges: Sequence[float]) -> None:
    """Write the shares of the matched bins at the top of the panel; with more than three bins, draw only their edges."""
    limits = [0, *edges, axis.get_xlim()[1]]
    for edge in edges:
        axis.axvline(edge, color="0.45", lw=0.8, ls=":")
    if len(ours) > 3:
        return
    for share, wanted, left, right in zip(ours, target, limits, limits[1:], strict=False):
        middle = (left + min(right, left + 0.08)) / 2
        axis.text(middle, 0.97, f"{share:.0%}\n[{wanted:.0%}]", transform=axis.get_xaxis_transform(), ha="center", va="top",
                  fontsize=6.5)  # fmt: skip
