"""One photo under many methods, sized for a page: two whole images at the left, the same window of every image at the right."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from rainmer_lib.plots.panels import busiest_box, crop_panels, streak_box
from rainmer_lib.plots.style import WIDTH

Image = UInt8[np.ndarray, "h w 3"]
FEW = 4  # images that fit side by side on a page
FRAME = "#E69F00"


def window_grid(
    images: Mapping[str, Image], box: tuple[int, int, int], captions: Mapping[str, str], whole: tuple[str, str], title: str = ""
) -> Figure:
    """Plot images of one size: the two that `whole` names entirely, and the window `box` = (top, left, size) of all enlarged.

    Titles are names with captions below.  ValueError if `whole` names an image that is not there, if sizes differ, or
    if the box leaves the image.
    """
    check_box(images, box, whole)
    top, left, size = box
    columns = max(3, -(-len(images) // 2))  # with fewer, a window would be larger than the whole image
    height, width = images[whole[0]].shape[:2]
    share = min(1.6, width / height)  # ratio of a whole image's width to a window's
    side = WIDTH / (share + columns)
    figure = plt.figure(figsize=(WIDTH, 2 * side + 0.95))
    places = figure.add_gridspec(2, 1 + columns, width_ratios=(share, *[1] * columns))
    for row, name in enumerate(whole):
        axis = figure.add_subplot(places[row, 0])
        show(axis, images[name], name, "whole")
        axis.add_patch(Rectangle((left, top), size, size, fill=False, ec=FRAME, lw=1.2))
    for number, (name, image) in enumerate(images.items()):
        axis = figure.add_subplot(places[number // columns, 1 + number % columns])
        show(axis, image[top : top + size, left : left + size], name, captions.get(name, ""))
        axis.spines[:].set(visible=True, color=FRAME)
    if title:
        figure.suptitle(title, fontsize=9)
    return figure


def streak_windows(images: Mapping[str, Image], captions: Mapping[str, str], title: str = "", size: int = 80) -> Figure:
    """Plot images of one pair, with `rainy` and `clean` among them, and enlarge the window of `panels.streak_box` in each.

    Up to `FEW` images stand side by side, more of them as `window_grid` places them.
    """
    box = streak_box(images["rainy"], images["clean"], size)
    if len(images) > FEW:
        return window_grid(images, box, captions, ("rainy", "clean"), title)
    figure = crop_panels(images, box, captions)
    if title:
        figure.suptitle(title, fontsize=9)
    return figure


def most_changed(rainy: Image, outputs: list[Image], size: int) -> tuple[int, int, int]:
    """Find the window (top, left, size) that the outputs change most on average, so that the crop favours no method."""
    return busiest_box(rainy, np.mean([output.astype(np.float64) for output in outputs], axis=0), size)


def check_box(images: Mapping[str, Image], box: tuple[int, int, int], whole: tuple[str, str]) -> None:
    """Raise ValueError if an image of `whole` is missing, if sizes differ, or if `box` = (top, left, size) leaves the image."""
    if missing := [name for name in whole if name not in images]:
        raise ValueError(f"no image {', '.join(missing)} among {', '.join(images)}")
    sizes = {image.shape for image in images.values()}
    top, left, size = box
    height, width = images[whole[0]].shape[:2]
    if len(sizes) > 1 or min(top, left) < 0 or top + size > height or left + size > width:
        raise ValueError(f"need images of one size and a box in them, got sizes {sorted(sizes)} and box {box}")


def show(axis: Axes, image: Image, name: str, caption: str) -> None:
    """Draw an image without ticks or frame, its name and below it the caption as the title."""
    axis.imshow(image, interpolation="nearest")
    axis.set_title(f"{name}\n{caption}", fontsize=7)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.grid(False)
    axis.spines[:].set_visible(False)
