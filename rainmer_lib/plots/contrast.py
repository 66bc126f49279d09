"""Figures about the contrastive loss: who is compared with whom, where embeddings go, where a patch is found again."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

# what a patch is to the query has one colour in every figure
ROLES = {"query": "#000000", "positive": "#009E73", "internal": "#D55E00", "external": "#0072B2"}

Photo = Float[np.ndarray, "h w 3"]
Places = Int[np.ndarray, "n 2"]


def candidates(
    images: Mapping[str, Photo], places: Places, other_places: Places, query: int, stride: int
) -> Figure:
    """The candidates of one query: three images with their patches, in the order translated, source, other image.

    `places` (row, column) in the feature map, `stride` pixels a step, are the same in translated image and source; number
    `query` is the query there and the positive here, all others are internal negatives.  `other_places` are external.
    """
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.75))
    for axis, (name, image) in zip(axes, images.items(), strict=True):
        axis.imshow(image, alpha=0.75)
        axis.set_title(name)
        axis.set_axis_off()
    internal = np.delete(places, query, axis=0)
    _dots(axes[1], internal, stride, "internal")
    _dots(axes[2], other_places, stride, "external")
    for axis, role in ((axes[0], "query"), (axes[1], "positive")):
        row, column = places[query] * stride
        axis.add_patch(Rectangle((column - 6, row - 6), 12 + stride, 12 + stride, fill=False, ec=ROLES[role], lw=2.2))
    for axis, text in zip(axes, (
        "1 query", f"1 positive, {len(internal)} internal negatives", f"{len(other_places)} external negatives",
    ), strict=True):  # fmt: skip
        axis.text(0.5, -0.03, text, transform=axis.transAxes, ha="center", va="top", fontsize=8)
    return figure


def _dots(axis: Axes, places: Places, stride: int, role: str) -> None:
    rows, columns = (places * stride + stride / 2).T
    axis.scatter(columns, rows, s=9, marker="s", color=ROLES[role], lw=0)


def circles(panels: Mapping[str, Mapping[str, tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2"]]]]) -> Figure:
    """Embeddings of two values on the unit circle, before and after: title -> {"query": (before, after), "key": ...}.

    Hollow marks are where they began.  Queries are drawn inside of the circle, keys on it, in the colours of their place.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(2.7 * len(panels), 2.9), squeeze=False)
    for axis, (title, points) in zip(axes[0], panels.items(), strict=True):
        axis.add_patch(Circle((0, 0), 1, fill=False, ec="0.8"))
        for name, radius, marker in (("key", 1.0, "s"), ("query", 0.8, "o")):
            before, after = points[name]
            colours = plt.cm.tab10(np.arange(len(before)))
            axis.scatter(*(radius * before).T, s=34, marker=marker, facecolors="none", edgecolors=colours, lw=0.9)
            axis.scatter(*(radius * after).T, s=34, marker=marker, color=colours, zorder=3)
        axis.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal", title=title)
        axis.set_axis_off()
    figure.supxlabel("squares: keys, dots: queries; hollow: before", fontsize=8)
    return figure


def similarity_maps(
    query_image: Photo, source: Photo, place: tuple[int, int], maps: Mapping[str, Float[np.ndarray, "i j"]], stride: int
) -> Figure:
    """A patch of one image, and how similar each place of another one is to it; a cross marks the same place."""
    figure, axes = plt.subplots(1, 2 + len(maps), figsize=(1.8 * (2 + len(maps)), 2.2))
    row, column = (stride * step + stride / 2 for step in place)
    for axis, (name, image) in zip(axes, {"query in $N_R$": query_image, "its place in $R$": source}.items(), strict=False):
        axis.imshow(image)
        axis.set_title(name)
        axis.add_patch(Rectangle((column - 8, row - 8), 16, 16, fill=False, ec="#E69F00", lw=1.8))
    for axis, (name, plane) in zip(axes[2:], maps.items(), strict=True):
        shown = axis.imshow(plane, cmap="magma", vmin=0, vmax=1)
        axis.plot(place[1], place[0], "+", color="#009E73", ms=9, mew=2)
        axis.set_title(name)
    for axis in axes:
        axis.set_axis_off()
    figure.colorbar(shown, ax=axes[-1], shrink=0.8, label="similarity")
    return figure
