"""Checks that every configuration shares."""

import os
from dataclasses import dataclass, fields, replace

import pytest

from rainmer_lib.dcdgan import paper, released
from rainmer_lib.methods import METHODS
from rainmer_lib.networks.stored import not_finite, read_exported
from rainmer_lib.training.config import RULES, changed_fields, check_choices, check_ranges, check_types
from rainmer_lib.training.loop import TrainingDiverged, train
from rainmer_lib.training.run import EXPORT, RunFolder


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
    ({"betas": (0.5,)}, "tuple"), ({"betas": (0.5, 0.9, 0.9)}, "tuple"), ({"betas": (0.5, "a")}, "tuple"),
    ({"betas": (0.5, True)}, "tuple"), ({"taps": (1,)}, "tuple"), ({"taps": (None, "a")}, "tuple"),
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


@pytest.mark.parametrize("changes", [{"weight": float("nan")}, {"weight": float("-inf")}, {"weight": 10**400},
                                     {"betas": (0.5, float("inf"))}])  # fmt: skip
def test_numbers_that_are_not_finite(changes):
    with pytest.raises(ValueError, match=f"{next(iter(changes))}=.*: expected finite numbers"):
        Config(**changes)


def test_ranges_hold_for_numbers_and_for_all_of_a_tuple():
    config = Config(weight=0.5, betas=(0.5, 1.0))
    check_ranges(config, {"above 0": ("weight", "steps"), "within [0, 1]": ("betas",)})
    with pytest.raises(ValueError, match=r"^betas=\(0.5, 1.0\): expected within \[0, 1\)$"):
        check_ranges(config, {"within [0, 1)": ("weight", "betas")})


EDGES = {"above 0": (-1, 0, False), "0 or more": (-1, 0, True), "1 or more": (0, 1, True), "within [0, 1]": (1.1, 1, True),
         "within [0, 1)": (-0.1, 1, False), "within (0, 1]": (1.1, 0, False),
         "0 or more, below 2**63": (-1, 2**63, False)}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_what_it_says(rule):
    outside, edge, taken = EDGES[rule]
    assert not RULES[rule](outside) and RULES[rule](0.5 if rule != "1 or more" else 1.5) and RULES[rule](edge) == taken


# Of each kind of field: what a person may type who does not know it
STRANGE = {
    int: (0, -1, 3, 1.5, "1", None, 2**70), bool: (None, 1), str: ("x", 3),
    float: (0.0, -1.0, 1e6, 1e-30, float("inf"), float("nan"), "1", None, 10**400),
}  # fmt: skip
STRANGE_TUPLES = ((), (0,), (-1, -1), (1.0, 1.0), (0.5,), (0, 0, 0, 0), ("x",), 0.5, None, [0.5, 0.9], (float("nan"),) * 2)
SMALL = {"width": 4, "channels": 4, "steps": 2, "batch": 1, "warm_up": 0, "crop": 32, "patches": 4, "embedding": 16,
         "accumulate": 1,
         "memory_bank": 2, "negatives": 1, "clip": 0.0, "rehearsals": 1, "rehearsal_crops": 1, "warm_up_batch": 2}  # fmt: skip


def smallest(method):
    """The method's configuration at profile quick, smaller yet; every part that a field can switch on is on."""
    config = method.at("quick")
    return replace(config, **{name: value for name, value in SMALL.items()
                              if type(getattr(config, name, None)) is type(value)})  # fmt: skip


def strange(field):
    """Values for a field, without sizes that no machine holds (a seed alone may be so large) or that would train for years."""
    too_large = {"seed": (), "expansion": (1e6,), "minutes": (1e6,)}.get(field.name, (2**70,))  # channels grow with `expansion`
    return [value for value in STRANGE.get(field.type, STRANGE_TUPLES) if value not in too_large]


CLASSES = list({method.config: method for method in reversed(METHODS.values())}.values())


@pytest.mark.slow
@pytest.mark.parametrize("method", CLASSES, ids=lambda method: method.name)
def test_a_strange_value_is_refused_by_name_or_trains(method, tmp_path, streaked, micro_at_quick, monkeypatch):
    """Never another error, and never a finished run whose weights cannot derain."""
    monkeypatch.setattr(os, "fsync", lambda file: None)  # hundreds of runs, which no power failure threatens
    monkeypatch.setattr(RunFolder, "save_checkpoint", lambda run, state: None)  # and none of which goes on
    base, data, trained = smallest(method), method.data(streaked, "quick"), 0
    for field in fields(base):
        for value in strange(field):
            try:
                config = replace(base, **{field.name: value})
                run = RunFolder(tmp_path / str(trained), method.identity(config, data.fingerprint))
                train(method.start, config, data, run, say=None)
            except (ValueError, TypeError) as error:
                named = isinstance(error, TrainingDiverged) or any(f.name in str(error) for f in fields(base))
                assert named, f"{field.name}={value!r}: {type(error).__name__}: {error}"
            except Exception as error:
                pytest.fail(f"{field.name}={value!r}: {type(error).__name__}: {error}")
            else:
                assert not not_finite(read_exported(run.path / EXPORT))
                trained += 1
    assert trained > len(fields(base)) // 2
