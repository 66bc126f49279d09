"""What a method says of several processes: its part of a configuration, and what names the run."""

from dataclasses import dataclass, replace

import pytest

from rainmer_lib.methods import METHODS
from rainmer_lib.training.sharing import Sharing


@dataclass(frozen=True)
class Config:
    batch: int = 4
    others: int = 6
    steps: int = 9


BOTH = Sharing(counts=lambda config: ("batch", "others"))
APART = Sharing(apart=lambda config: ["its own norms"] * (config.steps > 5))


def test_a_part_of_every_number_of_images_is_taken():
    assert BOTH.part(Config(), 2) == Config(batch=2, others=3) and Sharing().part(Config(), 4) == Config(batch=1)
    assert BOTH.part(Config(batch=5), 1) == Config(batch=5), "one process takes everything"


def test_a_batch_that_cannot_be_shared_evenly():
    with pytest.raises(ValueError, match="others=6: 4 processes cannot share it evenly.*Give --set others=8"):
        BOTH.part(Config(), 4)
    with pytest.raises(ValueError, match="batch=1: 2 processes.*Give --set batch=2"):
        Sharing().part(Config(batch=1), 2)


def test_the_number_of_processes_names_a_run_whose_numbers_depend_on_it():
    assert APART.origin(Config(), 2) == " in 2 processes" and APART.origin(Config(), 3) == " in 3 processes"
    assert APART.origin(Config(), 1) == APART.origin(Config(steps=5), 2) == Sharing().origin(Config(), 2) == ""


def test_the_identity_of_a_run_has_it():
    method = replace(METHODS["prenet"], sharing=Sharing(apart=lambda config: ["its own norms"]))
    config, plain = method.at("quick"), METHODS["prenet"]
    keys = {method.identity(config, "data", number).key for number in (1, 2, 3)}
    assert len(keys) == 3 and plain.identity(config, "data").key in keys
    assert plain.identity(config, "data", 2).key == plain.identity(config, "data").key


@pytest.mark.parametrize("name", METHODS)
def test_every_method_says_how_it_is_shared(name):
    """Fields that exist, at every size and preset; reasons in words."""
    method = METHODS[name]
    configs = [method.at(size) for size in method.sizes] + [method.at("paper", preset) for preset in method.presets]
    for config in configs:
        assert all(getattr(config, field) > 0 for field in method.sharing.counts(config))
        assert all(isinstance(reason, str) and len(reason) > 10 for reason in method.sharing.apart(config))


@pytest.mark.parametrize(("name", "changes", "said"), [
    ("dcdgan", {}, 0), ("dcdgan", {"batch_negatives": True}, 1), ("dcdgan", {"rehearsals": 1, "discriminator_replay": 2}, 2),
    ("dclgan", {}, 1), ("cyclegan", {}, 0), ("rainmer", {}, 1), ("rainmer", {"contrastive_weight": 0.0}, 0),
    ("ddn", {}, 1), ("ddn", {"statistics": "image"}, 0), ("sirr", {}, 2), ("layer_gan", {}, 0), ("layer_gan", {"replay": 1}, 1),
])  # fmt: skip
def test_reasons_follow_the_configuration(name, changes, said):
    assert len(METHODS[name].sharing.apart(METHODS[name].at("quick", **changes))) == said


def test_a_warm_up_and_rehearsals_are_shared_too():
    config = METHODS["dcdgan"].at("quick", rehearsals=1)
    part = METHODS["dcdgan"].sharing.part(config, 2)
    assert (part.batch, part.warm_up_batch, part.rehearsal_crops) == (2, 4, 5)
    assert METHODS["dcdgan"].sharing.part(replace(config, rehearsals=0, rehearsal_crops=9), 2).rehearsal_crops == 9


@pytest.mark.parametrize("name", ["gmm", "dsc"])
def test_a_prior_is_fitted_by_one_process(name):
    with pytest.raises(ValueError, match="by one process, not by 2: a prior is fitted without gradients.*Leave out torchrun"):
        METHODS[name].sharing.part(METHODS[name].at("quick"), 2)
