"""Maps of the gradient of each term of an objective with respect to an image, pixel by pixel."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

Photo = Float[np.ndarray, "h w 3"]


def gradient_maps(images: Mapping[str, Photo], pushes: Mapping[str, Photo]) -> Figure:
    """Plot images in [0, 1] above, and below them a map for each term: red where it pushes the pixel brighter, blue darker.

    The colours are averaged.  Each map has its own scale, up to its 99.5th percentile; the title states the root mean square,
    so that terms can be compared.
    """
    columns = max(len(images), len(pushes))
    height, width = next(iter(images.values())).shape[:2]
    figure, axes = plt.subplots(2, columns, figsize=(1.75 * columns, 3.5 * height / width + 0.8), squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, (name, image) in zip(axes[0], images.items(), strict=False):
        axis.imshow(np.clip(image, 0, 1))
        axis.set_title(name)
    for axis, (name, push) in zip(axes[1], pushes.items(), strict=False):
        plane = push.mean(axis=2)
        limit = max(np.percentile(np.abs(plane), 99.5), 1e-12)
        axis.imshow(plane, cmap="RdBu_r", vmin=-limit, vmax=limit)
        axis.set_title(f"{name}\nRMS {np.sqrt((push**2).mean()):.1e}")
    return figure
