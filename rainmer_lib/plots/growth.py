"""How cost grows: a panel for each thing that grows, over its size, as ratios to the smallest."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from rainmer_lib.plots.style import WIDTH, colours

PANELS = {"images": "megapixels", "batch": "images in a batch", "negatives": "patches of an image", "processes": "processes"}


def growth_figure(table: pd.DataFrame) -> Figure:
    """Plot `ratio` over `size` for each `series` of each `panel`, both axes logarithmic; a grey line grows with the size.

    It falls with the number of processes, which share the work.

    `table` has the columns panel (one of `PANELS`), series, size and ratio, the smallest size of a series first.
    """
    shown = [panel for panel in PANELS if panel in set(table.panel)]
    figure, axes = plt.subplots(1, len(shown), figsize=(WIDTH, 2.6), squeeze=False)
    for axis, panel in zip(axes[0], shown, strict=True):
        own = table[table.panel.eq(panel)]
        palette = colours(list(dict.fromkeys(own.series)))
        for series, line in own.groupby("series", sort=False):
            axis.plot(line["size"], line.ratio, "o-", color=palette[series], ms=3.5, lw=1.2, label=series)
        sizes = own["size"].drop_duplicates().sort_values()
        grown = sizes / sizes.iloc[0]
        axis.plot(sizes, 1 / grown if panel == "processes" else grown, color="0.7", lw=0.8, zorder=0)
        axis.set(xscale="log", yscale="log", xlabel=PANELS[panel], title=panel)
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        for line in (axis.xaxis, axis.yaxis):
            line.set_major_formatter(StrMethodFormatter("{x:g}"))
            line.set_minor_formatter(NullFormatter())
        axis.set_xticks(sizes, [f"{size:.2g}" if size < 1 else f"{size:g}" for size in sizes], rotation=45)
        if len(palette) > 1:
            axis.legend(fontsize=6)
    axes[0, 0].set_ylabel("time over that of the smallest")
    return figure
