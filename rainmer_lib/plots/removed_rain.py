"""What a network took out of a photo."""

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

Photo = Float[np.ndarray, "h w 3"]


def removed_rain(rainy: Photo, derained: Photo, clean: Photo | None = None) -> Figure:
    """rainy - derained, mean over the channels, in levels of 255; with a truth, rainy - clean beside it on the same scale.

    Images in [0, 1].  The scale ends at the 99th percentile of what is shown, at least one level, so that faint rain can be
    seen; what lies beyond has the colour of the end.  Orange was brighter before, blue is brighter now.
    """
    layers = {"taken away: rainy - derained": rainy - derained}
    if clean is not None:
        layers["the rain itself: rainy - clean"] = rainy - clean
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
