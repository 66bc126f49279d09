"""Save the results of a notebook: a tidy table, a printed table, figures, and a record of how they were made."""

import io
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from rainmer_lib import atomic, paths
from rainmer_lib.experiments.compare import Comparison, record_runs
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.inference.device import device
from rainmer_lib.plots.compact import with_palette
from rainmer_lib.training.seal import read_json

if TYPE_CHECKING:  # a training job draws nothing
    from matplotlib.figure import Figure

MAIN = "main"  # name of a notebook's first figure
RECORDED_PACKAGES = ("rainmer", "torch", "numpy", "scipy", "pandas", "scikit-image", "papermill")


def published(name: str) -> pd.DataFrame:
    """Read numbers printed in a paper, `results/published/<name>.csv`."""
    return pd.read_csv(paths.published_root() / f"{name}.csv")


def summary_table(means: pd.DataFrame, methods: list[str], protocol: str) -> pd.DataFrame:
    """Return a table: rows input and methods, columns (test set, PSNR | SSIM); mean over seeds, +- standard deviation."""
    chosen = means[means.protocol == protocol]
    cells = {}
    for name in dict.fromkeys(chosen.test_set):
        for metric, digits in (("psnr", 2), ("ssim", 4)):
            column = (name, metric.upper())
            for method in ("input", *methods):
                values = chosen[(chosen.method.eq(method)) & (chosen.test_set == name)][metric]
                spread = f" ± {values.std():.{digits}f}" if len(values) > 1 else ""
                cells.setdefault(column, []).append(f"{values.mean():.{digits}f}{spread}" if len(values) else "-")
    return pd.DataFrame(cells, index=["input", *methods]).rename_axis("method")


def markdown(table: pd.DataFrame) -> str:
    """Format a table as Markdown, without further dependencies."""
    flat = table.reset_index()
    names = [" ".join(filter(None, column)) if isinstance(column, tuple) else str(column) for column in flat.columns]
    rows = [[str(value) for value in row] for row in flat.to_numpy()]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [names, ["---"] * len(names), *rows]) + "\n"


def save_results(
    stem: str, comparison: Comparison, table: pd.DataFrame, figures: "dict[str, Figure]", claims: pd.DataFrame
) -> Path:
    """Write results/<profile>/<stem>.{csv,md,png or jpg,pdf,json} and record the runs; return the path of the json.

    The figure `main` is <stem>.png, another one <stem>-<name>.png.  csv: mean over the images for every method, seed, test set
    and protocol.  If parameters differ from the profile's own, the file names carry them, so that such results never replace
    the profile's.
    """
    settings = comparison.settings
    folder, stem = paths.results_root() / settings.profile.name, stem + settings.suffix()
    atomic.write(folder / f"{stem}.csv", lambda p: comparison.means().to_csv(p, index=False, float_format="%.4f"))
    atomic.write_text(folder / f"{stem}.md", markdown(table))
    for name, figure in figures.items():
        save_figure(figure, folder / (stem if name == MAIN else f"{stem}-{name}"), settings.profile)
    if not settings.suffix():
        record_runs(comparison)
    return atomic.write_json(folder / f"{stem}.json", record(stem, comparison, claims))


def save_figure(figure: "Figure", path: Path, profile: Profile) -> None:
    """Write a figure of photos as `path`.jpg, any other as `path`.png, and as `path`.pdf where the profile keeps runs.

    PNG and PDF do not shrink photos: a figure of them takes a fifth as JPEG.  At `quick` figures have fewer pixels: its numbers
    mean nothing, and nobody prints them.
    """
    dpi = None if profile.keeps_runs else "figure"  # None is the style's
    if any(axis.images for axis in figure.axes):
        quality = 90 if profile.keeps_runs else 82
        compact = {"quality": quality, "subsampling": 0, "optimize": True}  # every pixel keeps its colour
        atomic.write(path.with_name(f"{path.name}.jpg"), lambda p: figure.savefig(p, dpi=dpi, pil_kwargs=compact))
        return
    drawn = io.BytesIO()
    figure.savefig(drawn, metadata={"Software": None}, dpi=dpi)
    atomic.write(path.with_name(f"{path.name}.png"), lambda p: p.write_bytes(with_palette(drawn.getvalue())))
    if profile.keeps_runs:
        atomic.write(path.with_name(f"{path.name}.pdf"), lambda p: figure.savefig(p, metadata={"CreationDate": None}))


def record(stem: str, comparison: Comparison, claims: pd.DataFrame) -> dict:
    """Describe how a result was made: parameters, seeds, data, runs, versions, device, commit, and the verdicts."""
    settings = comparison.settings
    runs = [
        {"method": run.label, "seed": run.seed, "run": run.folder.identity.key} | read_json(run.folder.finished)
        for run in comparison.runs
    ]
    return {
        "item": stem,
        "profile": settings.profile.name,
        "parameters": settings.given,
        "seeds": list(range(settings.seeds)),
        "data": {"name": settings.data.name, "sha256_16": settings.data.fingerprint},
        "test_sets": list(settings.test_sets),
        "runs": runs,
        "claims": _plain(claims),
        "versions": {name: version(name) for name in RECORDED_PACKAGES} | {"python": platform.python_version()},
        "device": torch.cuda.get_device_name() if device().startswith("cuda") else device(),
        "commit": commit(),
    }


def commit() -> str:
    """Return the repository's commit, with `+changes` if tracked files differ from it; `unknown` outside a repository."""
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=paths.REPOSITORY, capture_output=True, text=True).stdout.strip()

    found = git("rev-parse", "--short=12", "HEAD")
    if not re.fullmatch(r"[0-9a-f]{12}", found):
        return "unknown"
    changed = git("status", "--porcelain", "--untracked-files=no", "--", "rainmer_lib", "notebooks")
    return found + ("+changes" if changed else "")


def _plain(table: pd.DataFrame) -> list[dict]:
    """Convert rows to dicts of JSON values: floats rounded to four digits, missing values null."""
    rows = table.to_dict("records")
    return [
        {k: (None if np.isnan(v) else round(v, 4)) if isinstance(v, float) else v for k, v in row.items()} for row in rows
    ]
