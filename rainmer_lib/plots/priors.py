"""Figures about priors on patches: atoms and directions as sheets of patches, and what the codes of a patch split it into."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rainmer_lib.plots.style import WIDTH

Patches = Float[np.ndarray, "n pixels"]
BACKGROUND, RAIN = "#0072B2", "#D55E00"
GAP = 1  # pixels of white between two patches of a sheet


class Coded(NamedTuple):
    """A patch of mean zero and its codes, in both dictionaries one behind the other."""

    patch: Float[np.ndarray, " pixels"]
    codes: Float[np.ndarray, " atoms"]


def patch_sheets(sheets: Mapping[str, Patches], columns: int, rows: Mapping[str, Sequence[str]] | None = None) -> Figure:
    """Plot a panel for each sheet of square patches, `columns` patches side by side, under its name.

    Every patch has a scale of its own, on which zero is grey.  `rows`: sheet -> a label for each of its rows.
    """
    mosaics = {name: _mosaic(patches, columns) for name, patches in sheets.items()}
    height = max(mosaic.shape[0] / mosaic.shape[1] for mosaic in mosaics.values())
    side = min(3.4, WIDTH / len(sheets))
    figure, axes = plt.subplots(1, len(sheets), figsize=(side * len(sheets), side * height + 0.3), squeeze=False)
    for axis, (name, mosaic) in zip(axes[0], mosaics.items(), strict=True):
        axis.imshow(mosaic, cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
        axis.set_title(name)
        axis.set_anchor("N")
        _bare(axis)
        if rows:
            pitch = (len(mosaic) + GAP) / len(rows[name])
            axis.set_yticks([(number + 0.5) * pitch - GAP for number in range(len(rows[name]))], rows[name])
            axis.tick_params(left=False)
    return figure


def _mosaic(patches: Patches, columns: int) -> Float[np.ndarray, "h w"]:
    side, lines = round(patches.shape[1] ** 0.5), -(-len(patches) // columns)
    pitch = side + GAP
    sheet = np.full((lines * pitch - GAP, columns * pitch - GAP), np.nan)  # nan stays white
    for number, patch in enumerate(patches):
        y, x = (pitch * place for place in divmod(number, columns))
        sheet[y : y + side, x : x + side] = patch.reshape(side, side) / max(np.abs(patch).max(), 1e-12)
    return sheet


def split_patches(coded: Mapping[str, Coded], atoms: Float[np.ndarray, "atoms pixels"], background: int) -> Figure:
    """Plot a row for each patch: the patch, its codes as bars, and the parts that both dictionaries explain.

    The first `background` atoms are those of the background, the others those of rain.  A row has one scale of grey.
    """
    figure, axes = plt.subplots(
        len(coded), 4, figsize=(WIDTH, 1.35 * len(coded) + 0.2), width_ratios=(1, 2.6, 1, 1), squeeze=False
    )
    for row, (name, (patch, codes)) in zip(axes, coded.items(), strict=True):
        parts = codes[:background] @ atoms[:background], codes[background:] @ atoms[background:]
        top = np.abs(patch).max()
        for axis, part in zip(row[[0, 2, 3]], (patch, *parts), strict=True):
            axis.imshow(part.reshape(round(len(part) ** 0.5), -1), cmap="gray", vmin=-top, vmax=top, interpolation="nearest")
            _bare(axis)
        row[0].set_ylabel(name)
        used = np.flatnonzero(codes)
        row[1].bar(used, codes[used], width=1.6, color=[BACKGROUND if k < background else RAIN for k in used])
        row[1].axvline(background - 0.5, color="0.5", lw=0.8, ls=(0, (3, 2)))
        row[1].axhline(0, color="0.2", lw=0.8)
        row[1].set_xlim(-2, len(codes) + 1)
    for axis, title in zip(axes[0], ("patch", "codes: background | rain", "background", "rain"), strict=True):
        axis.set_title(title)
    axes[-1, 1].set_xlabel("number of the atom")
    return figure


def _bare(axis: Axes) -> None:
    axis.set_xticks([])
    axis.set_yticks([])
    axis.grid(False)
    axis.spines[:].set_visible(False)
