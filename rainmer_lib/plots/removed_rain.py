"""Figure of what a network removed from a photo."""

from collections.abc import Iterable

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.figure import Figure

Photo = Float[np.ndarray, "h w 3"]
Plane = Float[np.ndarray, "h w"]
COLOURS = "PuOr_r"


def removed_rain(rainy: Photo, derained: Photo, clean: Photo | None = None) -> Figure:
    """Plot rainy - derained, mean over the channels, in levels of 255; with a ground truth, rainy - clean on the same scale.

    Images in [0, 1].  The scale ends at the 99th percentile of the values, at least one level, so that faint rain is visible;
    larger values have the colour of its end.  Orange pixels were brighter before deraining, blue ones are brighter after it.
    """
    layers = {"removed: rainy - derained": rainy - derained}
    if clean is not None:
        layers["ground truth: rainy - clean"] = rainy - clean
    grey = {name: 255 * layer.mean(axis=2) for name, layer in layers.items()}
    top = end_of_scale(grey.values())
    height, width = rainy.shape[:2]
    figure, axes = plt.subplots(1, len(grey), figsize=(7, 6.2 / len(grey) * height / width + 0.5), squeeze=False)
    for axis, (name, plane) in zip(axes[0], grey.items(), strict=True):
        shown = axis.imshow(plane, cmap=COLOURS, vmin=-top, vmax=top)
        axis.set_title(name)
        axis.set_axis_off()
    figure.colorbar(shown, ax=axes[0], label="levels of 255", extend="both", shrink=0.9, pad=0.02)
    return figure


def end_of_scale(planes: Iterable[Plane]) -> float:
    """Return where a scale for differences in levels ends: the largest 99th percentile of their moduli, at least one level."""
    return max(1.0, *(float(np.percentile(np.abs(plane), 99)) for plane in planes))


def coloured(plane: Plane, top: float) -> UInt8[np.ndarray, "h w 3"]:
    """Colour differences in levels as `removed_rain` does, on a scale from -`top` to `top`, for a panel of images."""
    return plt.get_cmap(COLOURS)(np.clip(plane / top, -1, 1) / 2 + 0.5, bytes=True)[..., :3]
