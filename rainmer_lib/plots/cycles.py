"""Figures about the two cycles: the patches that discriminators judge, and an image at each stage of its cycle."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from rainmer_lib.plots.style import colours

Photo = Float[np.ndarray, "h w 3"]


def field_squares(photo: Photo, sides: Mapping[str, int], sensitivity: Float[np.ndarray, "h w"]) -> Figure:
    """Plot a photo with a centred square for each of `sides` (label -> pixels), and a logit's dependence on each pixel."""
    height, width = photo.shape[:2]
    figure, (left, right) = plt.subplots(1, 2, figsize=(5.2, 2.7))
    left.imshow(photo)
    for (name, side), colour in zip(sides.items(), colours(list(sides)).values(), strict=True):
        corner = (width - side) / 2, (height - side) / 2
        left.add_patch(Rectangle(corner, side, side, fill=False, ec=colour, lw=1.6))
        left.text(corner[0], corner[1] - 3, f"{name}: {side}", color=colour, fontsize=7, va="bottom",
                  bbox={"fc": "white", "ec": "none", "pad": 0.8, "alpha": 0.85})  # fmt: skip
    left.set_title("patches that logits judge (pixels)")
    right.imshow(sensitivity / sensitivity.max(), cmap="magma")
    right.set_title("dependence of one logit")
    for axis in (left, right):
        axis.set_axis_off()
    return figure


def cycle_panels(rows: Mapping[str, Sequence[Photo]], columns: Sequence[str]) -> Figure:
    """Plot a row for each pair of maps, its images from left to right under the names of `columns`."""
    height, width = next(iter(rows.values()))[0].shape[:2]
    size = (1.7 * len(columns) + 1.0, 1.75 * height / width * len(rows) + 0.3)
    figure, axes = plt.subplots(len(rows), len(columns), figsize=size, squeeze=False)
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        for axis, image in zip(line, images, strict=True):
            axis.imshow(np.clip(image, 0, 1))
            axis.set(xticks=[], yticks=[])
            axis.grid(False)
            axis.spines[:].set_visible(False)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    for axis, column in zip(axes[0], columns, strict=True):
        axis.set_title(column)
    return figure
