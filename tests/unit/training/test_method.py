"""A method's configuration at a profile's size, and what names its runs."""

from dataclasses import dataclass, replace

import pytest

from rainmer_lib.methods import METHODS
from rainmer_lib.training.method import KINDS, Method, Size


@dataclass(frozen=True)
class Config:
    width: int = 64
    weight: float = 2.0
    rate: float = 1e-3
    rule: str = "mean"
    seed: int = 0


@pytest.fixture
def method():
    return Method(
        name="named", title="Named", version=3, config=Config, network=None, start=None, supervision="unpaired", family="",
        citation="", data=None, describe=str,
        sizes={"small": Size({"width": 8, "rule": "sum", "rate": 0.5}, {"weight": 0.25}), "paper": Size()},
        presets={"paper": {}, "released": {"rule": "max", "weight": 4.0}},
    )  # fmt: skip


@pytest.mark.parametrize(("supervision", "prior_based", "kind"), [
    ("paired", False, "supervised"), ("semi-supervised", False, "semi-supervised"), ("unpaired", False, "unpaired"),
    ("unpaired", True, "prior-based"),  # trained on what an unpaired method takes, and of another group
])  # fmt: skip
def test_the_group_of_table_1(method, supervision, prior_based, kind):
    assert replace(method, supervision=supervision, prior_based=prior_based).kind == kind and kind in KINDS


@pytest.mark.parametrize(("arguments", "changes", "expected"), [
    (("paper",), {}, Config()),
    (("small",), {}, Config(width=8, rule="sum", rate=0.5, weight=0.5)),  # the size's changes, over the defaults
    (("paper", "released"), {}, Config(rule="max", weight=4.0)),  # the preset's, over the defaults
    (("small", "released"), {}, Config(width=8, rule="max", rate=0.5, weight=1.0)),  # and over the size's
    (("small", "released"), {"rule": "min", "width": 3}, Config(width=3, rule="min", rate=0.5, weight=1.0)),  # over all
    (("small", "released"), {"weight": 7.0}, Config(width=8, rule="max", rate=0.5, weight=1.75)),  # factors come last
    (("small",), {"weight": 0.0}, Config(width=8, rule="sum", rate=0.5, weight=0.0)),
    (("paper",), {"weight": 7.0}, Config(weight=7.0)),
])  # fmt: skip
def test_later_entries_win(method, arguments, changes, expected):
    assert method.at(*arguments, **changes) == expected


def test_an_unknown_preset(method):
    with pytest.raises(ValueError, match="named has no preset 'code': choose one of paper, released"):
        method.at("small", "code")


def test_an_unknown_profile(method):
    with pytest.raises(ValueError, match="named has no size 'huge': choose one of"):
        method.at("huge")


def test_a_field_that_the_configuration_does_not_have(method):
    with pytest.raises(TypeError, match="depth"):
        method.at("small", depth=3)


def test_without_presets_there_is_the_paper():
    made = Method("n", "N", 1, Config, None, None, "paired", "", "", {"paper": Size()}, None, str)
    assert made.at("paper") == made.at("paper", "paper") == Config()


def test_identity_is_of_name_configuration_data_and_version(method):
    identity = method.identity(method.at("small"), "abc")
    assert (identity.method, identity.config, identity.data, identity.version) == ("named", method.at("small"), "abc", 3)
    assert identity.key.startswith("named-") and identity.key != method.identity(method.at("paper"), "abc").key


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_a_size_for_every_profile_and_the_papers_preset(name):
    method = METHODS[name]
    assert set(method.sizes) == {"quick", "laptop", "gpu", "paper"} and "paper" in method.presets and method.name == name
    assert not method.sizes["paper"].scaled, "the paper's objective is not rebalanced at the paper's size"


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("size", ["quick", "laptop", "gpu", "paper"])
def test_every_method_has_a_configuration_at_every_size(name, size):
    method = METHODS[name]
    config = method.at(size, seed=5)
    assert type(config) is method.config and config.seed == 5 and min(config.steps, config.batch, config.crop) > 0
    assert method.describe(config)


def test_a_weight_that_a_size_scales_is_scaled_in_every_objective():
    """At laptop the contrastive term counts a fortieth, whatever a method or an ablation gives it."""
    weights = {name: METHODS[name].at("laptop").contrastive_weight for name in ("dcdgan", "cut", "dclgan", "cyclegan")}
    assert weights == pytest.approx({"dcdgan": 0.05, "cut": 0.0125, "dclgan": 0.05, "cyclegan": 0.0})
    assert METHODS["dcdgan"].at("laptop", "released").contrastive_weight == pytest.approx(0.025)
    assert METHODS["dcdgan"].at("laptop", contrastive_weight=1.0).contrastive_weight == pytest.approx(0.025)


def test_steps_that_are_asked_for_take_the_place_of_a_sizes_minutes():
    method = METHODS["dcdgan"]
    assert (method.at("gpu").minutes, method.at("gpu", steps=100).minutes, method.at("paper").minutes) == (9.0, 0.0, 0.0)
    both = method.at("gpu", steps=100, minutes=2.0)
    assert (both.steps, both.minutes) == (100, 2.0), "steps are then the scale of the schedule"


def test_at_gpu_the_networks_and_the_objective_are_the_papers():
    paper, gpu = METHODS["dcdgan"].at("paper"), METHODS["dcdgan"].at("gpu")
    changed = {name for name, value in vars(gpu).items() if value != getattr(paper, name)}
    execution = {"precision", "channels_last", "compile"}
    rates = {"learning_rate", "discriminators_learning_rate", "heads_learning_rate"}
    assert changed <= {"batch", "crop", "steps", "minutes"} | execution | rates


def test_the_steps_are_the_epochs_of_a_size_over_the_photos_of_a_training_set():
    method = METHODS["dcdgan"]
    paper, quick = method.at("paper"), method.at("quick")
    assert method.lasting(paper, "paper", 700).steps == 420_000, "Rain800, as the paper has it"
    assert method.lasting(paper, "paper", 186) == paper and method.lasting(paper, "paper", 0) is paper
    assert method.lasting(method.at("paper", batch=8), "paper", 700).steps == 52_500
    assert method.lasting(quick, "quick", 700) is quick, "a small size counts steps"
    pairs = METHODS["paired_generator"]
    assert pairs.lasting(pairs.at("paper"), "paper", 700).steps == 420_000, "as many as the network that it is compared with"
