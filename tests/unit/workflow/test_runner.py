"""The runner of notebooks: what it refuses, what it leaves behind, and the same bytes each time."""

import base64
import re
import subprocess
import sys
from io import BytesIO

import nbformat
import numpy as np
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from rainmer_lib import paths
from rainmer_lib.workflow import runner
from rainmer_lib.workflow.parameters import WrongParameter

PARAMETERS = 'a: int = 1  # a number\nb: str = ""  # path of a file'


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """A folder of notebooks: `item`, which has two parameters, one of a walkthrough, and what Jupyter leaves."""
    folder = tmp_path / "notebooks"
    monkeypatch.setattr(runner, "NOTEBOOKS", folder)
    parameters = new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for name in ("item", "walkthroughs/w", ".ipynb_checkpoints/item-checkpoint", "item.partial"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cells = [new_markdown_cell("# Title"), parameters, new_code_cell("print(a); print(2 * a)")]
        nbformat.write(new_notebook(cells=cells, metadata=kernel), folder / f"{name}.ipynb")
    return folder


def test_a_job_starts_without_the_grammars_that_no_notebook_needs():
    """Of a package that jsonschema takes where it is installed; a notebook is checked all the same."""
    code = "import sys; from rainmer_lib.workflow import jobs, runner; print('lark' in sys.modules); " \
           "runner.nbformat.validate(runner.nbformat.v4.new_notebook(metadata={'kernelspec': 3}))"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n" and "3 is not of type 'object'" in done.stderr


def test_notebooks_are_named_with_their_folder_and_what_is_unfinished_is_none(notebooks):
    assert runner.notebooks() == ["item", "walkthroughs/w"]


@pytest.mark.slow
def test_a_notebook_is_executed_into_its_results_with_the_same_bytes_each_time(notebooks, capsys):
    target = paths.results_root() / "quick" / "item__a-5.ipynb"
    made = []
    for _ in range(2):
        assert runner.main(["item", "-p", "a", "5"]) == 0
        made.append(target.read_bytes())
    assert f"wrote {target}" in capsys.readouterr().out
    assert made[0] == made[1] and [p.name for p in target.parent.iterdir()] == [target.name], "nothing partial is left"
    executed = nbformat.read(target, 4)
    assert executed.cells[-1].outputs[0].text == "5\n10\n" and executed.cells[2].metadata.tags == ["injected-parameters"]
    assert [cell.id for cell in executed.cells] == [f"cell-{k}" for k in range(4)]


@pytest.mark.parametrize(("words", "name"), [
    (["walkthroughs/w"], "quick/walkthroughs/w"), (["item", "--profile", "laptop"], "laptop/item"),
    (["item", "-p", "a", "5", "-p", "b", "x/y"], "quick/item__a-5__b-x-y"),
])  # fmt: skip
def test_results_are_named_by_profile_notebook_and_changed_parameters(notebooks, words, name, monkeypatch, tmp_path):
    (tmp_path / "x").mkdir(), (tmp_path / "x" / "y").touch()
    monkeypatch.chdir(tmp_path)
    asked = []
    monkeypatch.setattr(runner, "run_notebook", lambda *given: asked.append(given))
    assert runner.main(words) == 0
    source, target, parameters, folder = asked[0]
    assert folder == (tmp_path if "-p" in words else None)
    assert source == notebooks / f"{words[0]}.ipynb" and target == paths.results_root() / f"{name}.ipynb"
    assert parameters == {"quick/item__a-5__b-x-y": {"a": 5, "b": "x/y"}, "laptop/item": {"profile": "laptop"}}.get(name, {})


def test_wrong_words_and_failures_have_their_exit_codes(notebooks, capsys, monkeypatch):
    assert runner.main(["item", "-p", "c", "1"]) == 2 and "no such parameter: c" in capsys.readouterr().err
    assert runner.main(["item", "-p", "a", "one"]) == 2 and "expected int" in capsys.readouterr().err
    assert runner.main(["other"]) == 2 and "there are item, walkthroughs/w" in capsys.readouterr().err

    def fails(*_):
        raise papermill.PapermillExecutionError(2, 3, "1 / 0", "ZeroDivisionError", "division by zero", [])

    monkeypatch.setattr(runner, "run_notebook", fails)
    assert runner.main(["item"]) == 1
    assert "item failed: ZeroDivisionError: division by zero" in capsys.readouterr().err
    refused = papermill.PapermillExecutionError(2, 3, "check()", "WrongParameter", "model='x': choose", [])
    monkeypatch.setattr(runner, "run_notebook", lambda *_: (_ for _ in ()).throw(refused))
    assert runner.main(["item"]) == 2 and "model='x': choose" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "message"), [
    (["-p", "a", "["], "a='\\[': expected int"), (["-p", "a", "1", "-p", "a", "2"], "a: given twice"),
    (["-p", "b", "absent.png"], "b='absent.png': no such file, seen from "),
])  # fmt: skip
def test_a_wrong_value_starts_no_kernel(notebooks, words, message, monkeypatch, capsys):
    monkeypatch.setattr(papermill, "execute_notebook", lambda *_, **__: pytest.fail("a kernel starts"))
    assert runner.main(["item", *words]) == 2 and re.search(message, capsys.readouterr().err)


