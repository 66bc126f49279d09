"""Syn2Real: the process against scikit-learn's, the loss against loops, and the turns of its two phases."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from random_tensors import doubles, uniform
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import DotProduct

from rainmer_lib.baselines.syn2real import METHOD, LatentNetwork, Syn2RealConfig, posterior, process_loss
from rainmer_lib.data.batches import SemiSupervisedBatch
from rainmer_lib.networks.blocks import parameter_count


def test_the_posterior_is_that_of_a_gaussian_process():
    """Cosine similarity is the product of unit vectors: scikit-learn's process on those, noise as its alpha."""
    known, code, noise = doubles(5, 7), doubles(7, seed=1), 0.7
    unit = torch.nn.functional.normalize
    process = GaussianProcessRegressor(DotProduct(0.0, "fixed"), alpha=noise, optimizer=None).fit(unit(known), known)
    mean, deviation = process.predict(unit(code, dim=0)[None], return_std=True)
    found, variance = posterior(code, known, noise)
    np.testing.assert_allclose(found, mean[0], rtol=1e-9)
    np.testing.assert_allclose(variance, np.ravel(deviation)[0] ** 2 + noise, rtol=1e-7)


def test_the_loss_is_that_of_loops():
    config = Syn2RealConfig(neighbours=3, noise=0.5, far_weight=0.1)
    codes, bank, total = doubles(2, 6), doubles(9, 6, seed=1), 0.0
    for code in codes:
        order = sorted(range(9), key=lambda i: float((bank[i] - code).norm()))
        mean, variance = posterior(code, bank[order[:3]], 0.5)
        far = posterior(code, bank[order[-3:]], 0.5)[1]
        total += float(((code - mean) ** 2).mean() / variance + 0.33 * variance.log() - 0.1 * far.log())
    assert process_loss(codes, bank, config).item() == pytest.approx(total / 2)


def test_the_pseudo_target_is_a_target():
    """The gradient passes through the code and the variance, not through the target."""
    config = Syn2RealConfig(neighbours=2, variance_weight=0.0, far_weight=0.0, noise=0.5)
    code, bank = doubles(1, 4).requires_grad_(), doubles(2, 4, seed=1)
    (found,) = torch.autograd.grad(process_loss(code, bank, config), code)
    target = posterior(code[0].detach(), bank, 0.5)[0]
    (expected,) = torch.autograd.grad(((code[0] - target) ** 2).mean() / posterior(code[0], bank, 0.5)[1], code)
    torch.testing.assert_close(found, expected)


@pytest.fixture
def batch():
    return SemiSupervisedBatch(*(uniform(2, 3, 32, 32, seed=i) for i in range(3)))


def test_pairs_and_real_crops_take_turns(batch):
    config = replace(METHOD.at("quick"), phase=2, bank=3)
    trainer = METHOD.start(config)
    found = [set(trainer.train_step(batch)) for _ in range(6)]
    pairs, real = {"distance", "structure"}, {"process"}
    assert found == [pairs, pairs, real, real, pairs, pairs] and len(trainer.bank) == 3
    other = METHOD.start(config)
    other.restore(trainer.state())
    assert torch.equal(torch.stack(list(other.bank)), torch.stack(list(trainer.bank))) and other.bank.maxlen == 3
    assert METHOD.start(config).state()["bank"] is None


def test_real_crops_move_the_encoder_alone(batch):
    trainer = METHOD.start(replace(METHOD.at("quick"), phase=1))
    trainer.train_step(batch)
    terms, total = trainer.objective(batch)
    total.backward()
    moved = {name.split(".")[0] for name, p in trainer.model.named_parameters() if p.grad is not None}
    assert list(terms) == ["process"] and moved == {"stem", "down", "to_code"}
    assert total.item() == pytest.approx(0.0015 * terms["process"].item())


def test_every_parameter_learns_from_pairs_and_the_code_is_an_eighth():
    torch.manual_seed(0)
    network, image = LatentNetwork(6, 1, 5), uniform(1, 3, 16, 24)
    assert network.encode(image)[0].shape == (1, 5, 2, 3)
    network(image).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in network.parameters())


def test_number_of_parameters():
    with torch.device("meta"):
        assert parameter_count(METHOD.network(Syn2RealConfig())) == 726_083


@pytest.mark.parametrize("wrong", [{"crop": 60}, {"noise": 0.0}, {"phase": 0}, {"neighbours": 0}])
def test_a_wrong_value_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Syn2RealConfig(**wrong)
