"""Figures about Rainmer's views: queries and keys, negatives from the memory bank, and lower bounds of the loss."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from rainmer_lib.analysis.memory_steps import MemoryStep
from rainmer_lib.plots.contrast import ROLES
from rainmer_lib.rainmer.views import Keys

ROLE_COLOURS = {"query": ROLES["query"], "positive": ROLES["positive"], "negative": ROLES["internal"]}
OVERWRITTEN = "#56B4E9"


def keys_figure(query: Float[Tensor, "3 h w"], keys: Mapping[str, Keys], labels: Mapping[str, Sequence[str]]) -> Figure:
    """Plot a row for each view: query, positive and negatives of the first sample; the frame's colour shows the role.

    `labels`: for each view a line below the query, the positive and each negative.
    """
    count = max(key.negatives.shape[1] for key in keys.values())
    figure, axes = plt.subplots(len(keys), 2 + count, figsize=(1.2 * (2 + count), 1.5 * len(keys) + 0.15), squeeze=False)
    for row, (view, key) in zip(axes, keys.items(), strict=True):
        images = [query, key.positive[0], *key.negatives[0]]
        roles = ["query", "positive"] + ["negative"] * (len(images) - 2)
        for axis, image, role, label in zip(row, images, roles, labels[view], strict=False):
            axis.imshow(image.permute(1, 2, 0).clamp(0, 1).numpy())
            axis.set_xlabel(label, fontsize=6.5)
            _frame(axis, ROLE_COLOURS[role], 1.6)
        for axis in row[len(images) :]:
            axis.set_axis_off()
        row[0].set_ylabel(view)
    for axis, title in zip(axes[0], ["query", "positive"] + ["negative"] * count, strict=True):
        axis.set_title(title, fontsize=8, color=ROLE_COLOURS[title])
    return figure


def memory_figure(steps: Sequence[MemoryStep], names: Sequence[str]) -> Figure:
    """Plot a column for each step, above in the space of colours, below in the space of rain.

    A dot is a stored sample, above in its own colour.  The star is the query, a ring marks its negatives, a cross the samples
    that the batch overwrites once the negatives are chosen.
    """
    size = (1.75 * len(steps) + 0.5, 4.1)
    figure, axes = plt.subplots(2, len(steps), figsize=size, sharex="row", sharey="row", squeeze=False)
    for column, step, name in zip(axes.T, steps, names, strict=True):
        _space(column[0], _light(step.colours), _light(step.own_colour[None])[0], step.chosen_colours, step, step.colours)
        _space(column[1], _rain(step.spectra), _rain(step.own_spectrum[None])[0], step.chosen_spectra, step, "0.6")
        column[0].set(title=name, xlabel="brightness")
        column[1].set(xlabel="largest value")
    axes[0, 0].set_ylabel("warmth, red - blue")
    axes[1, 0].set_ylabel("sum of the other values")
    handles, labels = axes[1, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=7.5)
    return figure


def _light(colours: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 2"]:
    """Return brightness and warmth."""
    return np.stack([colours.mean(axis=1), colours[:, 0] - colours[:, 2]], axis=1)


def _rain(spectra: Float[np.ndarray, "n 3 s"]) -> Float[np.ndarray, "n 2"]:
    """Return the largest singular value and the sum of the others, averaged over the colours."""
    values = spectra.mean(axis=1)
    return np.stack([values[:, 0], values[:, 1:].sum(axis=1)], axis=1)


def _space(axis: Axes, points: np.ndarray, own: np.ndarray, chosen: Sequence[int], step: MemoryStep, fill) -> None:
    for number in chosen:
        axis.plot(*zip(own, points[number], strict=True), color=ROLE_COLOURS["negative"], lw=0.6, alpha=0.6, zorder=1)
    dots = {"s": 26, "lw": 0.4, "ec": "0.4", "zorder": 2}
    axis.scatter(*points.T, c=fill, label="stored", **dots)
    ring = {"s": 70, "facecolors": "none", "ec": ROLE_COLOURS["negative"], "lw": 1.5}
    axis.scatter(*points[list(chosen)].T, label="negative", zorder=3, **ring)
    axis.scatter(*points[list(step.overwritten)].T, marker="x", s=22, lw=1.4, color=OVERWRITTEN, label="overwritten", zorder=4)
    axis.scatter(*own, marker="*", s=80, color=ROLE_COLOURS["query"], label="query", zorder=5)
    axis.grid(False)
    axis.margins(0.14)


def floor_figure(table: pd.DataFrame, marks: Mapping[str, float], columns: Sequence[str], gradient: str) -> Figure:
    """Plot the lowest possible loss over the temperature, a line for each of `columns` (left), and `gradient` (right).

    Dotted verticals are the temperatures of `marks`, by name.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 2.5), width_ratios=(1.25, 1))
    for name, style in zip(columns, ("-", "--", ":", "-."), strict=False):
        left.plot(table.temperature, table[name], style, color="#0072B2", lw=1.4, label=name)
    left.set_ylabel("loss")
    left.legend(fontsize=7, title="negatives are", title_fontsize=7)
    right.plot(table.temperature, table[gradient], color="#D55E00", lw=1.4)
    right.set(ylabel=gradient, yscale="log")
    for axis in (left, right):
        axis.set(xlabel="temperature", xscale="log")
        axis.set_xticks([0.05, 0.1, 0.2, 0.5, 1, 2], ["0.05", "0.1", "0.2", "0.5", "1", "2"])
        axis.minorticks_off()
        for name, temperature in marks.items():
            axis.axvline(temperature, color="0.4", lw=0.8, ls=":")
            axis.text(temperature, 1.01, name, transform=axis.get_xaxis_transform(), ha="center", va="bottom", fontsize=7)
    return figure


def training_figure(
    curves: Mapping[str, pd.DataFrame], floors: Mapping[str, tuple[float, float]], views: Sequence[str]
) -> Figure:
    """Plot a panel for each training: above its losses, below the margins of `views`, positive minus mean negative cosine.

    `curves`: a row for each step, columns `illumination loss` and `appearance loss`, and each view.  `floors`: for each
    training, the illumination loss where all cosines are equal, and where positive and negatives are opposite.
    """
    figure, axes = plt.subplots(2, len(curves), figsize=(3.1 * len(curves), 3.9), sharex=True, sharey="row", squeeze=False)
    palette = dict(zip(views, ("#E69F00", "#0072B2", "#009E73"), strict=False))
    for (above, below), (name, table) in zip(axes.T, curves.items(), strict=True):
        smooth = table.rolling(5, center=True, min_periods=1).mean()
        above.plot(smooth["illumination loss"], color=palette[views[0]], lw=1.3, label="illumination")
        above.plot(smooth["appearance loss"], color="#0072B2", lw=1.3, label="degradation and detail")
        for level, style in zip(floors[name], ("--", ":"), strict=True):
            above.axhline(level, color=palette[views[0]], lw=0.9, ls=style)
        above.set_title(name)
        for view in views:
            below.plot(smooth[view], color=palette[view], lw=1.3, label=view)
        below.axhline(0, color="0.4", lw=0.7)
        below.set_xlabel("step")
    axes[0, 0].set_ylabel("loss")
    axes[1, 0].set_ylabel("margin of cosines")
    axes[0, -1].legend(fontsize=7, loc="center right")
    axes[1, 0].legend(fontsize=7, loc="upper left")
    return figure


def _frame(axis: Axes, colour: str, width: float) -> None:
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    axis.spines[:].set_visible(True)
    axis.spines[:].set(color=colour, lw=width)
