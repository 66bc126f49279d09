"""The trainer against discriminators: each side learns in its turn, from its own loss alone."""

import pytest
import torch
from random_tensors import uniform
from torch import nn

from rainmer_lib.baselines.adversarial_training import (
    AdversarialConfig,
    AdversarialModel,
    adversarial,
    adversarial_term,
    scales,
)
from rainmer_lib.data.batches import Batch
from rainmer_lib.training.objective import Term


class Twice(nn.Module):
    """A discriminator of two scales."""

    def __init__(self):
        super().__init__()
        self.fine, self.coarse = nn.Conv2d(3, 1, 1), nn.Conv2d(3, 1, 2, 2)

    def forward(self, image):
        return [self.fine(image), self.coarse(image)]


class Model(AdversarialModel):
    judged = {"clean": ("clean", "derained")}

    def __init__(self, config):
        super().__init__()
        self.derain, self.discriminators = nn.Conv2d(3, 3, 1), nn.ModuleDict({"clean": Twice()})

    def forward(self, rainy, clean):
        return {"rainy": rainy, "clean": clean, "derained": self.derain(rainy)}


def objective(config):
    return [adversarial_term(config), Term("off", 0.0, lambda *_: 1 / 0)]


@pytest.fixture
def batch():
    return Batch(uniform(2, 3, 8, 8), uniform(2, 3, 8, 8, seed=1))


def test_losses_are_those_of_least_squares_on_the_scales(batch):
    torch.manual_seed(0)
    model = Model(None)
    images = model(*batch)
    fine, coarse = model.discriminators["clean"](images["derained"])
    assert torch.equal(model.adversarial(images), ((fine - 1) ** 2).mean()), "the finest scale alone"
    real = model.discriminators["clean"](images["clean"])
    expected = sum(0.5 * (((r - 1) ** 2).mean() + (f**2).mean()) for r, f in zip(real, (fine, coarse), strict=True))
    torch.testing.assert_close(model.judge(images), expected)
    model.judge(images).backward()
    assert model.derain.weight.grad is None and model.discriminators["clean"].coarse.weight.grad is not None
    assert scales(fine) == [fine] and len(model.generators()) == 2


def test_each_side_moves_by_its_own_loss(batch):
    start = adversarial(Model, objective)
    trainer = start(AdversarialConfig(steps=4))
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    terms = trainer.train_step(batch)
    assert list(terms) == ["adversarial", "discriminators"] and trainer.step == 1 and trainer.crops == 1
    assert all(not torch.equal(value, before[name]) for name, value in trainer.model.state_dict().items())
    assert all(p.requires_grad for p in trainer.model.parameters())
    assert set(trainer.averages) == {"derain"}
    assert not torch.equal(trainer.averages["derain"].weights()["weight"], before["derain.weight"])


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_weights_decay_where_it_is_asked_for(batch, decay):
    optimisers = adversarial(Model, objective)(AdversarialConfig(steps=4, weight_decay=decay)).optimisation.optimisers
    assert {group["weight_decay"] for optimiser in optimisers.values() for group in optimiser.param_groups} == {decay}


def test_discriminators_see_earlier_images_again(batch, monkeypatch):
    trainer = adversarial(Model, objective)(AdversarialConfig(steps=4, replay=3))
    seen = []
    really = trainer.model.judge
    monkeypatch.setattr(trainer.model, "judge", lambda images: seen.append(len(images["derained"])) or really(images))
    trainer.train_step(batch)
    trainer.train_step(batch)
    assert seen == [2, 5] and set(trainer.replay.images) == {"clean", "derained"}
    other = adversarial(Model, objective)(AdversarialConfig(steps=4, replay=3))
    other.restore(trainer.state())
    kept = [torch.stack(each.replay.images["clean"]) for each in (other, trainer)]
    assert other.step == 2 and torch.equal(*kept)


@pytest.mark.parametrize("wrong", [{"schedule": "step"}, {"replay": -1}, {"betas": (0.5, 1.0)}, {"weight_decay": -1.0}])
def test_a_wrong_value_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        AdversarialConfig(**wrong)
