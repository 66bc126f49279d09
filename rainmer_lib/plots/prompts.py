"""Figures about prompts: the parts of a prompt, the weighting of two, their gates, and masks of the attention."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Photo = Float[np.ndarray, "h w 3"]
Plane = Float[np.ndarray, "_ _"]
# the two prompts have one colour in every figure
PARTS = {"illumination": "#E69F00", "appearance": "#0072B2"}


def prompt_parts(gate: Plane, translated: Float[np.ndarray, " c"], prompt: Float[np.ndarray, "c h w"]) -> Figure:
    """Plot one prompt, from left to right: the gate (a map), the translated vector (a number a channel), the prompt's maps."""
    count = len(translated)
    figure, axes = plt.subplots(1, 2 + count, figsize=(1.75 * (2 + count), 1.9), width_ratios=(1.2, 0.8, *[1.2] * count))
    limit = np.abs(prompt).max()
    _plane(axes[0], gate, "gate $g$", "magma", 0, 1)
    axes[1].bar(range(count), translated, color="0.5")
    axes[1].axhline(0, color="0.2", lw=0.8)
    axes[1].set_xticks(range(count), [f"{c}" for c in range(count)])
    axes[1].set(title="$Wz$", xlabel="channel")
    for channel, axis in enumerate(axes[2:]):
        _plane(axis, prompt[channel], f"$P$, channel {channel}", "RdBu_r", -limit, limit)
    return figure


def share_curves(curves: Mapping[str, pd.DataFrame], marks: Mapping[str, float] | None = None) -> Figure:
    """Plot the factors of both prompts over a cosine, a panel for each weighting.

    Each table has the columns cosine, illumination and appearance; `marks` (weighting -> cosine) is a dashed line.
    """
    figure, axes = plt.subplots(1, len(curves), figsize=(1.85 * len(curves), 2.4), sharey=True, squeeze=False)
    for axis, (name, table) in zip(axes[0], curves.items(), strict=True):
        for (part, colour), width in zip(PARTS.items(), (3.0, 1.3), strict=True):  # both stay visible where they are equal
            axis.plot(table.cosine, table[part], color=colour, lw=width, label=f"factor of the {part} prompt")
        if marks and name in marks:
            axis.axvline(marks[name], color="0.3", lw=0.9, ls=(0, (3, 2)))
        axis.axhline(0, color="0.2", lw=0.8)
        axis.set(title=name.replace("_", "\n"), xlim=(-1, 1), xticks=(-1, 0, 1))
    figure.supxlabel("cosine of the view's vector and the learnt direction", fontsize=8)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2, fontsize=8)
    return figure


def mask_grid(rows: Mapping[str, Sequence[Plane]], columns: Sequence[str]) -> Figure:
    """Plot attention matrices, a row for each rule: the scores first, then one for each mask; dropped entries are white.

    All matrices but the scores share one colour scale, so that flat weights look flat.  Values are written into the fields.
    """
    most = max(plane.max() for planes in rows.values() for plane in planes[1:])
    size = (1.55 * len(columns) + 0.5, 1.72 * len(rows))
    figure, axes = plt.subplots(len(rows), len(columns), figsize=size, squeeze=False)
    for line, (name, planes) in zip(axes, rows.items(), strict=True):
        for number, (axis, plane) in enumerate(zip(line, planes, strict=True)):
            limits = (-np.abs(plane).max(), np.abs(plane).max(), "RdBu_r") if number == 0 else (0, most, "viridis_r")
            _matrix(axis, plane, *limits, hide=number > 0)
        line[0].set_ylabel(name)
    for axis, title in zip(axes[0], columns, strict=True):
        axis.set_title(title, fontsize=8)
    return figure


def _matrix(axis: Axes, plane: Plane, low: float, high: float, cmap: str, hide: bool) -> None:
    """Draw one matrix; numbers are written without their leading zero."""
    axis.imshow(np.where(plane == 0, np.nan, plane) if hide else plane, cmap=cmap, vmin=low, vmax=high)
    for (row, column), value in np.ndenumerate(plane):
        if value or not hide:
            dark = abs(value) > 0.55 * high
            text = f"{value:.2f}".replace("0.", ".")
            axis.text(column, row, text, ha="center", va="center", fontsize=4.8, color="white" if dark else "0.15")
    axis.set(xticks=[], yticks=[])
    axis.grid(False)


