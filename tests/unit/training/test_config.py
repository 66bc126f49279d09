"""Checks that every configuration shares."""

from dataclasses import dataclass, replace

import pytest

from rainmer_lib.dcdgan import paper, released
from rainmer_lib.training.config import changed_fields, check_choices, check_types


@dataclass(frozen=True)
class Config:
    steps: int = 10
    weight: float = 1.0
    flip: bool = True
    rule: str = "mean"
    taps: tuple[str, ...] = ("a",)
    betas: tuple[float, float] = (0.5, 0.999)

    def __post_init__(self):
        check_types(self)
        check_choices(self, {"rule": ("mean", "sum"), "steps": (10, 20)})


@pytest.mark.parametrize(("changes", "kind"), [
    ({"steps": "10"}, "int"), ({"steps": 1.5}, "int"), ({"steps": True}, "int"), ({"steps": None}, "int"),
    ({"weight": "1"}, "float"), ({"weight": False}, "float"), ({"flip": 1}, "bool"), ({"rule": 3}, "str"),
    ({"taps": "a"}, "tuple"), ({"taps": ["a"]}, "tuple"), ({"betas": 0.5}, "tuple"),
])  # fmt: skip
def test_wrong_types(changes, kind):
    ((name, value),) = changes.items()
    with pytest.raises(TypeError) as error:
        Config(**changes)
    assert str(error.value).startswith(f"{name}={value!r}: expected {kind}")


def test_an_int_may_stand_for_a_float():
    assert Config(weight=3).weight == 3
    assert replace(paper, colour_weight=3).colour_weight == 3


def test_a_value_that_is_no_choice():
    assert Config(rule="sum", steps=20).rule == "sum"
    with pytest.raises(ValueError, match="rule='max': choose one of mean, sum"):
        Config(rule="max")
    with pytest.raises(ValueError, match="steps=30: choose one of 10, 20"):
        Config(steps=30)


def test_changed_fields_are_those_that_differ_from_the_defaults():
    assert changed_fields(Config()) == changed_fields(paper) == {}
    assert changed_fields(Config(rule="sum", weight=1.0, taps=("b",))) == {"rule": "sum", "taps": ("b",)}
    assert type(paper)(**changed_fields(released)) == released != paper
