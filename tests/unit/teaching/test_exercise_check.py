"""Checks of exercises: right passes, each kind of wrong gets its own message."""

import linecache

import numpy as np
import pytest
import torch

from rainmer_lib.teaching.exercise_check import Wrong, check

INPUTS = [(2.0, 3.0), (4.0, 1.0)]
MISTAKES = {"this is the product": lambda a, b: a * b, "this is the difference": lambda a, b: a - b}


def add(a, b):
    return a + b


def test_right_is_said(capsys):
    check("exercise 1", add, INPUTS, right=lambda a, b: b + a, mistakes=MISTAKES)
    assert capsys.readouterr().out == "exercise 1 is right\n"


@pytest.mark.parametrize(("attempt", "message"), [
    (lambda a, b: None, "exercise 1: nothing is returned yet"),
    (lambda a, b: ..., "exercise 1: nothing is returned yet"),
    (lambda a, b: a * b, "exercise 1: this is the product"),
    (lambda a, b: a - b, "exercise 1: this is the difference"),
    (lambda a, b: a + 3.0, "wrong for 1 of 2 inputs; for 4, 1 expected 5, found 7"),
    (lambda a, b: "5", "wrong for 2 of 2 inputs; for 2, 3 expected 5, found '5'"),
])  # fmt: skip
def test_wrong_is_explained(attempt, message):
    with pytest.raises(Wrong) as error:
        check("exercise 1", attempt, INPUTS, right=add, mistakes=MISTAKES)
    assert message in str(error.value)
    assert error.value._render_traceback_() == [str(error.value)]


def test_a_mistake_must_show_on_all_inputs():
    """2 * 2 is 2 + 2: one input alone does not tell them apart."""
    with pytest.raises(Wrong, match="this is the product"):
        check("exercise 1", lambda a, b: a * b, [(2.0, 2.0), (2.0, 3.0)], right=add, mistakes=MISTAKES)
    with pytest.raises(Wrong, match="wrong for 1 of 2"):
        check("exercise 1", lambda a, b: a * b if b == 3 else 5.0, INPUTS, right=add, mistakes=MISTAKES)


def in_a_cell(source):
    """A function `attempt` as a notebook defines it: from a source that is in no file, but known by lines."""
    linecache.cache["<cell>"] = (len(source), None, source.splitlines(keepends=True), "<cell>")
    names = {"np": np}
    exec(compile(source, "<cell>", "exec"), names)
    return names["attempt"]


@pytest.mark.parametrize(("line", "message"), [
    ("return a + totl", "NameError: name 'totl' is not defined\n  in line 3 of your cell:  return a + totl"),
    ("return np.ones(2) @ np.ones(3)", "in line 3 of your cell:  return np.ones(2) @ np.ones(3)"),
    ("return int('x')", "ValueError"),
])  # fmt: skip
def test_an_error_of_the_attempt_shows_the_students_line_alone(line, message):
    attempt = in_a_cell(f"def attempt(a, b):\n    total = a\n    {line}\n")
    with pytest.raises(Wrong) as error:
        check("exercise 1", attempt, INPUTS, right=add)
    assert message in str(error.value) and str(error.value).startswith("exercise 1: ")
    shown = error.value._render_traceback_()
    assert len("".join(shown).splitlines()) <= 2 and error.value.__cause__ is not None
    assert "exercise_check" not in "".join(shown)


def test_an_error_below_the_students_line_shows_the_students_line():
    attempt = in_a_cell("def attempt(a, b):\n    return np.stack([np.ones(2), np.ones(3)])\n")
    with pytest.raises(Wrong, match="in line 2 of your cell:  return np.stack"):
        check("exercise 1", attempt, INPUTS, right=add)


@pytest.mark.parametrize(("right", "same", "other"), [
    (np.ones((2, 3)), np.ones((2, 3)) + 1e-9, np.ones((2, 3)) + 1e-3),
    (np.ones(3), torch.ones(3), torch.ones(4)),
    (torch.tensor(2.0, requires_grad=True), 2.0, 2.1),
    (["a"], ["a"], ["b"]),
    (["a"], ("a",), ("a", "b")),
    (("rises", "falls"), ["rises", "falls"], "rises"),
    ([1, 2], (1, 2), (1, 3)),
    ([1, 2], np.array([1.0, 2.0]), np.array([1.0, 2.0, 3.0])),
    (np.array([0.25, 0.75]), (0.25, 0.75), 0.25),
    ((1.0, 2.0), [np.float64(1), torch.tensor(2.0)], [1.0, "2"]),
    (True, True, 1),
    (3, 3.0, 4),
])  # fmt: skip
def test_values_are_compared_by_their_kind(right, same, other):
    check("exercise 1", lambda: same, [()], right=lambda: right)
    with pytest.raises(Wrong):
        check("exercise 1", lambda: other, [()], right=lambda: right)


def test_large_arrays_are_shown_by_shape_and_mean():
    with pytest.raises(Wrong, match=r"an array \(4, 4\) of mean 1 expected an array \(4, 4\) of mean 2, found \[1.0, 2.0\]"):
        check("exercise 1", lambda x: torch.tensor([1.0, 2.0]), [(np.ones((4, 4)),)], right=lambda x: x + 1)
