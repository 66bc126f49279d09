"""Figures about the density of rain: scenes with their densities, and the shares of density bins in data sets."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

Photo = Float[np.ndarray, "h w 3"]
SHADES = ("#C6DBEF", "#6BAED6", "#08519C")  # of three bins, the densest darkest


def density_panels(images: Mapping[str, Photo], densities: Mapping[str, float]) -> Figure:
    """Plot a panel of equal height for each image in [0, 1], its density below the name."""
    ratios = [image.shape[1] / image.shape[0] for image in images.values()]
    height = min(1.7, 7.2 / sum(ratios))
    size = (height * sum(ratios) + 0.2, height + 0.55)
    figure, axes = plt.subplots(1, len(images), figsize=size, width_ratios=ratios, squeeze=False)
    for axis, (name, image) in zip(axes[0], images.items(), strict=True):
        axis.imshow(np.clip(image, 0, 1))
        axis.set_title(f"{name}\n" + rf"$\rho$ = {densities[name]:.3f}", fontsize=8)
        axis.set_axis_off()
    return figure


def share_bars(sets: Mapping[str, Sequence[float]], bins: Sequence[str]) -> Figure:
    """Plot a bar for each set, from the top, divided into the shares of its three bins; shares of 5 % and more are written."""
    figure, axis = plt.subplots(figsize=(6.4, 0.34 * len(sets) + 0.8))
    for row, shares in enumerate(sets.values()):
        left = 0.0
        for share, shade in zip(shares, SHADES, strict=True):
            axis.barh(row, share, left=left, color=shade, height=0.72, lw=0)
            if share >= 0.05:
                ink = "white" if shade == SHADES[-1] else "black"
                axis.text(left + share / 2, row, f"{share:.1%}", ha="center", va="center", fontsize=7.5, color=ink)
            left += share
    axis.set_yticks(range(len(sets)), list(sets))
    axis.set(xlim=(0, 1), xlabel="share of the images")
    axis.invert_yaxis()
    axis.grid(False)
    patches = [plt.Rectangle((0, 0), 1, 1, color=shade) for shade in SHADES]
    figure.legend(patches, [f"density {name}" for name in bins], loc="outside upper center", ncols=3, fontsize=7.5)
    return figure
