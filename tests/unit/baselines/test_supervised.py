"""Training with pairs: what each option does to the loss and the rate, and that a run resumes exactly."""

from copy import deepcopy
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

from rainmer_lib.baselines.supervised import Pairs, SupervisedConfig, pairs_of, supervised
from rainmer_lib.data.batches import Batch
from rainmer_lib.losses.fidelity import structural_loss
from rainmer_lib.networks.derainer import Derainer


@dataclass(frozen=True)
class Config(SupervisedConfig):
    width: int = 4


class TwoStages(Derainer):
    """The simplest network with stages: each adds what a convolution makes of the one before."""

    def __init__(self, width):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Conv2d(3, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, 3, 1)) for _ in range(2)
        )

    def forward(self, image):
        return self.stages(image)[-1]

    def stages(self, image):
        outputs = []
        for layer in self.layers:
            image = image + layer(image)
            outputs.append(image)
        return outputs


start = supervised(lambda config: TwoStages(config.width))


@pytest.fixture(scope="module")
def batch(on_photos):
    return Pairs(on_photos).batch(0, 2, 32, 0)


@pytest.fixture
def config():
    return Config(crop=32, batch=2, steps=30, learning_rate=2e-3, ema=0.9)


LOSSES = {
    "l1": lambda a, b: (a - b).abs().mean(), "mse": lambda a, b: (a - b).square().mean(), "ssim": structural_loss,
}  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("stages", ["last", "all"])
def test_the_loss_is_the_distance_to_the_photo_without_rain(config, batch, loss, stages):
    trainer = start(replace(config, loss=loss, supervised_stages=stages))
    assert (batch.rainy - batch.clean).min() >= -1e-6, "a pair: rain only adds light"
    with torch.no_grad():
        outputs = trainer.model.stages(batch.rainy)
        expected = sum(LOSSES[loss](output, batch.clean) for output in (outputs if stages == "all" else outputs[-1:]))
    values = trainer.train_step(batch)
    assert set(values) == {"distance"} and not values["distance"].requires_grad
    torch.testing.assert_close(values["distance"], expected)


@pytest.mark.parametrize(("stages", "learns"), [("last", False), ("all", True)])
def test_a_stage_learns_by_its_own_output_where_all_are_supervised(config, batch, stages, learns):
    """Cut off from the last output, the first stage has a gradient of its own or none."""
    trainer = start(replace(config, supervised_stages=stages))
    first, second = trainer.model.layers
    trainer.model.stages = lambda image: [x := image + first(image), x.detach() + second(x.detach())]
    trainer.train_step(batch)
    before = start(config).model.layers[0]
    assert any(not torch.equal(a, b) for a, b in zip(first.parameters(), before.parameters(), strict=True)) == learns


def test_it_learns_and_resumes_with_the_same_bits(config, batch):
    whole, first, second = (start(config) for _ in range(3))
    losses = [whole.train_step(batch)["distance"].item() for _ in range(30)]
    assert losses[-1] < 0.9 * losses[0]
    for _ in range(10):
        first.train_step(batch)
    second.restore(deepcopy(first.state()))  # as through a file
    for _ in range(20):
        second.train_step(batch)
    assert second.step == 30
    for mine, theirs in zip(second.averages["derain"].state().values(), whole.averages["derain"].state().values(), strict=True):
        assert torch.equal(mine, theirs)


def rates(config, batch):
    trainer, seen = start(config), []
    for _ in range(config.steps):
        trainer.train_step(batch)
        seen.append(trainer.optimisation.optimisers["network"].param_groups[0]["lr"])
    return seen


def test_rates_of_the_steps(config, batch):
    """Linear to zero in the second half, or falling by a factor at milestones."""
    config = replace(config, steps=10, learning_rate=1.0)
    assert rates(config, batch) == pytest.approx([1, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2])
    stepped = replace(config, milestones=(0.3, 0.8), decay=0.5)
    assert rates(stepped, batch) == pytest.approx([1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25])


@pytest.mark.parametrize("ema", [0.0, 0.05])
def test_the_average_follows_and_without_one_the_last_weights_are_kept(config, batch, ema):
    trainer = start(replace(config, ema=ema))
    before = deepcopy(dict(trainer.model.named_parameters()))
    trainer.train_step(batch)
    for name, value in trainer.model.named_parameters():
        expected = ema * before[name] + (1 - ema) * value if ema else value
        torch.testing.assert_close(trainer.averages["derain"].state()[name], expected.detach(), rtol=1e-6, atol=1e-7)


def test_the_gradient_is_clipped(config, batch, monkeypatch):
    """Of all parameters together, to the configuration's norm; at 0 it is left alone."""
    norms = {}
    for clip in (0.0, 1e-3):
        trainer = start(replace(config, clip=clip))
        parameters = list(trainer.model.parameters())
        monkeypatch.setattr(
            trainer.optimisation.optimisers["network"], "step",
            lambda clip=clip, parameters=parameters: norms.update(
                {clip: torch.stack([p.grad.norm() for p in parameters]).norm().item()}
            ),
        )  # fmt: skip
        trainer.train_step(batch)
    assert norms[1e-3] == pytest.approx(1e-3, rel=1e-3) and norms[0.0] > 0.01


def test_first_weights_are_a_function_of_the_seed(config):
    one, same, other = (start(replace(config, seed=seed)).model.state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not torch.equal(one["layers.0.0.weight"], other["layers.0.0.weight"])


def test_adam_has_the_rate_and_betas_of_the_configuration(config):
    (optimiser,) = start(replace(config, betas=(0.3, 0.7))).optimisation.optimisers.values()
    assert optimiser.defaults["lr"] == 2e-3 and optimiser.defaults["betas"] == (0.3, 0.7)


def test_pairs_are_those_of_the_source(on_photos):
    """The same photos, rain and held-out pairs, under its name and fingerprint; but each rainy crop with its own clean one."""
    pairs = pairs_of(on_photos, "quick")
    assert isinstance(pairs, Pairs) and pairs.source is on_photos
    assert (pairs.name, pairs.fingerprint, pairs.held_out) == (on_photos.name, on_photos.fingerprint, on_photos.held_out)
    batch = pairs.batch(3, 4, 48, 1)
    assert isinstance(batch, Batch) and batch.rainy.shape == batch.clean.shape == (4, 3, 48, 48)
    assert all(torch.equal(a, b) for a, b in zip(batch, on_photos.paired_batch(3, 4, 48, 1), strict=True))
    assert not torch.equal(batch.rainy, pairs.batch(4, 4, 48, 1).rainy)


@pytest.mark.parametrize(("changes", "message"), [
    ({"loss": "l2"}, "choose one of l1, mse, ssim"), ({"supervised_stages": "first"}, "choose one of last, all"),
    ({"steps": 0}, "1 or more"), ({"batch": 0}, "1 or more"), ({"crop": 0}, "1 or more"),
    ({"ema": 1.0}, r"ema=1.0: expected within \[0, 1\)"), ({"clip": -0.1}, "clip=-0.1: expected 0 or more"),
    ({"milestones": (0.5, 0.3)}, "rising shares"), ({"milestones": (0.5, 1.0)}, "between 0 and 1"),
    ({"milestones": (0.0, 0.5)}, "between 0 and 1"), ({"width": "4"}, None), ({"milestones": 0.5}, None),
])  # fmt: skip
def test_settings_that_cannot_be_meant(config, changes, message):
    with pytest.raises(ValueError if message else TypeError, match=message):
        replace(config, **changes)
