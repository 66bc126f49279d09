"""Layer priors against plain forms: scikit-learn's EM, the Wiener filter, the quadratic update, and rain that is removed."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from random_tensors import normal, uniform
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from rainmer_lib.baselines.gmm import (
    FLOOR,
    METHOD,
    GMMConfig,
    LayerPriors,
    Mixture,
    flattest,
    forward,
    fresh,
    from_moments,
    shrunk,
    solved,
)
from rainmer_lib.networks.blocks import parameter_count


@pytest.fixture
def mixture():
    found = fresh(3, 4, torch.Generator().manual_seed(0))
    return Mixture(torch.tensor([0.5, 0.2, 0.3], dtype=torch.float64), found.covariances.double())


@pytest.fixture
def patches():
    return (0.1 * normal(200, 4)).double()


def test_densities_are_those_of_gaussians(mixture, patches):
    covariances = mixture.covariances.numpy() + (0.01 + FLOOR) * np.eye(4)
    expected = [np.log(share) + multivariate_normal(np.zeros(4), covariance).logpdf(patches.numpy())
                for share, covariance in zip(mixture.shares.numpy(), covariances, strict=True)]  # fmt: skip
    np.testing.assert_allclose(mixture.log_densities(patches, 0.01).T, expected, rtol=1e-8)


def test_a_step_of_em_is_scikit_learns(mixture, patches, monkeypatch):
    """On patches and their negatives all means stay zero, as here by construction."""
    monkeypatch.setattr("rainmer_lib.baselines.gmm.PRIOR", 0.0)
    both = np.concatenate([patches, -patches])
    precisions = np.linalg.inv(mixture.covariances.numpy() + FLOOR * np.eye(4))
    reference = GaussianMixture(3, max_iter=1, reg_covar=0, weights_init=mixture.shares.numpy(), means_init=np.zeros((3, 4)),
                                precisions_init=precisions)  # fmt: skip
    with warnings.catch_warnings(action="ignore"):  # one step does not converge
        reference.fit(both)
    found = from_moments(mixture.moments(patches))
    np.testing.assert_allclose(found.shares, reference.weights_, rtol=1e-8)
    np.testing.assert_allclose(found.covariances, reference.covariances_, rtol=1e-6, atol=1e-10)


def test_patches_are_filtered_by_their_likeliest_component(mixture, patches):
    found = mixture.denoised(patches, 0.004)
    for patch, result in zip(patches[:20], found, strict=False):
        densities = [np.log(share) + multivariate_normal(np.zeros(4), c + (0.004 + FLOOR) * np.eye(4)).logpdf(patch.numpy())
                     for share, c in zip(mixture.shares.numpy(), mixture.covariances.numpy(), strict=True)]  # fmt: skip
        covariance = mixture.covariances[int(np.argmax(densities))].numpy() + FLOOR * np.eye(4)
        expected = covariance @ np.linalg.inv(covariance + 0.004 * np.eye(4)) @ patch.numpy()
        np.testing.assert_allclose(result, expected, rtol=1e-6)


def test_the_quadratic_update_solves_its_normal_equations():
    right, omega = uniform(5, 6).double(), 3.0
    gradients = [uniform(5, 6, seed=i).double() for i in (1, 2)]
    found = solved(right, gradients, omega)

    def adjoint(values, axis):
        return values.roll(1, axis) - values

    left = (1 + omega) * found + omega * sum(adjoint(forward(found, axis), axis) for axis in (0, 1))
    torch.testing.assert_close(left, right + omega * sum(adjoint(g, axis) for axis, g in enumerate(gradients)))


def test_shrinking_minimises_its_own_problem():
    by, grid = 0.3, torch.linspace(-3, 3, 6001)
    for value in (-1.0, -0.2, 0.0, 0.1, 2.0):
        best = grid[((grid - value) ** 2 / 2 + by * grid.abs()).argmin()]
        assert shrunk(torch.tensor(value), by).item() == pytest.approx(best.item(), abs=2e-3)


def test_the_flattest_region_is_found():
    plane = uniform(64, 80)
    plane[16:48, 32:64] = 0.5
    assert flattest(plane, 32).std() == 0 and flattest(plane, 32).shape == (32, 32)
    assert flattest(plane, 500).shape == (64, 80), "a small image is its own region"


def test_a_fit_explains_patches_ever_better(photos):
    trainer = METHOD.start(METHOD.at("quick"))
    losses = [float(trainer.train_step(photos)["negative_log_likelihood"]) for _ in range(8)]
    assert losses[-1] < losses[0] and np.isfinite(losses).all()
    assert torch.equal(trainer.averages["derain"].weights()["factors"], trainer.model.factors), "what is exported"
    assert trainer.model.mixture.shares.sum().item() == pytest.approx(1)
    exported = trainer.model.half().float().mixture.covariances
    torch.linalg.cholesky(exported + FLOOR * torch.eye(16))


def test_layers_stay_in_the_image_and_rain_leaves_a_smooth_one(streaked):
    """The prior of a smooth scene, streaks on it: what is removed is rain more than scene."""
    config = replace(METHOD.at("quick"), side=8, crop=32, rounds=4, stride=2, flat=32, rain_updates=5)
    trainer = METHOD.start(config)
    for step in range(10):
        trainer.train_step(streaked.batch(step, 2, 32, 0))
    pair = streaked.paired_batch(1, 2, 40, 0)
    derained = trainer.model(pair.rainy)
    before, after = ((image - pair.clean).square().mean().item() for image in (pair.rainy, derained))
    assert after < before
    *_, plane = trainer.model.rounds(pair.rainy[0].mean(0))
    assert plane.min() >= 0 and (plane <= pair.rainy[0].mean(0)).all()


def test_number_of_values():
    with torch.device("meta"):
        assert parameter_count(LayerPriors(GMMConfig())) == 200 * 64**2 + 200


@pytest.mark.parametrize("wrong", [{"flat": 4}, {"coupling": 0.0}, {"components": 0}, {"patch_weight": 0.0}])
def test_a_wrong_value_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        GMMConfig(**wrong)
