"""Student copies: solutions come out, a student's work stays."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from rainmer_lib.teaching import student_copies as exercises

SOLVED = """def double(x):
    \"\"\"Twice x.\"\"\"
    # solution: begin, add x to itself
    y = x + x

    return y
    # solution: end


print(double(2))"""
UNSOLVED = """def double(x):
    \"\"\"Twice x.\"\"\"
    # add x to itself
    ...


print(double(2))"""


def notebook(*tags):
    cells = [new_code_cell(SOLVED if tag == "exercise" else "1", metadata={"tags": [tag]}) for tag in tags]
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def test_the_solution_gives_way_to_its_hint():
    assert exercises.unsolved(SOLVED) == UNSOLVED


def test_each_solution_of_a_cell_is_taken_out():
    twice = exercises.unsolved(SOLVED + "\n\n\n" + SOLVED)
    assert twice == UNSOLVED + "\n\n\n" + UNSOLVED


@pytest.mark.parametrize("broken", [
    SOLVED.replace("    # solution: end", ""),
    SOLVED.replace("    # solution: end", "# solution: end"),
    SOLVED.replace(", add x to itself", ""),
    SOLVED + "\n# solution: begin, another",
    "def double(x):\n    return 2 * x",
])  # fmt: skip
def test_marks_that_do_not_fit_are_an_error(broken):
    """Rather than a student copy that shows a solution."""
    with pytest.raises(ValueError, match="solution: begin, HINT"):
        exercises.unsolved(broken)


def test_the_check_is_folded_in_the_copy():
    """It computes the right answer; a student opens it on purpose or not at all."""
    solved = notebook("exercise-setup", "exercise", "check")
    copy = exercises.student_copy(solved)
    assert [cell.metadata.get("jupyter", {}).get("source_hidden", False) for cell in copy.cells] == [False, False, True]
    assert "jupyter" not in solved.cells[2].metadata


def test_an_exercise_is_three_cells():
    complete = ("exercise-setup", "exercise", "check")
    assert len(exercises.exercise_groups(notebook("parameters", *complete, "other", *complete))) == 2
    for tags in (complete[1:], complete[:2], (complete[0], complete[2])):
        with pytest.raises(ValueError, match="an exercise needs a cell each of"):
            exercises.exercise_groups(notebook(*tags))


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A folder of walkthroughs, one with an exercise and one without, and one for the copies."""
    monkeypatch.setattr(exercises, "NOTEBOOKS", tmp_path)
    (tmp_path / "walkthroughs").mkdir()
    exercise = ("exercise-setup", "exercise", "check")
    for name, tags in {"01_one": exercise, "01_one.partial": exercise, "02_two": ("parameters",)}.items():
        nbformat.write(notebook(*tags), tmp_path / "walkthroughs" / f"{name}.ipynb")
    return tmp_path


def test_copies_are_written_again_but_work_is_kept(folders, capsys):
    target = folders / "copies"
    assert exercises.main([str(target)]) == 0 and [p.name for p in target.iterdir()] == ["01_one.ipynb"]
    copy = target / "01_one.ipynb"
    clean = copy.read_text()
    assert "# add x to itself" in clean and "solution" not in clean
    assert exercises.write_copies(target) == {"01_one.ipynb": "written"}
    copy.write_text(clean.replace("...", "return 2 * x"))
    assert exercises.main([str(target)]) == 0
    assert "2 * x" in copy.read_text() and f"kept {copy}" in capsys.readouterr().out
    assert exercises.write_copies(target, force=True) == {"01_one.ipynb": "written"} and copy.read_text() == clean
