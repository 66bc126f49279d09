"""Run the cells of a source notebook under nbval, in a process of its own."""

import os
import subprocess
import sys

from rainmer_lib import paths

NOTEBOOKS = paths.REPOSITORY / "notebooks"
WALKTHROUGHS = sorted(path.stem for path in (NOTEBOOKS / "walkthroughs").glob("*.ipynb"))
RESULTS = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


def run_nbval(path, runs, results):
    """Every cell runs, and the checked cells print what is stored; runs are shared by all notebooks, as a person has them."""
    environment = os.environ | {"RAINMER_RESULTS": str(results), "RAINMER_RUNS": str(runs)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", "900", "-p",
         "no:cacheprovider", path], cwd=results, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
