"""Training curves: a panel for each term of the objective."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from rainmer_lib.plots.style import WIDTH

MOST = 4  # panels in a row
TITLES = {"ssim": "1 - SSIM"}  # titles of terms whose names differ from the drawn quantity


def term_curves(log: list[dict], begins: Mapping[str, int] | None = None) -> Figure:
    """Plot a run's log: each term over the steps; a line of the log is the mean over the steps since the line before.

    `begins` (term -> step): a term that is 0 up to and including this step is drawn from the first line whose mean contains
    none of those steps.
    """
    table = pd.DataFrame(log).set_index("step")
    before = [0, *table.index[:-1]]
    for name, step in (begins or {}).items():
        table.loc[[first < step for first in before], name] = np.nan
    terms = table.shape[1]
    columns = -(-terms // -(-terms // MOST))
    rows = -(-terms // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(WIDTH / MOST * columns, 1.9 * rows), squeeze=False)
    for axis in axes.flat[terms:]:
        axis.remove()
    for axis, name in zip(axes.flat, table.columns, strict=False):
        axis.plot(table.index, table[name], color="#0072B2", lw=1.2)
        axis.set_title(TITLES.get(name, name.replace("_", " ")))
        axis.set_xlabel("step")
        axis.locator_params(axis="x", nbins=3)
    return figure
