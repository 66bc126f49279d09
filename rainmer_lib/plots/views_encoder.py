"""Figures about the view encoder: a diagram with the output size of each part, and rain read off location features."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rainmer_lib.plots.diagrams import INK, Box, canvas, draw_arrow, draw_box
from rainmer_lib.plots.style import WIDTH
from rainmer_lib.rainmer.encoder import HEAD_OF

Photo = Float[np.ndarray, "h w 3"]
Plane = Float[np.ndarray, "h w"]


def draw_encoder(shapes: Mapping[str, tuple[int, ...]]) -> Figure:
    """Draw the encoder, its two vectors and its map with the names of this library; `shapes` from `rainmer.encoder_shapes`.

    The stem is drawn twice but is one module: it sees the whole image for the prompts, and the crop for the location.
    """
    size = {name: " x ".join(map(str, shape)) for name, shape in shapes.items()}
    figure, axis = canvas(100, 41)
    draw_box(axis, Box(33.5, 22, 33, 32), "group", "ViewEncoder")
    whole = draw_box(axis, Box(7, 25, 12, 8), "rainy", "whole", size["whole"])
    crop = draw_box(axis, Box(7, 10.5, 12, 7), "rainy", "crop", size["crop"])
    stem = draw_box(axis, Box(24, 25, 10, 7), "network", "stem", "stem")
    again = draw_box(axis, Box(24, 10.5, 10, 6), "network", "same stem", "locate")
    places = {"illumination": 31, "appearance": 19}
    heads = {name: draw_box(axis, Box(42, y, 13, 7), "network", "head", name) for name, y in places.items()}
    location = draw_box(axis, Box(62, 10.5, 17, 6), "clean", "location map", size["location"])
    for left, right in ((whole, stem), (crop, again), (again, location)):
        draw_arrow(axis, left.edge("right"), right.edge("left"))
    for head in heads.values():
        draw_arrow(axis, stem.edge("right"), head.edge("left"))
    for view, y in (("illumination", 34), ("degradation", 24), ("detail", 17.3)):
        head = HEAD_OF[view]
        box = draw_box(axis, Box(62, y, 17, 5.6), "loss", view, size[view])
        draw_arrow(axis, heads[head].edge("right"), box.edge("left"), dashed=True)
    for y, head in ((30, "illumination"), (20, "appearance")):
        box = draw_box(axis, Box(88, y, 20, 6), "clean", "prompt, length 1", size[f"{head} prompt"])
        _around(axis, heads[head], box, 28.6 if head == "illumination" else 20.6)
    for x, y, text in ((62, 38.8, "for contrast"), (88, 38.8, "for the decoder"), (88, 10.5, "for the interaction")):
        axis.text(x, y, text, ha="center", va="center", fontsize=7.5, style="italic", color=INK)
    draw_arrow(axis, location.edge("right"), (78, 10.5))
    legend = "solid: images, maps, vectors used in inference      dashed: features compared in training only"
    axis.text(50, 1.5, legend, fontsize=6.5, ha="center", va="bottom", color=INK)
    return figure


def _around(axis: Axes, head: Box, prompt: Box, y: float) -> None:
    """Draw an arrow from a head to its prompt, between the boxes of the features."""
    draw_arrow(axis, (head.edge("right")[0], y), (prompt.edge("left")[0], y))


def location_figure(photo: Photo, maps: Mapping[str, Plane], captions: Mapping[str, str], scale: float = 0.5) -> Figure:
    """Plot a rainy photo, then maps of rain on one scale up to `scale`: the ground truth, and those read off features."""
    panels = {"rainy": photo} | dict(maps)
    ratio = photo.shape[0] / photo.shape[1]
    side = min(1.75, (WIDTH - 0.5) / len(panels))
    figure, axes = plt.subplots(1, len(panels), figsize=(side * len(panels) + 0.5, side * ratio + 0.7), squeeze=False)
    for axis, (name, image) in zip(axes[0], panels.items(), strict=True):
        shown = axis.imshow(np.clip(image, 0, 1), cmap="magma", vmin=0, vmax=scale, interpolation="nearest")
        axis.set_title("\n".join(filter(None, (name, captions.get(name)))))
        axis.set_axis_off()
    figure.colorbar(shown, ax=axes[0], shrink=0.7, aspect=12, ticks=(0, scale), label="rain")
    return figure

