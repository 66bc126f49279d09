"""Notebooks: light and tidy as sources, strict and complete when they run."""

import json
import os
import subprocess
import sys
import time

import nbformat
import pytest

from rainmer_lib import paths
from rainmer_lib.data.published_rain import HALVES
from rainmer_lib.data.unpaired import FOLDERS
from rainmer_lib.data.unpaired import SOURCES as DATA
from rainmer_lib.metrics.protocols import PROTOCOLS
from rainmer_lib.workflow import runner
from rainmer_lib.workflow.parameters import WrongParameter, declared_parameters

SOURCES = sorted((paths.REPOSITORY / "notebooks").rglob("*.ipynb"))
RESULT_NOTEBOOKS = ("ablation_negatives", "train_dcdgan")
PAPERMILL = [sys.executable, "-m", "papermill"]


def read(path):
    return nbformat.read(path, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.stem)
def test_sources_are_light(path):
    """Kernel python3, no output but that of checked cells (tests compare it), no long cells, prose in small pieces."""
    notebook = read(path)
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in code(notebook):
        checked = "nbval-check-output" in cell.metadata.get("tags", [])
        assert bool(cell.outputs) == checked, f"{path.stem}: run `python -m rainmer_lib.workflow.runner --refresh {path.stem}`"
        assert len(cell.source.splitlines()) <= 20 and "class " not in cell.source
        assert "/" not in "".join(s for s in cell.source.split() if s.startswith(('"/', "'/"))), "a file path"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            words = cell.source.split()
            assert len(words) <= 150
            assert not any(w[0].isdigit() and unit == "dB" for w, unit in zip(words, words[1:], strict=False)), "typed"
    assert sum(len(cell.source.splitlines()) for cell in code(notebook)) <= (250 if path.parent.name == "walkthroughs" else 60)


@pytest.mark.parametrize("path", [path for path in SOURCES if path.parent.name == "notebooks"], ids=lambda p: p.stem)
def test_the_remark_on_data_names_every_choice(path):
    """Every registered set and folders where photos may have rain of their own; `published` where the notebook takes it."""
    source, declared = read(path), declared_parameters(runner.parameters_cell(read(path)))
    for remark in (parameter.help for parameter in declared if parameter.name == "data"):
        renders = "on_domains(" in str(source) or "on_weathers(" in str(source) or path.stem == "application"
        own = [name for name in DATA if not name.endswith(HALVES)] if not renders else ["embedded", "bsd-streaks"]
        expected = {*own, *([] if renders else [FOLDERS]), *(["published"] if "PUBLISHED" in str(source) else [])}
        assert {name for name in (*DATA, FOLDERS, "published") if name in remark} == expected, remark


WALKTHROUGHS = [path for path in SOURCES if path.parent.name == "walkthroughs"]


@pytest.mark.parametrize("path", WALKTHROUGHS, ids=lambda p: p.stem)
def test_a_walkthrough_has_its_number_its_symbols_and_twenty_minutes(path):
    """Numbers stand in titles, hence in the contents of the site; 150 words and 15 lines of code a minute, exercises aside."""
    notebook, ours = read(path), {"exercise-setup", "exercise", "check"}
    first = notebook.cells[0].source
    assert first.startswith(f"# {WALKTHROUGHS.index(path) + 1}. ") and f"{WALKTHROUGHS.index(path) + 1:02d}_" in path.stem
    assert "[symbols](../../docs/symbols.md)" in first
    words = sum(len(cell.source.split()) for cell in notebook.cells if cell.cell_type == "markdown")
    lines = sum(len(c.source.splitlines()) for c in code(notebook) if not ours & set(c.metadata.get("tags", [])))
    assert words / 150 + lines / 15 <= 20


@pytest.mark.parametrize("stem", RESULT_NOTEBOOKS)
def test_papermill_explains_every_parameter(stem):
    source = paths.REPOSITORY / "notebooks" / f"{stem}.ipynb"
    text = subprocess.run([*PAPERMILL, "--help-notebook", source], capture_output=True, text=True, check=True).stdout
    for declared in declared_parameters(runner.parameters_cell(read(source))):
        assert declared.help and declared.help in text and f"{declared.name}: {declared.kind}" in text


@pytest.mark.parametrize(("words", "message"), [
    (["-p", "profil", "laptop"], "no such parameter: profil"),
    (["-p", "profile", "huge"], "choose one of quick, laptop, gpu, paper"),
    (["-p", "seeds", "three"], "expected int"),
    (["-p", "data", "rain900"], "choose one of auto, embedded, bsd-streaks"),
    (["-p", "profile", "laptop"], "set RAINMER_DATA"),
])  # fmt: skip
def test_plain_papermill_stops_on_wrong_parameters(words, message, tmp_path):
    """By papermill alone, from another directory: within seconds, with a message, with a non-zero exit code."""
    source = paths.REPOSITORY / "notebooks" / "ablation_negatives.ipynb"
    environment = os.environ | {"RAINMER_DATA": str(tmp_path / "nothing")}
    began = time.monotonic()
    done = subprocess.run([*PAPERMILL, source, tmp_path / "out.ipynb", *words], capture_output=True, text=True,
                          cwd=tmp_path, env=environment)  # fmt: skip
    assert done.returncode != 0 and message in done.stdout + done.stderr
    assert "step " not in done.stdout, "training began"
    assert time.monotonic() - began < 60


