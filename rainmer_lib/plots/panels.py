"""Panels of images with one crop enlarged under each, as deraining papers print them."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.ndimage import gaussian_filter, gaussian_gradient_magnitude
from torch import Tensor

from rainmer_lib.data.batches import PairedBatch

SLOW = 8.0  # pixels: a standard deviation; wider than a streak, narrower than a cloud of haze


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
    return _largest(_sums(np.abs(rainy.astype(float) - clean).mean(axis=2), size), size)


def streak_box(rainy: np.ndarray, clean: np.ndarray, size: int) -> tuple[int, int, int]:
    """Find the window (top, left, size) in which streaks, and what is left of them, are seen best; nobody picks it.

    Of the third of the windows in which the clean image is smoothest, it is the one with the most streaks: what a high-pass
    leaves of the rain.  Haze and veils, which change slowly, count for nothing.  Images are 8-bit or floats, (h, w, 3).
    """
    rain = (rainy.astype(float) - clean).mean(axis=2)
    streaks = _sums(np.abs(rain - gaussian_filter(rain, SLOW)), size)
    detail = _sums(gaussian_gradient_magnitude(clean.astype(float).mean(axis=2), 1), size)
    return _largest(np.where(detail <= np.quantile(detail, 1 / 3), streaks, -1), size)


def _sums(plane: np.ndarray, size: int) -> np.ndarray:
    """Sum a plane over every window of `size` pixels a side, by the window's top left corner."""
    total = np.pad(plane.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    return total[size:, size:] - total[:-size, size:] - total[size:, :-size] + total[:-size, :-size]


def _largest(sums: np.ndarray, size: int) -> tuple[int, int, int]:
    top, left = np.unravel_index(sums.argmax(), sums.shape)
    return int(top), int(left), size


def pair_grid(batches: Mapping[str, PairedBatch]) -> Figure:
    """Plot a row for each named batch of pairs: each rainy crop with the clean one beside it."""
    return batch_grid({name: torch.stack([b.rainy, b.clean], 1).flatten(0, 1) for name, b in batches.items()})


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
