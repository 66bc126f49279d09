"""SIRR against plain forms: the mixture and its EM, the divergence, and what the norm of the output does."""

import math

import pytest
import torch
from random_tensors import normal, uniform
from torch.distributions import Normal, kl_divergence

from rainmer_lib.baselines.sirr import (
    LEAST,
    DetailNetwork,
    ResidualMixture,
    SIRRConfig,
    Trainer,
    build_network,
    released,
    variation,
)
from rainmer_lib.baselines.supervised import supervised
from rainmer_lib.data.batches import SemiSupervisedBatch
from rainmer_lib.networks.blocks import parameter_count

SMALL = {"features": 4, "pairs": 1, "steps": 4, "batch": 2, "crop": 32}


def test_published_number_of_parameters():
    assert parameter_count(build_network(released)) == 57_369
    assert parameter_count(build_network(SIRRConfig())) == 57_369 - 6, "no norm behind the last convolution"


@pytest.fixture
def mixture():
    return ResidualMixture(torch.tensor([0.2, 0.5, 0.3]).double(), torch.tensor([0.0004, 0.01, 0.09]).double())


def test_a_step_of_em_is_that_of_loops(mixture):
    residual = (0.1 * normal(2, 3, 4, 5)).double()
    values, k, variances = residual.flatten().tolist(), range(3), mixture.variances.tolist()
    densities = [[float(mixture.shares[i]) / math.sqrt(2 * math.pi * variances[i])
                  * math.exp(-r * r / (2 * variances[i])) for i in k] for r in values]  # fmt: skip
    probabilities = [[d / sum(row) for d in row] for row in densities]
    penalty = sum(p[i] * r * r / (2 * variances[i]) for p, r in zip(probabilities, values, strict=True) for i in k)
    found = mixture.responsibilities(residual)
    torch.testing.assert_close(found.T, torch.tensor(probabilities).double())
    assert mixture.penalty(found, residual).item() == pytest.approx(penalty / len(values))
    mixture.follow(found, residual)
    weights = [sum(p[i] for p in probabilities) for i in k]
    squares = [sum(p[i] * r * r for p, r in zip(probabilities, values, strict=True)) / weights[i] for i in k]
    torch.testing.assert_close(mixture.shares, torch.tensor(weights).double() / len(values))
    torch.testing.assert_close(mixture.variances, torch.tensor(squares).double())


def test_em_finds_the_mixture_that_values_are_drawn_from():
    residual = torch.cat((0.02 * normal(3000), 0.3 * normal(1000, seed=1)))
    mixture = ResidualMixture.start(2)
    for _ in range(60):
        mixture.follow(mixture.responsibilities(residual), residual)
    assert mixture.variances.sqrt().tolist() == pytest.approx([0.02, 0.3], rel=0.1)
    assert mixture.shares.tolist() == pytest.approx([0.75, 0.25], abs=0.03)


def test_a_residual_of_zero_leaves_a_mixture_that_can_be_used(mixture):
    nothing = torch.zeros(1, 3, 4, 4).double()
    for _ in range(5):
        mixture.follow(mixture.responsibilities(nothing), nothing)
    assert (mixture.variances == LEAST).all() and torch.isfinite(mixture.penalty(mixture.responsibilities(nothing), nothing))


def test_the_divergence_is_that_of_the_nearest_component(mixture):
    residual = (0.05 + 0.2 * normal(1, 3, 8, 8)).double()
    ours = Normal(residual.mean(), (residual.var(correction=0) + LEAST).sqrt())
    expected = min(float(kl_divergence(ours, Normal(0.0, variance.sqrt()))) for variance in mixture.variances)
    assert mixture.divergence(residual).item() == pytest.approx(expected)


def test_variation_is_that_of_neighbours():
    image = uniform(1, 1, 3, 2)
    down = [abs(image[0, 0, y + 1, x] - image[0, 0, y, x]) for y in range(2) for x in range(2)]
    across = [abs(image[0, 0, y, 1] - image[0, 0, y, 0]) for y in range(3)]
    assert variation(image).item() == pytest.approx(float(sum(down) / 4 + sum(across) / 3))


def batch(seed=0):
    return SemiSupervisedBatch(*(uniform(2, 3, 32, 32, seed=seed + i) for i in range(3)))


def test_each_term_reaches_the_network_through_its_own_crops():
    trainer = supervised(build_network, Trainer)(SIRRConfig(**SMALL))
    crops = batch()
    rainy, real = crops.rainy.requires_grad_(), crops.real.requires_grad_()
    terms, total = trainer.objective(crops)
    assert list(terms) == ["distance", "mixture", "variation", "divergence"]
    reached = {
        name: [g is not None and bool(g.abs().sum() > 0) for g in torch.autograd.grad(value, (rainy, real), retain_graph=True,
                                                                                       allow_unused=True)]
        for name, value in terms.items()
    }  # fmt: skip
    assert reached == {"distance": [True, False], "mixture": [False, True], "variation": [False, True],
                       "divergence": [True, False]}  # fmt: skip
    total.backward()
    assert all(p.grad is not None for p in trainer.model.parameters())
    weights = (1, 0.5, 1e-5, 1e-9)
    assert total.item() == pytest.approx(sum(w * v.item() for w, v in zip(weights, terms.values(), strict=True)))


def test_terms_that_are_switched_off_are_not_computed():
    off = {"mixture_weight": 0.0, "variation_weight": 0.0, "divergence_weight": 0.0}
    assert list(supervised(build_network, Trainer)(SIRRConfig(**SMALL, **off)).train_step(batch())) == ["distance"]


def test_the_norm_of_the_output_gives_every_image_as_much_rain():
    """The authors' network: mean and deviation of what it removes are those of its last layer, whatever the image."""
    torch.manual_seed(0)
    dry, heavy = 0.4 + 0.02 * uniform(1, 3, 32, 32), uniform(1, 3, 32, 32, seed=1)
    told, forced = (DetailNetwork(4, 1, output_norm=norm, statistics=statistics).eval()
                    for norm, statistics in ((False, "running"), (True, "image")))  # fmt: skip
    with torch.no_grad():
        for name, p in told.named_parameters():
            p.mul_(not name.endswith("bias"))  # what is removed is then proportional to the detail
        removed = {network: [(image - network(image)).std().item() for image in (dry, heavy)] for network in (told, forced)}
    assert removed[forced][0] == pytest.approx(removed[forced][1], rel=0.02)
    assert removed[told][0] < 0.5 * removed[told][1]


def test_the_mixture_goes_on_from_a_checkpoint():
    start = supervised(build_network, Trainer)
    trainer = start(SIRRConfig(**SMALL))
    trainer.train_step(batch())
    other = start(SIRRConfig(**SMALL))
    other.restore(trainer.state())
    assert torch.equal(other.mixture.variances, trainer.mixture.variances)
    assert torch.equal(other.mixture.shares, trainer.mixture.shares)
    assert not torch.equal(other.mixture.variances, ResidualMixture.start(3).variances)


@pytest.mark.parametrize("wrong", [{"components": 0}, {"mixture_weight": -1.0}, {"pairs": 0}])
def test_a_wrong_value_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SIRRConfig(**wrong)