def gate_maps(images: Mapping[str, Photo], gates: Mapping[str, Mapping[tuple[str, str], Plane]]) -> Figure:
    """Plot where gates open: a row for each image, its gates at the right, by (head, place).

    All maps share one scale, from the smallest to the largest value of any, so that a constant gate looks constant; below each
    map are the mean and the standard deviation of its values.
    """
    keys = list(next(iter(gates.values())))
    planes = [plane for row in gates.values() for plane in row.values()]
    limits = {"vmin": min(plane.min() for plane in planes), "vmax": max(plane.max() for plane in planes)}
    height, width = next(iter(images.values())).shape[:2]
    side = 6.2 / (1 + len(keys))  # inches; the rest is for names and the colour bar
    size = (7.6, (side * height / width + 0.2) * len(images) + 0.4)
    figure, axes = plt.subplots(len(images), 1 + len(keys), figsize=size, squeeze=False)
    for line, (name, image) in zip(axes, images.items(), strict=True):
        line[0].imshow(np.clip(image, 0, 1))
        line[0].set_ylabel(name)
        for axis, key in zip(line[1:], keys, strict=True):
            plane = gates[name][key]
            shown = axis.imshow(plane, cmap="magma", **limits, interpolation="nearest")
            axis.set_xlabel(_spread(plane), fontsize=6)
        for axis in line:
            axis.set(xticks=[], yticks=[])
            axis.grid(False)
            axis.spines[:].set_visible(False)
    for axis, (head, place) in zip(axes[0, 1:], keys, strict=True):
        axis.set_title(f"{head}\n{place}", fontsize=7, color=PARTS.get(head, "0"))
    bar = figure.colorbar(shown, ax=axes, shrink=0.7, aspect=25)
    bar.ax.tick_params(labelsize=6)
    return figure


def interaction_gates(
    image: Photo, spatial: Plane, channel: Float[np.ndarray, " c"], for_location: Plane, for_features: Plane
) -> Figure:
    """Plot the interaction: the photo, the map M_s, the number M_c of each channel, and the gates that both form.

    The gate on the location L and the gate on the features X are averaged over the channels.  They share one scale, without
    their extremes; below each are mean and standard deviation.
    """
    gates = {r"$\sigma(M_s X)$, for $L$": for_location, r"$\sigma(M_c L)$, for $X$": for_features}
    figure, axes = plt.subplots(1, 3 + len(gates), figsize=(7.4, 1.9), width_ratios=(1, 1.15, 0.75, *[1.15] * len(gates)))
    axes[0].imshow(np.clip(image, 0, 1))
    axes[0].set_title("rainy")
    axes[0].set_axis_off()
    _plane(axes[1], spatial, "$M_s$, one map", "magma", *_middle(spatial))
    axes[2].bar(range(len(channel)), channel, color="0.5")
    axes[2].axhline(0, color="0.2", lw=0.8)
    axes[2].set(title="$M_c$", xlabel="channel")
    axes[2].locator_params(axis="x", integer=True)
    axes[2].tick_params(labelsize=6)
    limits = _middle(*gates.values())
    for axis, (title, plane) in zip(axes[3:], gates.items(), strict=True):
        _plane(axis, plane, title, "magma", *limits)
        axis.text(0.5, -0.04, _spread(plane), transform=axis.transAxes, ha="center", va="top", fontsize=6)
    return figure


def learnt_gate(wanted: Plane, gates: Mapping[str, Plane]) -> Figure:
    """Plot where a gate should open, a map of signs, and where those of `gates` (title -> map, values from 0 to 1) open."""
    figure, axes = plt.subplots(1, 1 + len(gates), figsize=(2.1 * (1 + len(gates)), 1.8))
    axes[0].imshow(wanted, cmap="Greys_r", interpolation="nearest")
    axes[0].set_title("first channel\nabove 0: white")
    axes[0].set_axis_off()
    for axis, (title, plane) in zip(axes[1:], gates.items(), strict=True):
        _plane(axis, plane, title, "magma", 0, 1)
    return figure


def _spread(plane: Plane) -> str:
    return f"{plane.mean():.3f} ± {plane.std():.3f}"


def _middle(*planes: Plane) -> tuple[float, float]:
    """Return the limits of one scale for all planes, from their 2nd to their 98th percentiles."""
    return min(float(np.percentile(p, 2)) for p in planes), max(float(np.percentile(p, 98)) for p in planes)


def _plane(axis: Axes, plane: Plane, title: str, cmap: str, vmin: float, vmax: float) -> None:
    shown = axis.imshow(plane, cmap=cmap, vmin=vmin, vmax=vmax, interpolation="nearest")
    axis.set_title(title)
    axis.set_axis_off()
    bar = axis.figure.colorbar(shown, ax=axis, shrink=0.75, aspect=12)
    bar.ax.tick_params(labelsize=6)
    bar.ax.locator_params(nbins=3)
