"""Exercises of the walkthroughs: each check refuses the unsolved cell, names the mistakes it knows, and passes the solution.

Only the three cells of an exercise are run, so this also shows that they need nothing from the rest of their notebook.
"""

import re

import nbformat
import pytest

from rainmer_lib.teaching import exercise_check as attempts
from rainmer_lib.teaching import student_copies as exercises

WALKTHROUGHS = exercises.walkthroughs()
EXERCISES = [
    pytest.param(*cells, id=f"{path.stem[:2]}-{number}")
    for path in WALKTHROUGHS
    for number, cells in enumerate(exercises.exercise_groups(nbformat.read(path, as_version=4)), start=1)
]


def run(*sources):
    """The names that the cells leave behind."""
    names = {"__name__": "__main__"}
    for source in sources:
        exec(compile(source, "<cell>", "exec"), names)
    return names


def calls_of(setup, exercise, check):
    """The arguments with which the check cell calls `check`, exercise solved."""
    calls, names = [], run(setup, exercise)
    names["check"] = lambda *positional, **named: calls.append((positional, named))
    exec(compile(check, "<cell>", "exec"), names)
    return calls


@pytest.mark.parametrize("path", WALKTHROUGHS, ids=lambda p: p.stem)
def test_every_walkthrough_has_three_exercises_the_last_open(path):
    """The open one asks for a prediction, then to run, then to change something."""
    notebook = nbformat.read(path, as_version=4)
    assert len(exercises.exercise_groups(notebook)) == 3
    (opened,) = [cell.source for cell in notebook.cells if "*Open: predict, then run.*" in cell.source]
    assert opened.startswith("**3.**") and "Afterwards" in opened


@pytest.mark.parametrize("path", WALKTHROUGHS, ids=lambda p: p.stem)
def test_no_line_of_a_solution_stands_elsewhere(path):
    """Neither in the notebook above, nor in a check cell."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    for number, cell in enumerate(cells):
        if "exercise" not in cell.metadata.tags:
            continue
        solution = re.search(r"# solution: begin.*\n((?:.*\n)*?) *# solution: end", cell.source)[1]
        others = "\n".join(other.source for place, other in enumerate(cells) if place != number)
        lines = [line.strip() for line in solution.splitlines()]
        assert not [line for line in lines if len(line) > 12 and line.removeprefix("return ") in others]


@pytest.mark.parametrize("path", WALKTHROUGHS, ids=lambda p: p.stem)
def test_a_check_calls_its_exercise_by_its_number(path):
    groups = exercises.exercise_groups(nbformat.read(path, as_version=4))
    assert [re.search(r'"(exercise \d)"', check)[1] for _, _, check in groups] == ["exercise 1", "exercise 2", "exercise 3"]


@pytest.mark.parametrize(("setup", "exercise", "check"), EXERCISES)
def test_the_unsolved_cell_is_refused(setup, exercise, check):
    with pytest.raises(attempts.Wrong, match="nothing is returned yet"):
        run(setup, exercises.unsolved(exercise), check)


@pytest.mark.parametrize(("setup", "exercise", "check"), EXERCISES)
def test_the_solution_is_right(setup, exercise, check, capsys):
    run(setup, exercise, check)
    assert " is right\n" in capsys.readouterr().out


@pytest.mark.parametrize(("setup", "exercise", "check"), EXERCISES)
def test_every_mistake_gets_its_message(setup, exercise, check):
    """Whoever makes a mistake that the check knows reads what is wrong, and not another mistake's message."""
    for (title, _, inputs), named in calls_of(setup, exercise, check):
        assert named["mistakes"], f"{title} knows no mistake"
        for message, mistake in named["mistakes"].items():
            with pytest.raises(attempts.Wrong) as error:
                attempts.check(title, mistake, inputs, **named)
            assert str(error.value) == f"{title}: {message}"


@pytest.mark.parametrize("path", WALKTHROUGHS, ids=lambda p: p.stem)
def test_student_copies_have_no_solutions_and_no_outputs(path):
    solved = nbformat.read(path, as_version=4)
    copy = exercises.student_copy(solved)
    assert len(copy.cells) == len(solved.cells) and not any(cell.get("outputs") for cell in copy.cells)
    assert "solution" not in "".join(cell.source for cell in copy.cells if "exercise" in cell.metadata.tags)
    assert len(nbformat.writes(copy)) < 100_000
    untouched = [cell.source for cell in solved.cells if "exercise" not in cell.metadata.tags]
    assert untouched == [cell.source for cell in copy.cells if "exercise" not in cell.metadata.tags]
    assert solved == nbformat.read(path, as_version=4), "the solved notebook itself was changed"
