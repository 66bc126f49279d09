"""Detections drawn on images: one panel for each version of a photo."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from rainmer_lib.downstream.detection_scores import SURE, match
from rainmer_lib.downstream.detector import COCO, Detections
from rainmer_lib.plots.style import WIDTH

_PALETTE = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#D55E00", "#CC79A7")
LARGEST = 3.6  # width of a panel in inches
LABEL = 4.5  # font size of a label in points


def class_colour(number: int) -> str:
    """Return the colour of a COCO class, the same in every figure."""
    return _PALETTE[number % len(_PALETTE)]


def box_panels(
    images: Mapping[str, UInt8[np.ndarray, "h w 3"]], found: Mapping[str, Detections], truth: str = "clean", sure: float = SURE
) -> Figure:
    """Plot a panel for each image with its detections above `sure`, their classes and scores; titles count the objects.

    `truth` names the image whose detections are the ground truth, if there is one: boxes without a match in it are dashed, and
    titles count those with a match.  The most confident boxes are labelled first; a label that would cover another is left
    out.  ValueError if an image has no detections.
    """
    if missing := set(images) - set(found):
        raise ValueError(f"no detections of {', '.join(sorted(missing))}")
    shown = {name: found[name].above(sure) for name in images}
    height, width = next(iter(images.values())).shape[:2]
    columns = 2 if len(images) == 4 else min(3, len(images))
    rows = -(-len(images) // columns)
    panel = min(LARGEST, WIDTH / columns)
    size = (panel * columns, (panel * height / width + 0.3) * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, (name, image) in zip(axes.flat, images.items(), strict=False):
        objects = shown[name]
        judged = truth in shown and name != truth
        true = match(objects, shown[truth]) if judged else np.ones(len(objects), bool)
        axis.imshow(image)
        _draw(axis, objects, true, panel)
        title = f"{true.sum()} of {len(shown[truth])} found, {(~true).sum()} wrong" if judged else f"{len(objects)} objects"
        axis.set_title(f"{name}:\n{title}" if columns > 2 else f"{name}: {title}", fontsize=8)
    return figure


def _draw(axis: Axes, objects: Detections, true: np.ndarray, panel: float) -> None:
    for (left, top, right, bottom), number, matched in zip(objects.boxes, objects.classes, true, strict=True):
        style = {"fill": False, "ec": class_colour(int(number)), "lw": 1.1, "ls": "-" if matched else "--"}
        axis.add_patch(Rectangle((left, top), right - left, bottom - top, **style))
    pixels = axis.get_images()[0].get_array().shape[1] / (72 * panel)  # pixels of the image to a point of the figure
    labelled: list[Bbox] = []
    for i in np.argsort(-objects.scores, kind="stable"):
        left, top = objects.boxes[i, :2]
        text = f"{COCO[objects.classes[i]]} {objects.scores[i]:.2f}"
        place = Bbox.from_bounds(left, top, 0.6 * LABEL * pixels * len(text), 1.4 * LABEL * pixels)
        if any(place.overlaps(other) for other in labelled):
            continue
        labelled.append(place)
        axis.text(left, top - 1, text, fontsize=LABEL, color="black", va="bottom", clip_on=True,
                  bbox={"fc": class_colour(int(objects.classes[i])), "ec": "none", "pad": 0.4, "alpha": 0.8})  # fmt: skip
