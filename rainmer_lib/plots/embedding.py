"""Maps of features in the plane: rainy, derained and clean points, a panel for each network."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

# what a point is has one colour in every figure
CLOUD_COLOURS = {"rainy": "#0072B2", "derained": "#E69F00", "clean": "#009E73"}


def embedding_figure(
    maps: Mapping[str, Mapping[str, Float[np.ndarray, "_ 2"]]], captions: Mapping[str, str] | None = None
) -> Figure:
    """A square panel for each network, its clouds by name in `CLOUD_COLOURS`; captions go below the titles.

    Axes have no numbers: coordinates of t-SNE have no meaning.  ValueError on a cloud of another name.
    """
    for clouds in maps.values():
        if unknown := set(clouds) - set(CLOUD_COLOURS):
            raise ValueError(f"clouds {', '.join(sorted(unknown))}: choose among {', '.join(CLOUD_COLOURS)}")
    figure, axes = plt.subplots(1, len(maps), figsize=(2.6 * len(maps), 3.1), squeeze=False)
    for axis, (title, clouds) in zip(axes[0], maps.items(), strict=True):
        points, names = np.concatenate(list(clouds.values())), np.repeat(list(clouds), [len(c) for c in clouds.values()])
        order = np.random.default_rng(0).permutation(len(points))  # or the last cloud hides those that it overlaps
        axis.scatter(*points[order].T, s=5, c=[CLOUD_COLOURS[n] for n in names[order]], alpha=0.7, lw=0, rasterized=True)
        axis.set_title("\n".join(filter(None, (title, (captions or {}).get(title)))))
        axis.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
        axis.grid(False)
        axis.spines[:].set_visible(True)
    shown = [name for name in CLOUD_COLOURS if any(name in clouds for clouds in maps.values())]
    dots = [Line2D([], [], color=CLOUD_COLOURS[name], ls="", marker="o", ms=4) for name in shown]
    figure.legend(dots, shown, loc="outside lower center", ncols=len(shown))
    return figure
