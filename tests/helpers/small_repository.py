"""A small copy of the repository for tests of the pipeline: three steps a run, images of 96 x 96."""

import os
import shutil
import subprocess
import sys

import nbformat

from rainmer_lib import paths

PROFILE = """
PROFILES["tiny"] = replace(PROFILES["quick"], name="tiny", seeds=1, keeps_runs=True)
"""
SIZE = """
SIZES["tiny"] = replace(
    SIZES["quick"], log_every=1, save_every=1,
    changes=SIZES["quick"].changes | {"steps": 3, "warm_up": 0, "crop": 32, "batch": 1, "patches": 16, "embedding": 16},
)
"""
ROWS = """
ABLATIONS = {
    "one": {"full": {}},
    "two": {"all": {}, "external": {"negatives": "external"}},
    "blocked": {"diverging": {"learning_rate": 1e30}, "full": {}},
}
EXPERIMENTS = {name: _experiment(lambda profile, name=name: _ablation(name, profile)) for name in ABLATIONS}
"""
REGISTRY = """
EXPERIMENTS = dcdgan.EXPERIMENTS  # the others' methods have no size of this name
"""
DATA = """
def _tiny():
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (96, 96, 3), dtype=np.uint8) for _ in range(4)]
    layers = [rng.integers(0, 99, (96, 96), dtype=np.uint8) for _ in range(3)]
    held_out = [Pair("p", compose(images[0], layers[0], 1.0), images[0])]
    return UnpairedRain("embedded", images[1:3], images[3:], layers[1:], held_out, "fingerprint")

SOURCES["embedded"] = _tiny
"""
PARAMETERS = 'profile: str = "tiny"  # size\ndata: str = "auto"  # data\nseeds: int = 0  # runs'
COMPARE = """
import pandas as pd
from rainmer_lib.experiments.compare import compare
from rainmer_lib.experiments.records import save_results, summary_table
from rainmer_lib.experiments.registry import rows
from rainmer_lib.workflow.parameters import check_parameters
settings = check_parameters(globals())
"""
SAVE = """
comparison = compare(rows("{item}", settings.profile), settings)
table = summary_table(comparison.means(), [run.label for run in comparison.runs], "prenet")
save_results("{item}", comparison, table, {{}}, pd.DataFrame());
"""
WORKS, FAILS = "print('no comparison')", "raise LookupError('the lookup\\nfails')"


def write_notebook(folder, name, *cells):
    cells = [nbformat.v4.new_code_cell(text.strip()) for text in (PARAMETERS, *cells)]
    cells[0].metadata["tags"] = ["parameters"]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "notebooks" / f"{name}.ipynb")


def make(folder):
    """A copy with three notebooks that train, one of which cannot, and one that fails; return the folder."""
    for name in ("rainmer_lib", "workflow", "results/published"):
        shutil.copytree(paths.REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    additions = {"experiments/profiles": "from dataclasses import replace\n" + PROFILE,
                 "dcdgan/sizes": "from dataclasses import replace\n" + SIZE,
                 "experiments/dcdgan": ROWS, "experiments/registry": REGISTRY, "data/unpaired": DATA}  # fmt: skip
    for name, text in additions.items():
        with open(folder / "rainmer_lib" / f"{name}.py", "a") as file:
            file.write(text)
    (folder / "notebooks").mkdir()
    for item in ("one", "two", "blocked"):
        write_notebook(folder, item, COMPARE, SAVE.format(item=item))
    write_notebook(folder, "failing", WORKS, FAILS)
    return folder


def start(repository, place, *words, **options):
    """`rainmer reproduce` of the copy; runs and results in `place`."""
    environment = os.environ | {
        "PYTHONPATH": str(repository), "RAINMER_RUNS": str(place / "runs"), "RAINMER_RESULTS": str(place / "results"),
    }  # fmt: skip
    command = [sys.executable, "-c", "from rainmer_lib.cli import main; main()", "reproduce", "--profile", "tiny", *words]
    return subprocess.Popen(command, cwd=repository, env=environment, text=True, **options)


def reproduce(repository, place, *words):
    """Exit code, the lines of the summary, and all that was printed."""
    with start(repository, place, *words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        printed = process.communicate()[0]
    return process.returncode, printed.partition("profile tiny: ")[2].splitlines(), printed


def begun(printed):
    """The jobs of which the pipeline told that they begin."""
    return {line.split()[1] for line in printed.splitlines() if line.startswith("making ")}


def markers(place):
    return {path.stem: path.stat().st_mtime_ns for path in (place / "runs" / "pipeline" / "tiny").glob("*/*.json")}
