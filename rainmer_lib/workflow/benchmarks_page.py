"""What docs/benchmarks.md says of cost, read from the records of `make benchmark`."""

import os
from pathlib import Path

import pandas as pd

from rainmer_lib import paths
from rainmer_lib.plots.growth import PANELS
from rainmer_lib.training.seal import read_json

FOLDER = Path("results", "benchmarks")
WHAT = {
    "images": "Deraining, by the networks that ship",
    "batch": "A training step of DCD-GAN, by the size of its batch",
    "negatives": "The contrastive term of DCD-GAN, forward and backward, by the patches of an image",
    "processes": "Training by several processes, time for the same batches by the clock",
}


def tables(page: Path) -> str:
    """Return the machine in words, the figure, and a table for each panel; links are relative to the file `page`."""
    folder = paths.REPOSITORY / FOLDER
    found, machine = pd.read_csv(folder / "growth.csv"), read_json(folder / "machine.json")
    figure = os.path.relpath(folder / "growth.png", page.parent)
    parts = [
        f"Measured on {machine['cores']} cores ({machine['architecture']}, {machine['instructions']}) with torch "
        f"{machine['torch']} and Python {machine['python']}, one thread, while the machine had a load of {machine['load']}.",
        f"![Time over that of the smallest size, for image size, batch, negatives and processes]({figure})",
    ]
    parts += [_table(panel, found[found.panel.eq(panel)]) for panel in PANELS if panel in set(found.panel)]
    return "\n\n".join(parts)


def _table(panel: str, rows: pd.DataFrame) -> str:
    """Return ratios to the smallest size, and the median of the smallest in milliseconds."""
    sizes = list(rows["size"].drop_duplicates())
    lines = [f"## {WHAT[panel]}", ""]
    lines.append(f"| {PANELS[panel]} | " + " | ".join(f"{size:.3g}" if size < 1 else f"{size:g}" for size in sizes))
    lines[-1] += " | the first, ms |"
    lines.append("|---" * (len(sizes) + 2) + "|")
    for series, own in rows.groupby("series", sort=False):
        cells = [series, *(f"{ratio:.2f} x" for ratio in own.ratio), f"{1e3 * own.seconds.iloc[0]:.3g}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
