"""Detections drawn on images: one panel for each version of a photo."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from rainmer_lib.evaluation.detection import COCO, Detections
from rainmer_lib.evaluation.detection_scores import SURE, match

_PALETTE = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#D55E00", "#CC79A7")


def class_colour(number: int) -> str:
    """A COCO class keeps its colour in every figure."""
    return _PALETTE[number % len(_PALETTE)]


def box_panels(
    images: Mapping[str, UInt8[np.ndarray, "h w 3"]], found: Mapping[str, Detections], truth: str = "clean", sure: float = SURE
) -> Figure:
    """A panel for each image with what is detected above `sure`, its class and score; titles count the objects.

    Where `truth` names one of them, boxes that it lacks are dashed, and titles count those that it shares.  ValueError if an
    image has no detections.
    """
    if missing := set(images) - set(found):
        raise ValueError(f"no detections of {', '.join(sorted(missing))}")
    shown = {name: found[name].above(sure) for name in images}
    height, width = next(iter(images.values())).shape[:2]
    columns = 2 if len(images) == 4 else min(3, len(images))
    rows = -(-len(images) // columns)
    size = (3.6 * columns, (3.6 * height / width + 0.3) * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, (name, image) in zip(axes.flat, images.items(), strict=False):
        objects = shown[name]
        judged = truth in shown and name != truth
        true = match(objects, shown[truth]) if judged else np.ones(len(objects), bool)
        axis.imshow(image)
        _draw(axis, objects, true)
        title = f"{true.sum()} of {len(shown[truth])} found, {(~true).sum()} wrong" if judged else f"{len(objects)} objects"
        axis.set_title(f"{name}: {title}", fontsize=8)
    return figure


def _draw(axis: Axes, objects: Detections, true: np.ndarray) -> None:
    for (left, top, right, bottom), score, number, seen in zip(
        objects.boxes, objects.scores, objects.classes, true, strict=True
    ):
        colour = class_colour(int(number))
        style = {"fill": False, "ec": colour, "lw": 1.1, "ls": "-" if seen else "--"}
        axis.add_patch(Rectangle((left, top), right - left, bottom - top, **style))
        axis.text(left, top - 1, f"{COCO[number]} {score:.2f}", fontsize=4.5, color="black", va="bottom",
                  bbox={"fc": colour, "ec": "none", "pad": 0.4, "alpha": 0.8}, clip_on=True)  # fmt: skip
