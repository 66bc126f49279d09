"""Figures of quantities over a varied parameter: a panel for each quantity."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from rainmer_lib.plots.style import WIDTH, colours


def line_panels(table: pd.DataFrame, over: str, panels: Mapping[str, str], label: str, log: bool = False) -> Figure:
    """Plot each column of `panels` (column -> axis label) over the column `over`, whose axis label is `label`."""
    figure, axes = plt.subplots(1, len(panels), figsize=(2.4 * len(panels), 2.1), squeeze=False)
    for axis, (name, text) in zip(axes[0], panels.items(), strict=True):
        axis.plot(table[over], table[name], "o-", color="#0072B2", ms=3.5, lw=1.2)
        axis.set(xlabel=label, ylabel=text)
        if log:
            axis.set_xscale("log")
            axis.set_xticks(table[over][::2], [f"{value:.3g}" for value in table[over][::2]])
            axis.minorticks_off()
    return figure


def method_panels(table: pd.DataFrame, over: str, panels: Mapping[str, str], label: str) -> Figure:
    """Plot each column of `panels` (column -> axis label) over the column `over`, a line for each `method`, on one scale."""
    methods = list(dict.fromkeys(table.method))
    palette = colours(methods)
    figure, axes = plt.subplots(1, len(panels), figsize=(WIDTH, 2.6), sharey=True, squeeze=False)
    for axis, (name, text) in zip(axes[0], panels.items(), strict=True):
        for method in methods:
            own = table[table.method.eq(method)]
            axis.plot(own[over], own[name], "o-", color=palette[method], ms=3.5, lw=1.2, label=method)
        axis.axhline(0, color="0.2", lw=0.8)
        axis.set(xlabel=label, ylabel=text, xticks=list(dict.fromkeys(table[over])))
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(methods), fontsize=8)
    return figure