def test_the_values_that_all_notebooks_know_are_checked_before_a_kernel_starts(notebooks, monkeypatch, capsys):
    monkeypatch.setattr(papermill, "execute_notebook", lambda *_, **__: pytest.fail("a kernel starts"))
    for name, cell in (("seeded", "seeds: int = 0  # runs"), ("walkthroughs/w", "images: int = 5  # how many")):
        cells = [new_code_cell(cell, metadata={"tags": ["parameters"]})]
        nbformat.write(new_notebook(cells=cells), notebooks / f"{name}.ipynb")
    assert runner.main(["seeded", "-p", "seeds", "-1"]) == 2 and "number of runs" in capsys.readouterr().err
    assert runner.main(["walkthroughs/w", "-p", "images", "0"]) == 2 and "at least 1" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["[1] a.png", "@me.png", "{x}.png", "- a", "b: c", "b" * 200])
def test_any_name_of_a_file_is_taken(notebooks, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).touch()
    asked = []
    monkeypatch.setattr(runner, "run_notebook", lambda *given: asked.append(given[2]))
    assert runner.main(["item", "-p", "b", name]) == 0 and asked == [{"b": name}]


def test_a_file_is_seen_from_where_the_command_is_typed(notebooks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "[1] {x} @me.png"
    (tmp_path / name).touch()
    cells = nbformat.read(notebooks / "item.ipynb", 4)
    cells.cells[-1].source = "import os; print(b, os.path.isfile(b))"
    nbformat.write(cells, notebooks / "item.ipynb")
    assert runner.main(["item", "-p", "b", name]) == 0
    (target,) = (tmp_path / "results" / "quick").iterdir()
    assert nbformat.read(target, 4).cells[-1].outputs[0].text == f"{name} True\n"


def test_a_target_that_cannot_be_written_starts_no_kernel(notebooks, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(papermill, "execute_notebook", lambda *_, **__: pytest.fail("a kernel starts"))
    (tmp_path / "file").touch()
    assert runner.main(["item", "--output", str(tmp_path / "file" / "out.ipynb")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_long_values_leave_a_name_that_can_be_written_and_tells_them_apart():
    ends = {runner.changed({"photo": "x" * 300 + end}) for end in "ab"}
    assert len(ends) == 2 and all(len(end) < 60 for end in ends) and runner.changed({"a": "x/y"}) == "__a-x-y"


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "message"), [
    ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "its kernel ended .*want of memory.*repeat the command"),
    ("import sys; sys.exit(0)", "stopped before its last cell"),
])  # fmt: skip
def test_a_kernel_that_is_killed_or_ends_itself_is_one_message(notebooks, tmp_path, capsys, cell, message):
    nbformat.write(new_notebook(cells=[new_code_cell(cell), new_code_cell("1")]), notebooks / "item.ipynb")
    assert runner.main(["item", "--output", str(tmp_path / "out.ipynb")]) == 1
    error = capsys.readouterr().err
    assert re.search(f"item failed: {message}", error) and str(tmp_path / "out.partial.ipynb") in error
    assert "Traceback" not in error and not (tmp_path / "out.ipynb").exists()


def test_parameters_are_checked_before_a_kernel_starts(notebooks, tmp_path, monkeypatch):
    monkeypatch.setattr(papermill, "execute_notebook", lambda *_, **__: pytest.fail("a kernel starts"))
    with pytest.raises(WrongParameter, match="expected int"):
        runner.run_notebook(notebooks / "item.ipynb", tmp_path / "out.ipynb", {"a": True})
    with pytest.raises(FileNotFoundError, match="no notebook .*gone.ipynb"):
        runner.run_notebook(notebooks / "gone.ipynb", tmp_path / "out.ipynb", {})


def test_what_changes_from_run_to_run_is_taken_out():
    streams = [new_output("stream", text=text) for text in ("a\n", "b\n")]
    cells = [new_code_cell("1", outputs=streams, metadata={"tags": ["x"], "papermill": {"duration": 3}, "collapsed": True})]
    metadata = {"papermill": {"version": "2"}, "language_info": {"name": "?"}}
    found = runner.normalised(new_notebook(cells=cells, metadata=metadata))
    assert found.cells[0].metadata == {"tags": ["x"]} and found.cells[0].id == "cell-0"
    assert [output.text for output in found.cells[0].outputs] == ["a\nb\n"], "one stream"
    assert set(found.metadata) == {"kernelspec", "language_info"} and found.metadata.language_info == {"name": "python"}


def test_a_widget_leaves_its_text_because_its_kernel_is_gone():
    shown = new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": "ab"}, "text/plain": "a"})
    assert runner.normalised(new_notebook(cells=[new_code_cell("1", outputs=[shown])])).cells[0].outputs[0].data == {
        "text/plain": "a"
    }


def test_a_source_is_renewed_without_outputs_but_of_checked_cells(notebooks):
    notebook = nbformat.read(notebooks / "item.ipynb", 4)
    notebook.cells.append(new_code_cell("print('kept')", metadata={"tags": [runner.CHECKED]}))
    nbformat.write(notebook, notebooks / "item.ipynb")
    assert runner.main(["item", "--refresh"]) == 0
    cells = nbformat.read(notebooks / "item.ipynb", 4).cells
    assert [len(cell.get("outputs", [])) for cell in cells] == [0, 0, 0, 1] and cells[3].outputs[0].text == "kept\n"
    assert not any(cell.get("execution_count") for cell in cells[:3])
    assert runner.parameters_cell(nbformat.read(notebooks / "item.ipynb", 4)) == PARAMETERS
    assert runner.parameters_cell(new_notebook(cells=cells[2:])) == ""


def test_a_notebook_has_sizes_where_it_declares_the_parameter_and_a_broken_one_is_taken_to(notebooks):
    assert not runner.has_profiles("item")
    for name, cell in (("sized", 'profile: str = "quick"  # size'), ("broken", "import os")):
        cells = [new_code_cell(cell, metadata={"tags": ["parameters"]})]
        nbformat.write(new_notebook(cells=cells), notebooks / f"{name}.ipynb")
        assert runner.has_profiles(name), "its job fails and says why"


def png(pixels):
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def test_pictures_of_photos_become_jpeg_and_plots_stay():
    """A photo's grain takes many bytes as PNG; a plot of flat colour does not, however large."""
    ramp = np.linspace(0, 255, 300)[None, :, None].repeat(300, axis=0).repeat(3, axis=2)
    grain = np.random.default_rng(0).normal(0, 6, (300, 300, 3))
    photo = {"image/png": png((ramp + grain).clip(0, 255).astype(np.uint8)), "text/plain": "a figure"}
    light = runner.lighter(photo)
    assert set(light) == {"image/jpeg", "text/plain"} and 2 * len(light["image/jpeg"]) < len(photo["image/png"])
    shown = np.asarray(Image.open(BytesIO(base64.b64decode(light["image/jpeg"]))).convert("RGB")).astype(float)
    assert np.abs(shown - ramp).mean() < 6, "the picture is the same"
    flat = np.full((2000, 2000, 3), 200, np.uint8)
    plot = runner.lighter({"image/png": png(flat)})
    assert set(plot) == {"image/png"} and len(plot["image/png"]) < len(png(flat))
    assert np.array_equal(Image.open(BytesIO(base64.b64decode(plot["image/png"]))).convert("RGB"), flat)
    small = {"image/png": png(flat[:500, :500])}
    assert runner.lighter(small) == small and runner.lighter({"text/plain": "4"}) == {"text/plain": "4"}
