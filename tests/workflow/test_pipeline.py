"""The pipeline as a whole, in a small copy of the repository."""

import json
import subprocess
import time
from contextlib import suppress

import psutil
import pytest
import small_repository
from small_repository import WORKS, begun, markers, reproduce, start, write_notebook

pytest.importorskip("snakemake")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return small_repository.make(tmp_path_factory.mktemp("pipeline") / "repository")


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
    until = time.monotonic() + 300
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
