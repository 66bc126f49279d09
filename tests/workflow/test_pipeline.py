"""The pipeline as a whole, in a small copy of the repository: three steps a run, images of 96 x 96."""

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress

import nbformat
import psutil
import pytest

from rainmer_lib import paths

pytest.importorskip("snakemake")
pytestmark = pytest.mark.slow

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


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Three notebooks that train, one of which cannot, and one that fails."""
    folder = tmp_path_factory.mktemp("pipeline") / "repository"
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


@pytest.fixture(scope="module")
def first(repository, tmp_path_factory):
    """The whole pipeline once; `failing` has an older result."""
    place = tmp_path_factory.mktemp("first")
    older = place / "results" / "tiny" / "failing.ipynb"
    older.parent.mkdir(parents=True)
    older.write_text("an older result")
    return place, *reproduce(repository, place)


def test_a_failure_stops_nothing_else_and_is_named(first):
    place, code, lines, printed = first
    assert code == 1, printed
    assert lines[0] == "2 of 4 notebooks done"
    assert "  done     one" in lines and "  done     two" in lines
    assert "  FAILED   failing: cell [4]: LookupError: the lookup" in lines
    why = next(line for line in lines if line.startswith("  not run  blocked: "))
    assert "training of diverging, seed 0 failed: TrainingDiverged: step " in why
    assert any("to come  ablation_losses: no notebook yet" in line for line in lines)
    results = place / "results" / "tiny"
    assert {"one.csv", "one.ipynb", "one.json", "two.md", "failing.partial.ipynb"} <= {p.name for p in results.iterdir()}
    assert (results / "failing.ipynb").read_text() == "an older result"


def test_each_run_is_trained_once_and_found_by_the_notebooks(first):
    place = first[0]
    needs = json.loads((place / "runs" / "pipeline" / "tiny" / "plan.json").read_text())["notebooks"]
    shared = set(needs["one"]) & set(needs["two"]) & set(needs["blocked"])
    assert len(shared) == 1 and [len(needs[item]) for item in ("failing", "one", "two", "blocked")] == [0, 1, 2, 2]
    runs = {key for keys in needs.values() for key in keys}
    logs = place / "runs" / "pipeline" / "tiny" / "logs" / "runs"
    assert {path.stem for path in logs.iterdir()} == runs and len(runs) == 3
    for item in ("one", "two"):
        record = json.loads((place / "results" / "tiny" / f"{item}.json").read_text())
        assert {run["run"] for run in record["runs"]} == set(needs[item])
        for key in needs[item]:  # made by the training job, not by the notebook, which came later
            finished = place / "runs" / key / "finished.json"
            assert finished.stat().st_mtime_ns < markers(place)[key] < markers(place)[item]


def test_what_is_mended_or_missing_is_made_and_nothing_else(first, repository):
    place = first[0]
    before = markers(place)
    (repository / "notebooks" / "blocked.ipynb").unlink()
    write_notebook(repository, "failing", WORKS)
    (place / "results" / "tiny" / "one.csv").unlink()
    code, lines, printed = reproduce(repository, place)
    assert code == 0, printed
    assert lines[:4] == ["3 of 3 notebooks done", "  done     failing", "  done     one", "  done     two (before)"]
    assert (place / "results" / "tiny" / "one.csv").exists()
    after = markers(place)
    assert {name for name in after if after[name] != before.get(name)} == {"failing", "one"}
    assert begun(printed) == {"failing", "one"}
    code, lines, printed = reproduce(repository, place)
    assert code == 0 and not begun(printed), "nothing to be done"
    assert lines[1:4] == ["  done     failing (before)", "  done     one (before)", "  done     two (before)"]
    assert markers(place) == after


def test_a_killed_pipeline_goes_on_and_ends_with_the_same_results(first, repository, tmp_path):
    """All of it is killed while a run is being trained; nothing has to be unlocked."""
    process = start(repository, tmp_path, "two", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not list((tmp_path / "runs").glob("*/checkpoint.pt")) and time.monotonic() < until:
        time.sleep(0.01)
    for each in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()
    assert "two" not in markers(tmp_path) and list((tmp_path / "runs").glob("*/checkpoint.pt"))
    code, lines, printed = reproduce(repository, tmp_path, "two")
    assert (code, lines) == (0, ["1 of 1 notebooks done", "  done     two"]), printed
    for name in ("two.csv", "two.md", "two.ipynb"):
        assert (tmp_path / "results" / "tiny" / name).read_bytes() == (first[0] / "results" / "tiny" / name).read_bytes()
