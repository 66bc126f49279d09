"""Folders of data, runs and results.  The defaults do not depend on the working directory."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def data_root() -> Path:
    """Return the folder of the real image sets: the variable RAINMER_DATA, else `data/` of the repository (may not exist)."""
    return Path(os.environ.get("RAINMER_DATA") or REPOSITORY / "data").expanduser().resolve()


def runs_root() -> Path:
    """Return the folder of training runs: the variable RAINMER_RUNS, else `runs/` of the repository."""
    return Path(os.environ.get("RAINMER_RUNS") or REPOSITORY / "runs").expanduser().resolve()


def results_root() -> Path:
    """Return the folder of results: the variable RAINMER_RESULTS, else `results/` of the repository."""
    return Path(os.environ.get("RAINMER_RESULTS") or REPOSITORY / "results").expanduser().resolve()


def published_root() -> Path:
    """Return the folder of the numbers printed in the papers, always the repository's own."""
    return REPOSITORY / "results" / "published"
