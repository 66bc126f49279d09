"""Figures about rain: its streaks, and models of rain beside each other."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from rainmer_lib.plots.style import WIDTH

Photo = Float[np.ndarray, "h w 3"]


def images_and_changes(columns: Mapping[str, tuple[Photo, Photo]], label: str, scale: float = 0.4) -> Figure:
    """Plot a column for each (image, reference) in [0, 1]: the image, below it image minus reference, colours averaged.

    Blue is darker than the reference, red brighter, white unchanged; the ends of the scale are `-scale` and `scale`.
    """
    height, width = next(iter(columns.values()))[0].shape[:2]
    side = min(1.9, 6.3 / len(columns))
    size = (side * len(columns) + 0.9, 2 * side * height / width + 0.35)
    figure, axes = plt.subplots(2, len(columns), figsize=size, squeeze=False)
    for (name, (image, reference)), (above, below) in zip(columns.items(), axes.T, strict=True):
        above.imshow(image)
        above.set_title(name)
        shown = below.imshow((image - reference).mean(axis=2), cmap="RdBu_r", vmin=-scale, vmax=scale)
        for axis in (above, below):
            axis.set_axis_off()
    figure.colorbar(shown, ax=axes, shrink=0.6, aspect=14, ticks=(-scale, 0, scale), label=label)
    return figure


def planes(images: Mapping[str, Float[np.ndarray, "_ _"]], limits: tuple[float | None, float | None] = (None, None)) -> Figure:
    """Plot a grey panel for each plane, of equal heights, all on the scale `limits`.

    Without limits, each has its own scale from its smallest value to its largest: its contrast then says nothing.
    """
    ratios = [plane.shape[1] / plane.shape[0] for plane in images.values()]
    side = min(1.9, WIDTH / sum(ratios))
    figure, axes = plt.subplots(1, len(images), figsize=(side * sum(ratios), side + 0.3), width_ratios=ratios, squeeze=False)
    for axis, (name, plane) in zip(axes[0], images.items(), strict=True):
        axis.imshow(plane, cmap="gray", interpolation="nearest", vmin=limits[0], vmax=limits[1])
        axis.set_title(name)
        axis.set_axis_off()
    return figure
