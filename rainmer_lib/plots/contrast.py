"""Figures about the contrastive loss: a query and its candidates, embeddings before and after, maps of similarity."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

# each role of a patch towards the query has one colour in every figure
ROLES = {"query": "#000000", "positive": "#009E73", "internal": "#D55E00", "external": "#0072B2"}

Photo = Float[np.ndarray, "h w 3"]
Locations = Int[np.ndarray, "n 2"]


def candidates(
    images: Mapping[str, Photo], locations: Locations, other_locations: Locations, query: int, stride: int
) -> Figure:
    """Plot the candidates of one query on three images with their patches, in the order translated, source, other image.

    `locations` (row, column) in the feature map, `stride` pixels a step, are the same in the translated image and the source;
    number `query` is the query in the former and the positive in the latter, all others are internal negatives.
    `other_locations` are external negatives.
    """
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.75))
    for axis, (name, image) in zip(axes, images.items(), strict=True):
        axis.imshow(image, alpha=0.75)
        axis.set_title(name)
        axis.set_axis_off()
    internal = np.delete(locations, query, axis=0)
    _dots(axes[1], internal, stride, "internal")
    _dots(axes[2], other_locations, stride, "external")
    for axis, role in ((axes[0], "query"), (axes[1], "positive")):
        row, column = locations[query] * stride
        axis.add_patch(Rectangle((column - 6, row - 6), 12 + stride, 12 + stride, fill=False, ec=ROLES[role], lw=2.2))
    for axis, text in zip(axes, (
        "1 query", f"1 positive, {len(internal)} internal negatives", f"{len(other_locations)} external negatives",
    ), strict=True):  # fmt: skip
        axis.text(0.5, -0.03, text, transform=axis.transAxes, ha="center", va="top", fontsize=8)
    return figure


def _dots(axis: Axes, locations: Locations, stride: int, role: str) -> None:
    rows, columns = (locations * stride + stride / 2).T
    axis.scatter(columns, rows, s=9, marker="s", color=ROLES[role], lw=0)


def circles(panels: Mapping[str, Mapping[str, tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, "n 2"]]]]) -> Figure:
    """Plot two-dimensional embeddings on the unit circle, before and after: title -> {"query": (before, after), "key": ...}.

    Hollow marks are the embeddings before.  Queries are drawn inside the circle, keys on it; each patch location has a colour.
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
    query_image: Photo, source: Photo, location: tuple[int, int], maps: Mapping[str, Float[np.ndarray, "i j"]], stride: int
) -> Figure:
    """Plot a patch of one image, and the similarity of each location of another image to it; a cross marks its location."""
    figure, axes = plt.subplots(1, 2 + len(maps), figsize=(1.8 * (2 + len(maps)), 2.2))
    row, column = (stride * step + stride / 2 for step in location)
    for axis, (name, image) in zip(axes, {"query in $N_R$": query_image, "same location in $R$": source}.items(), strict=False):
        axis.imshow(image)
        axis.set_title(name)
        axis.add_patch(Rectangle((column - 8, row - 8), 16, 16, fill=False, ec="#E69F00", lw=1.8))
    for axis, (name, plane) in zip(axes[2:], maps.items(), strict=True):
        shown = axis.imshow(plane, cmap="magma", vmin=0, vmax=1)
        axis.plot(location[1], location[0], "+", color="#009E73", ms=9, mew=2)
        axis.set_title(name)
    for axis in axes:
        axis.set_axis_off()
    figure.colorbar(shown, ax=axes[-1], shrink=0.8, label="similarity")
    return figure