@pytest.fixture(scope="module")
def executed(tmp_path_factory, folder_of_runs):
    """The main job at profile quick, by plain papermill, from another directory, with one seed."""
    folder = tmp_path_factory.mktemp("main-job")
    environment = os.environ | {"RAINMER_RESULTS": str(folder / "results"), "RAINMER_RUNS": str(folder_of_runs)}
    subprocess.run(
        [*PAPERMILL, paths.REPOSITORY / "notebooks" / "ablation_negatives.ipynb", folder / "out.ipynb", "-p", "seeds", "1"],
        cwd=folder, env=environment, check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.mark.slow
def test_the_main_job_leaves_table_figures_and_record(executed):
    import pandas as pd

    folder, stem = executed / "results" / "quick", "ablation_negatives__seeds-1"
    names = {p.name for p in folder.iterdir()}
    assert names == {f"{stem}.{kind}" for kind in ("csv", "md", "png", "json")} | {f"{stem}-crops.jpg"}
    table = pd.read_csv(folder / f"{stem}.csv")
    assert set(table.method) == {"input", "internal", "external", "both"} and set(table.protocol) == set(PROTOCOLS)
    assert table.psnr.between(5, 60).all() and table.ssim.between(0, 1).all()
    record = json.loads((folder / f"{stem}.json").read_text())
    assert record["parameters"] == {"profile": "quick", "data": "auto", "seeds": 1} and len(record["runs"]) == 3
    assert {claim["verdict"] for claim in record["claims"]} == {"inconclusive"}, "one seed decides nothing"


@pytest.mark.slow
def test_a_second_run_finds_the_trained_models_and_gives_the_same_bytes(executed, shared_runs, folder_of_runs, monkeypatch):
    monkeypatch.setenv("RAINMER_RESULTS", str(executed / "results"))
    record = json.loads((executed / "results" / "quick" / "ablation_negatives__seeds-1.json").read_text())
    checkpoints = {p: p.stat().st_mtime_ns for p in (folder_of_runs / run["run"] / "checkpoint.pt" for run in record["runs"])}
    files = []
    for name in ("one.ipynb", "two.ipynb"):
        assert runner.main(["ablation_negatives", "-p", "seeds", "1", "--output", str(executed / name)]) == 0
        files.append((executed / name).read_bytes())
    assert files[0] == files[1]
    assert {p: p.stat().st_mtime_ns for p in checkpoints} == checkpoints and len(checkpoints) == 3


def test_the_runner_refuses_before_a_kernel_starts(tmp_path, capsys):
    assert runner.main(["ablation_negatives", "-p", "sedes", "1"]) == 2
    assert "no such parameter: sedes" in capsys.readouterr().err
    assert runner.main(["no_such_item"]) == 2
    assert "there are" in capsys.readouterr().err


@pytest.mark.parametrize(("cell", "error"), [("1 / 0", "ZeroDivisionError"), ("import sys; sys.exit(0)", "stopped|SystemExit")])
def test_a_notebook_that_stops_is_never_a_result(tmp_path, cell, error):
    source, target = tmp_path / "broken.ipynb", tmp_path / "out.ipynb"
    cells = [nbformat.v4.new_code_cell('a: int = 1  # a number', metadata={"tags": ["parameters"]}),
             nbformat.v4.new_code_cell(cell), nbformat.v4.new_code_cell("print(a)")]  # fmt: skip
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), source)
    with pytest.raises(Exception, match=error):
        runner.run_notebook(source, target, {})
    assert not target.exists() and (tmp_path / "out.partial.ipynb").exists()
    with pytest.raises(WrongParameter):
        runner.run_notebook(source, target, {"b": 1})


@pytest.mark.slow
def test_nbval_runs_a_notebook_too(tmp_path):
    """It keeps no history of cells, from which parameters are read elsewhere, and compares checked cells itself."""
    words = ["-q", "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", "900", "-p", "no:cacheprovider"]
    source = paths.REPOSITORY / "notebooks" / "walkthroughs" / "02_measuring_deraining.ipynb"
    done = subprocess.run([sys.executable, "-m", "pytest", *words, source], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_some_output_is_compared():
    """Cells whose output is stored and compared: in every walkthrough, several in all."""
    checked = {p.stem: sum("nbval-check-output" in c.metadata.get("tags", []) for c in code(read(p))) for p in SOURCES}
    walkthroughs = [p.stem for p in SOURCES if p.parent.name == "walkthroughs"]
    assert all(checked[stem] >= 2 for stem in walkthroughs) and sum(checked.values()) >= 12, checked
