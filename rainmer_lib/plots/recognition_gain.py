"""Figure of a detector's gain by deraining over the gains in PSNR and SSIM."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

SCENES = {"day": ("#E69F00", "o"), "night": ("#0072B2", "s")}


def gain_scatter(gains: pd.DataFrame, over: Mapping[str, str], measure: str, label: str) -> Figure:
    """Plot a panel for each metric of `over` (column -> label): points are runs, colours and marks scenes; 0 is the input.

    `gains` has the columns test_set, `measure` and those of `over`.
    """
    figure, axes = plt.subplots(1, len(over), figsize=(2.9 * len(over) + 0.4, 2.7), sharey=True, squeeze=False)
    for axis, (column, text) in zip(axes[0], over.items(), strict=True):
        for scene, rows in gains.groupby("test_set", sort=False):
            colour, mark = SCENES.get(scene, ("0.4", "^"))
            axis.scatter(rows[column], rows[measure], color=colour, marker=mark, s=26, label=scene, zorder=3)
        axis.axhline(0, color="0.2", lw=0.8)
        axis.axvline(0, color="0.2", lw=0.8)
        axis.grid(True, axis="both")
        axis.locator_params(axis="x", nbins=5)
        axis.set_xlabel(text)
    axes[0, 0].set_ylabel(label)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(SCENES))
    return figure
