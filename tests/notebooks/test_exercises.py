"""Exercises of the walkthroughs: each check refuses the unsolved cell, names the mistakes it knows, and passes the solution.

Only the three cells of an exercise are run, so this also shows that they need nothing from the rest of their notebook.
"""

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
def test_every_walkthrough_has_two_or_three_exercises(path):
    assert 2 <= len(exercises.exercise_groups(nbformat.read(path, as_version=4))) <= 3


@pytest.mark.parametrize(("setup", "exercise", "check"), EXERCISES)
def test_the_unsolved_cell_is_refused(setup, exercise, check):
    with pytest.raises(attempts.Wrong, match="nothing is returned yet"):
        run(setup, exercises.unsolved(exercise), check)


@pytest.mark.parametrize(("setup", "exercise", "check"), EXERCISES)
def test_the_solution_is_right(setup, exercise, check, capsys):
    run(setup, exercise, check)
    assert capsys.readouterr().out.endswith(" is right\n")


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
