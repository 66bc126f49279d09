"""Diagrams of where prompts enter: the decoder of Rainmer and one of its blocks, with the names of this library."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rainmer_lib.plots.diagrams import INK, Box, canvas, draw_arrow, draw_box
from rainmer_lib.plots.prompts import PARTS

PLACEMENTS = ("attention", "residual")


def draw_placements() -> Figure:
    """Draw a decoder block for each `prompt_placement`: the input of `prompts`, and where its result is added."""
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.5))
    for axis, placement in zip(axes, PLACEMENTS, strict=True):
        axis.set(xlim=(0, 60), ylim=(1, 61), aspect="equal")
        axis.set_axis_off()
        axis.set_title(f"prompt_placement = {placement}", family="monospace", fontsize=8)
        _block(axis, placement)
    return figure


def _block(axis: Axes, placement: str) -> None:
    """Draw a block from the bottom up: the stream x at the left, its branches at the right."""
    within = placement == "attention"
    x, branch, prompted = 10, 28, 50
    attention = draw_box(axis, Box(branch, 14, 18, 8), "network", "$o$", "attention")
    prompts = draw_box(axis, Box(prompted, 20 if within else 31, 15, 8), "rainy", "$P$", "prompts")
    feed = draw_box(axis, Box(branch, 48, 18, 8), "network", "two scales", "feed_forward")
    for place in ((x, 26), (x, 56), (branch, 26) if within else (x, 38)):
        axis.text(*place, "+", ha="center", va="center", fontsize=10,
                  bbox={"boxstyle": "circle,pad=0.12", "fc": "white", "ec": INK, "lw": 0.8}, zorder=3)  # fmt: skip
    axis.plot([x, x], [3, 60], color=INK, lw=1.2, zorder=1)
    axis.text(x - 2, 3, "$x$", ha="right", va="center")
    for box, height in ((attention, 6), (feed, 41)):
        _path(axis, (x, height), (box.x, height), box.edge("bottom"))
    if within:
        draw_arrow(axis, attention.edge("top"), (branch, 24.2))
        draw_arrow(axis, (branch, 20), prompts.edge("left"))
        _path(axis, (prompted, 24), (prompted, 26), (branch + 2, 26))
        draw_arrow(axis, (branch - 2, 26), (x + 2, 26))
    else:
        _path(axis, attention.edge("top"), (branch, 26), (x + 2, 26))
        draw_arrow(axis, (x, 31), prompts.edge("left"))
        _path(axis, prompts.edge("top"), (prompted, 38), (x + 2, 38))
    _path(axis, feed.edge("top"), (branch, 56), (x + 2, 56))
    axis.text(prompted, prompts.y - 8.2, "$z$ of the\nwhole image", ha="center", va="center", fontsize=6.5, color=INK)
    draw_arrow(axis, (prompted, prompts.y - 6), prompts.edge("bottom"))


def _path(axis: Axes, start: tuple[float, float], corner: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw a line from start to corner, and an arrow from there to the end."""
    axis.plot(*zip(start, corner, strict=True), color=INK, lw=1.0, zorder=1)
    draw_arrow(axis, corner, end)


def draw_decoder(width: int = 48) -> Figure:
    """Draw the whole network with channels and sizes: encoder at the left, latent below, prompted decoder at the right."""
    figure, axis = canvas(100, 58)
    sizes = ("$1$", "$1/2$", "$1/4$", "$1/8$")
    heights = (43, 31, 19, 7)
    down = [draw_box(axis, Box(34, heights[i], 17, 7), "network", f"{width * 2**i}, size {sizes[i]}", f"encoder.{i}")
            for i in range(3)]  # fmt: skip
    latent = draw_box(axis, Box(52, heights[3], 17, 7), "network", f"{8 * width}, size {sizes[3]}", "latent")
    channels = (2 * width, 2 * width, 4 * width)
    up = [draw_box(axis, Box(70, heights[i], 17, 7), "clean", f"{channels[i]}, size {sizes[i]}", f"decoder.{2 - i}")
          for i in range(3)]  # fmt: skip
    crop = draw_box(axis, Box(12, 43, 14, 6), "loss", "crop or tile")
    embed = draw_box(axis, Box(12, 32, 14, 6), "network", "$X$", "embed")
    interact = draw_box(axis, Box(34, 54, 17, 6), "rainy", "$Y$", "interaction")
    locate = draw_box(axis, Box(12, 54, 14, 6), "rainy", "$L$", "locate")
    leave = draw_box(axis, Box(70, 54, 17, 6), "network", "+ image", "refine, leave")
    views = draw_box(axis, Box(92, 54, 13, 6), "rainy", "whole image", "encode")
    for left, right in zip(down, up, strict=True):
        draw_arrow(axis, left.edge("right"), right.edge("left"), dashed=True)
    for chain in ((interact, *down), (*reversed(up), leave)):
        for one, other in zip(chain, chain[1:], strict=False):
            sides = ("bottom", "top") if one.y > other.y else ("top", "bottom")
            draw_arrow(axis, one.edge(sides[0]), other.edge(sides[1]))
    _path(axis, down[2].edge("bottom"), (34, heights[3]), latent.edge("left"))
    _path(axis, latent.edge("right"), (70, heights[3]), up[2].edge("bottom"))
    draw_arrow(axis, locate.edge("right"), interact.edge("left"))
    draw_arrow(axis, crop.edge("top"), locate.edge("bottom"))
    draw_arrow(axis, crop.edge("bottom"), embed.edge("top"))
    _path(axis, embed.edge("right"), (22, 32), (22, 52.5))
    draw_arrow(axis, (22, 52.5), interact.edge("left", -1.5))
    for shift, (name, colour) in zip((-1.6, 1.6), PARTS.items(), strict=True):
        x = views.x + shift
        axis.plot([x, x], [51, heights[2] - shift / 2], color=colour, lw=1.3, zorder=1)
        axis.text(x + shift / 2, 37, f"$z$, {name}", rotation=90, fontsize=5.8, color=colour, va="center",
                  ha="left" if shift > 0 else "right")  # fmt: skip
        for box in up:
            draw_arrow(axis, (x, box.y - shift / 2), box.edge("right", -shift / 2), colour)
    axis.text(50, 0.3, "dashed: features of the same size, joined      green: blocks with prompts; $z$ is one vector an image",
              fontsize=6.5, ha="center", va="bottom", color=INK)  # fmt: skip
    return figure
