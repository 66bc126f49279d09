"""Diagram of Rainmer with the names of classes and attributes, in the style of `diagrams.draw_dcdgan`."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rainmer_lib.plots.diagrams import CLEAN, INK, RAINY, Box, canvas, draw_arrow, draw_box

TOP, MIDDLE, BOTTOM = 65, 46, 17  # heights of the three rows: keys, view encoder, backbone
TRAINING = "#6A51A3"


def draw_rainmer() -> Figure:
    """Draw Rainmer with the names of this library: backbone below, view encoder above it, contrastive learning on top.

    Both boxes of `stem` are one module.  The top row exists only in training: keys are made from the image and from earlier
    images, and encoded by a momentum copy of the encoder.  Gradients flow back from there only through the features.
    """
    figure, axis = canvas(124, 71)
    row = _backbone(axis)
    heads = _views(axis, row)
    _contrast(axis, heads)
    axis.text(62, 0.4, "solid: path of the image      dashed: features of the views      violet: only in training",
              fontsize=6.5, ha="center", va="bottom", color=INK)  # fmt: skip
    return figure


def _backbone(axis: Axes) -> dict[str, Box]:
    """Draw crop, embedding, interaction, three levels down, latent, three levels up, refinement, result and its loss."""
    draw_box(axis, Box(61.9, BOTTOM - 1.4, 92, 16), "group", "backbone, interaction")
    names = (
        ("crop", "rainy", "$I$", "crop"), ("embed", "network", "embed", "patch\nlevel0"),
        ("join", "network", "join", "SpatialChannel\nInteraction"), ("encoder", "network", "encoder", "Transformer\nBlock"),
        ("latent", "network", "latent", "Transformer\nBlock"), ("decoder", "network", "decoder", "Transformer\nBlock"),
        ("refine", "network", "refine", "MEFC"), ("derained", "clean", "$O$", "derained"),
    )  # fmt: skip
    row = {key: draw_box(axis, Box(8 + 15.4 * i, BOTTOM - 0.9, 12.2, 8), kind, title, name)
           for i, (key, kind, title, name) in enumerate(names)}  # fmt: skip
    order = list(row.values())
    for left, right in zip(order, order[1:], strict=False):
        draw_arrow(axis, left.edge("right"), right.edge("left"))
    _around(axis, row["encoder"], row["decoder"], BOTTOM - 8.4, "skips")
    _around(axis, row["crop"], row["derained"], BOTTOM - 13.2, "+ $I$")
    loss = draw_box(axis, Box(row["derained"].x, 32, 12.2, 8), "loss", "$O$ to $B$", "charbonnier\nssim")
    draw_arrow(axis, row["derained"].edge("top"), loss.edge("bottom"))
    return row


def _around(axis: Axes, start: Box, end: Box, y: float, text: str) -> None:
    """Draw a path below the row, from the bottom of one box to the bottom of another."""
    (x1, y1), (x2, y2) = start.edge("bottom"), end.edge("bottom")
    axis.plot([x1, x1, x2], [y1, y, y], color=INK, lw=1.0, zorder=1, solid_joinstyle="miter")
    draw_arrow(axis, (x2, y), (x2, y2))
    axis.text((x1 + x2) / 2, y + 0.5, text, fontsize=6, ha="center", va="bottom", color=INK)


def _views(axis: Axes, row: dict[str, Box]) -> dict[str, Box]:
    """Draw the whole image's path through stem and heads to the prompts, and the crop's through the stem."""
    whole = draw_box(axis, Box(8, MIDDLE - 0.9, 12.2, 8), "rainy", "whole $I$", "view_of")
    draw_box(axis, Box(46.5, MIDDLE, 45, 22), "group", "ViewEncoder")
    stem = draw_box(axis, Box(32, MIDDLE - 0.9, 13, 8), "network", "location", "stem")
    light = draw_box(axis, Box(58, MIDDLE + 3.6, 16, 6.8), "network", "illumination", "ViewHead")
    appearance = draw_box(axis, Box(58, MIDDLE - 5.4, 16, 6.8), "network", "appearance", "ViewHead")
    prompts = draw_box(axis, Box(row["decoder"].x, 32, 13, 7.5), "network", "prompts", "BlockPrompts")
    crop_stem = draw_box(axis, Box(row["join"].x, 29, 12.2, 7), "network", "location", "stem")
    draw_arrow(axis, whole.edge("right"), stem.edge("left"))
    for head in (light, appearance):
        draw_arrow(axis, stem.edge("right"), head.edge("left"))
        draw_arrow(axis, head.edge("right"), prompts.edge("left", 1.5 if head is light else -1), RAINY, dashed=True)
    draw_arrow(axis, row["crop"].edge("top"), crop_stem.edge("left"))
    draw_arrow(axis, crop_stem.edge("bottom"), row["join"].edge("top"), RAINY, dashed=True)
    draw_arrow(axis, prompts.edge("bottom"), row["decoder"].edge("top"), RAINY, dashed=True)
    return {"whole": whole, "illumination": light, "appearance": appearance}


def _contrast(axis: Axes, views: dict[str, Box]) -> None:
    """Draw memory bank, keys, momentum encoder, and the two losses that compare the queries with the keys."""
    memory_bank = draw_box(axis, Box(8, TOP, 12.2, 8), "frozen", "earlier $I$", "MemoryBank")
    keys = draw_box(axis, Box(32, TOP, 20, 8), "frozen", "positive, negatives", "build_keys")
    follower = draw_box(axis, Box(58, TOP, 17, 8), "frozen", "EMA copy", "MomentumEncoder")
    first = draw_box(axis, Box(96, TOP, 22, 6.4), "loss", "similarity", "illumination")
    second = draw_box(axis, Box(96, TOP - 10.5, 22, 6.4), "loss", "similarity", "degradation_detail")
    draw_arrow(axis, views["whole"].edge("top"), memory_bank.edge("bottom"), TRAINING)
    draw_arrow(axis, views["whole"].edge("top", 3), keys.edge("bottom", -6), TRAINING)
    draw_arrow(axis, memory_bank.edge("right"), keys.edge("left"), TRAINING)
    draw_arrow(axis, keys.edge("right"), follower.edge("left"), TRAINING)
    for loss in (first, second):
        draw_arrow(axis, follower.edge("right"), loss.edge("left", 1.2), TRAINING, dashed=True)
    draw_arrow(axis, views["illumination"].edge("right", 1.5), first.edge("left", -1.8), CLEAN, dashed=True)
    draw_arrow(axis, views["appearance"].edge("right", 2.0), second.edge("left", -1.8), CLEAN, dashed=True)
