"""Figure of what a network removed from a photo."""

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

Photo = Float[np.ndarray, "h w 3"]


def removed_rain(rainy: Photo, derained: Photo, clean: Photo | None = None) -> Figure:
    """Plot rainy - derained, mean over the channels, in levels of 255; with a ground truth, rainy - clean on the same scale.

    Images in [0, 1].  The scale ends at the 99th percentile of the values, at least one level, so that faint rain is visible;
    larger values have the colour of its end.  Orange pixels were brighter before deraining, blue ones are brighter after it.
    """
    layers = {"removed: rainy - derained": rainy - derained}
    if clean is not None:
        layers["ground truth: rainy - clean"] = rainy - clean
    grey = {name: 255 * layer.mean(axis=2) for name, layer in layers.items()}
    top = max(1.0, *(float(np.percentile(np.abs(plane), 99)) for plane in grey.values()))
    height, width = rainy.shape[:2]
    figure, axes = plt.subplots(1, len(grey), figsize=(7, 6.2 / len(grey) * height / width + 0.5), squeeze=False)
    for axis, (name, plane) in zip(axes[0], grey.items(), strict=True):
        shown = axis.imshow(plane, cmap="PuOr_r", vmin=-top, vmax=top)
        axis.set_title(name)
        axis.set_axis_off()
    figure.colorbar(shown, ax=axes[0], label="levels of 255", extend="both", shrink=0.9, pad=0.02)
    return figure
