"""Parameters as a cell declares them: names, types, defaults and help; other names and types are refused."""

import re

import pytest

from rainmer_lib.experiments.settings import WrongParameter
from rainmer_lib.workflow.declared import Declared, check_names, check_type, declared_parameters, read

CELL = '''profile: str = "quick"  # size of the experiment: quick, laptop or paper
data: str = "auto"  # training set
seeds: int = 0  # training runs per row'''


def test_a_cell_declares_names_types_defaults_and_help():
    profile, _, seeds = declared_parameters(CELL)
    assert (profile.name, profile.kind, profile.default) == ("profile", "str", "quick")
    assert (seeds.name, seeds.default, seeds.help) == ("seeds", 0, "training runs per row")
    with pytest.raises(ValueError, match="nothing else"):
        declared_parameters("import os")


def test_other_names_are_answered_with_those_that_there_are():
    known = declared_parameters(CELL)
    check_names(known, {"seeds"})
    message = "no such parameter: profil, sedes. This notebook has\n  profile: str = 'quick'  size of"
    with pytest.raises(WrongParameter, match=message):
        check_names(known, {"sedes", "profil", "data"})


@pytest.mark.parametrize(("kind", "right", "wrong"), [
    ("int", (0, -3), (1.0, "1", True, None)), ("float", (1, 0.5), ("1", False)), ("str", ("", "a"), (1, None)),
    ("bool", (True,), (1, "x")),
])  # fmt: skip
def test_a_value_has_the_declared_type(kind, right, wrong):
    declared = Declared("a", kind, None, "what it is")
    for value in right:
        check_type(declared, value)
    for value in wrong:
        with pytest.raises(WrongParameter, match=f"a={value!r}: expected {kind}. what it is"):
            check_type(declared, value)


@pytest.mark.parametrize(("kind", "text", "value"), [
    ("str", "[1] a.png", "[1] a.png"), ("str", "@me.png", "@me.png"), ("str", "{x}.png", "{x}.png"), ("str", "3", "3"),
    ("str", "no", "no"), ("str", "", ""), ("int", "3", 3), ("int", "-1", -1), ("float", "0.5", 0.5), ("float", "1", 1.0),
    ("bool", "true", True), ("bool", "False", False),
])  # fmt: skip
def test_what_was_typed_is_read_as_the_declared_type(kind, text, value):
    found = read(Declared("a", kind, None, ""), text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(("kind", "text"), [("int", "["), ("int", "1.5"), ("int", ""), ("float", "half"), ("bool", "yes"),
                                            ("bool", "1")])  # fmt: skip
def test_what_is_not_of_the_type_is_refused(kind, text):
    with pytest.raises(WrongParameter, match=f"a={re.escape(repr(text))}: expected {kind}. what it is"):
        read(Declared("a", kind, None, "what it is"), text)
