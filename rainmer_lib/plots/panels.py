"""Panels of images with one crop enlarged under each, as deraining papers print them."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor


def crop_panels(images: Mapping[str, np.ndarray], box: tuple[int, int, int], captions: Mapping[str, str]) -> Figure:
    """Plot a column for each image: whole above, `box` = (top, left, size) enlarged below, its caption as the title."""
    top, left, size = box
    height, width = next(iter(images.values())).shape[:2]
    column = 1.5
    figure, axes = plt.subplots(
        2, len(images), figsize=(column * len(images), column * (height / width + 1) + 0.45),
        height_ratios=(height / width, 1), squeeze=False,
    )  # fmt: skip
    for (name, image), (whole, zoom) in zip(images.items(), axes.T, strict=True):
        whole.imshow(image)
        whole.add_patch(Rectangle((left, top), size, size, fill=False, ec="#E69F00", lw=1.3))
        zoom.imshow(image[top : top + size, left : left + size], interpolation="nearest")
        whole.set_title(f"{name}\n{captions.get(name, '')}", fontsize=8)
        for axis in (whole, zoom):
            axis.set_xticks([])
            axis.set_yticks([])
            axis.grid(False)
            axis.spines[:].set_visible(axis is zoom)
        zoom.spines[:].set_color("#E69F00")
    return figure


def busiest_box(rainy: np.ndarray, clean: np.ndarray, size: int) -> tuple[int, int, int]:
    """Find the window (top, left, size) of `size` pixels with the most rain, so that nobody picks the crop."""
    residual = np.abs(rainy.astype(float) - clean).mean(axis=2)
    total = residual.cumsum(0).cumsum(1)
    total = np.pad(total, ((1, 0), (1, 0)))
    sums = total[size:, size:] - total[:-size, size:] - total[size:, :-size] + total[:-size, :-size]
    top, left = np.unravel_index(sums.argmax(), sums.shape)
    return int(top), int(left), size


def batch_grid(batches: Mapping[str, Tensor]) -> Figure:
    """Plot a row of images for each named batch (b, 3, h, w) in [0, 1]."""
    count = max(len(batch) for batch in batches.values())
    figure, axes = plt.subplots(len(batches), count, figsize=(1.3 * count, 1.4 * len(batches)), squeeze=False)
    for row, (name, batch) in zip(axes, batches.items(), strict=True):
        for axis, image in zip(row, batch, strict=False):
            axis.imshow(image.permute(1, 2, 0).numpy(), interpolation="nearest")
        for axis in row:
            axis.set_xticks([])
            axis.set_yticks([])
            axis.grid(False)
            axis.spines[:].set_visible(False)
        row[0].set_ylabel(name)
    return figure
