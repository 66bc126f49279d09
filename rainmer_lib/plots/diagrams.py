"""Architectures drawn by code: boxes carry the names of classes and attributes, so a diagram can be read beside the source."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

# each kind of box has one colour in every diagram
FILL = {
    "rainy": "#CFE2F1", "clean": "#CDE9DF", "network": "#FBE3B5", "discriminator": "#F3D3E2", "loss": "#FFFFFF",
    "group": "#F4F4F4", "frozen": "#E2DAF0",
}  # fmt: skip
RAINY, CLEAN, INK = "#0072B2", "#009E73", "0.25"


@dataclass(frozen=True)
class Box:
    """A box of a diagram: centre and size in the units of its canvas."""

    x: float
    y: float
    width: float
    height: float

    def edge(self, side: str, shift: float = 0.0) -> tuple[float, float]:
        """Return the middle of a side (`left`, `right`, `top`, `bottom`), moved along it by `shift`."""
        dx, dy = {"left": (-1, 0), "right": (1, 0), "top": (0, 1), "bottom": (0, -1)}[side]
        along = (0, shift) if dx else (shift, 0)
        return self.x + dx * self.width / 2 + along[0], self.y + dy * self.height / 2 + along[1]


def canvas(width: float, height: float, inches: float = 7.2) -> tuple[Figure, Axes]:
    """Create an empty drawing of `width` by `height` units, `inches` wide, with the origin at the lower left."""
    figure, axis = plt.subplots(figsize=(inches, inches * height / width))
    axis.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axis.set_axis_off()
    return figure, axis


def draw_box(axis: Axes, box: Box, kind: str, title: str, name: str = "") -> Box:
    """Draw a box of a kind of `FILL` with its title, and below it a name from the code in monospace; return the box."""
    corner, group = (box.x - box.width / 2, box.y - box.height / 2), kind == "group"
    shape = f"round,pad=0,rounding_size={1.2 if kind in ('rainy', 'clean') else 0.3}"
    edge = {"ec": "0.75" if group else INK, "lw": 0.8, "zorder": 0 if group else 2}
    axis.add_patch(FancyBboxPatch(corner, box.width, box.height, boxstyle=shape, fc=FILL[kind], **edge))
    if group:
        axis.text(box.x, box.y + box.height / 2 - 1.7, title, ha="center", va="center", fontsize=6.5, family="monospace")
        return box
    lift = (0.19 + 0.06 * name.count("\n")) * box.height if name else 0
    axis.text(box.x, box.y + lift, title, ha="center", va="center", fontsize=8, zorder=3)
    axis.text(box.x, box.y - lift, name, ha="center", va="center", fontsize=5.6, family="monospace", zorder=3)
    return box


Point = tuple[float, float]


def draw_arrow(axis: Axes, start: Point, end: Point, colour: str = INK, dashed: bool = False) -> None:
    """Draw an arrow from `start` to `end`; dashed for features, solid for images."""
    shape = {"arrowstyle": "-|>", "color": colour, "lw": 1.0, "mutation_scale": 7, "shrinkA": 1, "shrinkB": 1}
    axis.annotate("", end, start, arrowprops=shape | {"linestyle": (0, (4, 2)) if dashed else "-"}, zorder=1)


def draw_dcdgan() -> Figure:
    """Draw DCD-GAN (paper, Fig. 2) with the names of this library: two cycles, two discriminators, guidance in between.

    Both boxes of `derain` are one network, and so are both boxes of `rerain`.  The paper's figure draws four guidance
    branches; this one draws the two of the default configuration, whose four stacks come from the passes of the cycles.
    """
    figure, axis = canvas(100, 64)
    forward = _cycle(axis, 48, ("R", "rainy"), ("N_R", "derained"), ("R^*", "recovered_rainy"), ("rainy", "clean"))
    backward = _cycle(axis, 18, ("N", "clean"), ("R_N", "rerained"), ("N^*", "recovered_clean"), ("clean", "rainy"))
    for y, text in ((55.5, "forward cycle"), (10.5, "backward cycle")):
        axis.text(1.5, y, text, fontsize=8, style="italic", va="center")
    _discriminator(axis, forward["made"], "top", "$D_N$", "clean_discriminator", ("clean", "$N$"))
    _discriminator(axis, backward["made"], "bottom", "$D_R$", "rainy_discriminator", ("rainy", "$R$"))
    _guidance(axis, forward, backward)
    loss = draw_box(axis, Box(91.5, 33, 15, 9), "loss", "$R$ to $R^*$, $N$ to $N^*$", "colour_cycle\nfrequency")
    draw_arrow(axis, forward["recovered"].edge("bottom"), loss.edge("top"))
    draw_arrow(axis, backward["recovered"].edge("top"), loss.edge("bottom"))
    axis.text(50, 0.6, "solid: images      dashed: stacks of features from the encoder halves of the generators", fontsize=6.5,
              ha="center", va="bottom", color=INK)  # fmt: skip
    return figure


def _cycle(axis: Axes, y: float, source: tuple, made: tuple, recovered: tuple, kinds: tuple[str, str]) -> dict[str, Box]:
    """Draw one cycle from left to right: image, generator, image, other generator, image."""
    names = {"rainy": ("$G_{R2N}$", "derain"), "clean": ("$G_{N2R}$", "rerain")}
    boxes = {}
    for x, key, (symbol, name), kind in zip(
        (8.5, 50, 91.5), ("source", "made", "recovered"), (source, made, recovered), (*kinds, kinds[0]), strict=True
    ):
        boxes[key] = draw_box(axis, Box(x, y, 15, 7.5), kind, f"${symbol}$", name)
    for x, key, kind in ((29, "first", kinds[0]), (71, "second", kinds[1])):
        boxes[key] = draw_box(axis, Box(x, y, 13, 7.5), "network", *names[kind])
    order = ("source", "first", "made", "second", "recovered")
    for left, right in zip(order, order[1:], strict=False):
        draw_arrow(axis, boxes[left].edge("right"), boxes[right].edge("left"))
    return boxes


def _discriminator(axis: Axes, judged: Box, side: str, symbol: str, name: str, real: tuple[str, str]) -> None:
    """Draw a discriminator above or below the image that it judges, and beside it the real image that it sees."""
    y = judged.y + (10.5 if side == "top" else -10.5)
    discriminator = draw_box(axis, Box(50, y, 13, 6.5), "discriminator", symbol, name)
    kind, title = real
    exemplar = draw_box(axis, Box(36, y, 5, 5), kind, title)
    draw_arrow(axis, judged.edge(side), discriminator.edge("bottom" if side == "top" else "top"))
    draw_arrow(axis, exemplar.edge("right"), discriminator.edge("left"))


def _guidance(axis: Axes, forward: dict[str, Box], backward: dict[str, Box]) -> None:
    """Draw the two heads between the cycles: encoder of `derain` to `embed_rainy`, encoder of `rerain` to `embed_clean`."""
    draw_box(axis, Box(50, 33.3, 50, 11.4), "group", "ContrastiveGuidance")
    rainy = draw_box(axis, Box(34, 32, 14, 6.5), "rainy", "$H_R$", "embed_rainy")
    clean = draw_box(axis, Box(66, 32, 14, 6.5), "clean", "$H_N$", "embed_clean")
    contrast = draw_box(axis, Box(50, 32, 14, 6.5), "loss", "Eq. (2)", "patch_contrast")
    for head, colour, side in ((rainy, RAINY, "right"), (clean, CLEAN, "left")):
        draw_arrow(axis, head.edge(side), contrast.edge("left" if side == "right" else "right"), colour, dashed=True)
    draw_arrow(axis, forward["first"].edge("bottom"), rainy.edge("top", -2), RAINY, dashed=True)
    draw_arrow(axis, backward["second"].edge("top", -2), rainy.edge("bottom", 2), RAINY, dashed=True)
    draw_arrow(axis, forward["second"].edge("bottom"), clean.edge("top", 2), CLEAN, dashed=True)
    draw_arrow(axis, backward["first"].edge("top", 2), clean.edge("bottom", -2), CLEAN, dashed=True)
