"""Figures about measuring: the errors of an image, and the effect of deviations from a protocol on its scores."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rainmer_lib.metrics.protocols import PROTOCOLS, Image8, planes

BLUE, ORANGE = "#0072B2", "#D55E00"


def error_maps(output: Image8, rainy: Image8, clean: Image8) -> Figure:
    """Plot the images, and below them the absolute error of Y to the ground truth, in levels of 255, on one scale."""
    y = {name: planes(image, PROTOCOLS["prenet"])[0] for name, image in (("rainy input", rainy), ("derained", output))}
    truth = planes(clean, PROTOCOLS["prenet"])[0]
    shown = {"rainy input": rainy, "derained": output, "ground truth": clean}
    height = 2.1 * clean.shape[0] / clean.shape[1]
    figure, axes = plt.subplots(2, 3, figsize=(7, 2 * height + 0.6))
    for axis, (name, image) in zip(axes[0], shown.items(), strict=True):
        axis.imshow(image)
        axis.set_title(name)
    for axis, (name, plane) in zip(axes[1], y.items(), strict=False):
        errors = axis.imshow(np.abs(plane - truth), cmap="magma", vmin=0, vmax=40)
        axis.set_title(f"error of Y, {name}")
    for axis in axes.flat:
        axis.set_axis_off()
    figure.colorbar(errors, cax=axes[1, 2].inset_axes([0, 0.08, 0.06, 0.84]), label="levels of Y")
    return figure


def deviation_strips(changes: pd.DataFrame) -> Figure:
    """Plot a dot for each image and deviation, a line at their mean: change of PSNR at the left, of SSIM at the right."""
    names = list(dict.fromkeys(changes.deviation))[::-1]
    figure, axes = plt.subplots(1, 2, figsize=(7, 0.27 * len(names) + 0.8), sharey=True)
    for axis, metric, unit in zip(axes, ("psnr", "ssim"), ("dB", ""), strict=True):
        for row, name in enumerate(names):
            values = changes[changes.deviation == name][metric].to_numpy()
            spread = row + np.linspace(-0.22, 0.22, len(values))  # in image order, so that no two dots hide each other
            axis.plot(values, spread, "o", color=BLUE, ms=2.6, alpha=0.6, mew=0)
            axis.plot([values.mean()] * 2, [row - 0.36, row + 0.36], color=ORANGE, lw=1.8)
        axis.axvline(0, color="0.3", lw=0.8)
        axis.set_yticks(range(len(names)), names)
        axis.set_xlabel(f"change of {metric.upper()}{f' ({unit})' if unit else ''}")
    return figure
