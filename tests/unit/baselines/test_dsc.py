"""DSC against plain forms: scikit-learn's matching pursuit, the update of atoms, the screen blend."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from random_tensors import doubles, uniform
from sklearn.linear_model import orthogonal_mp_gram
from torch.nn import functional as F

from rainmer_lib.baselines.dsc import METHOD, DiscriminativeSparseCoding, DSCConfig, blended, moments, sparse_codes, updated
from rainmer_lib.networks.blocks import parameter_count


@pytest.fixture
def atoms():
    return F.normalize(doubles(12, 9), dim=1)


def test_codes_are_scikit_learns(atoms, monkeypatch):
    monkeypatch.setattr("rainmer_lib.baselines.dsc.RIDGE", 0.0)
    patches = doubles(30, 9, seed=1)
    expected = orthogonal_mp_gram((atoms @ atoms.T).numpy(), (atoms @ patches.T).numpy(), n_nonzero_coefs=4).T
    found = sparse_codes(patches, atoms, 4)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert ((found != 0).sum(1) == 4).all()


def test_a_patch_made_of_atoms_is_found_again(atoms):
    codes = torch.zeros(1, 12).double()
    codes[0, [2, 7]] = torch.tensor([1.5, -0.7]).double()
    torch.testing.assert_close(sparse_codes(codes @ atoms, atoms, 2), codes, atol=1e-4, rtol=1e-4)


def test_an_updated_atom_is_the_best_of_unit_norm(atoms):
    """The last atom of the sweep, which sees the others as they end: least squares, scaled to the sphere."""
    patches = doubles(50, 9, seed=1)
    codes = sparse_codes(patches, atoms, 3)
    found = updated(atoms, moments(codes, patches))
    k = int(torch.nonzero(codes.square().sum(0) > 1e-6).max())
    others = codes.clone()
    others[:, k] = 0
    expected = F.normalize(codes[:, k] @ (patches - others @ found), dim=0)
    torch.testing.assert_close(found[k], expected)
    assert (found.norm(dim=1) - 1).abs().max() < 1e-12
    assert (patches - codes @ found).square().sum() < (patches - codes @ atoms).square().sum()


def test_an_atom_that_none_uses_stays(atoms):
    codes = torch.zeros(5, 12).double()
    codes[:, 3] = 1
    found = updated(atoms, moments(codes, doubles(5, 9)))
    assert torch.equal(found[[0, 1, 2, 4]], atoms[[0, 1, 2, 4]]) and not torch.equal(found[3], atoms[3])


def test_the_blend_is_the_least_of_its_squares():
    rainy, other, patched, tie = 0.8, 0.3, 0.4, 0.7
    grid = np.linspace(0, rainy, 80_001)
    cost = (rainy - grid - other + grid * other) ** 2 + tie * (grid - patched) ** 2
    found = blended(*(torch.tensor(value).double() for value in (rainy, other, patched)), tie)
    assert found.item() == pytest.approx(grid[cost.argmin()], abs=1e-4)
    assert blended(torch.tensor(0.2), torch.tensor(0.0), torch.tensor(5.0), 1.0).item() == pytest.approx(0.2), "0 <= B <= J"


def test_a_fit_leaves_ever_less(streaked):
    trainer = METHOD.start(replace(METHOD.at("quick"), patches=400))
    before = trainer.model.rain_atoms.clone()
    lost = [trainer.train_step(streaked.batch(step, 2, 32, 0)) for step in range(10)]
    assert float(lost[-1]["clean"]) < 0.8 * float(lost[0]["clean"]) and float(lost[-1]["rainy"]) < float(lost[0]["rainy"])
    assert not torch.equal(trainer.model.rain_atoms, before)
    for atoms in (trainer.model.atoms, trainer.model.rain_atoms):
        torch.testing.assert_close(atoms.norm(dim=1), torch.ones(len(atoms)))


def test_rain_of_its_own_atoms_is_taken_from_a_flat_scene():
    """A scene that needs no atom, streaks that are one: they go, and nothing gets darker than it was bright."""
    torch.manual_seed(0)
    config = DSCConfig(side=4, atoms=6, rain_atoms=2, nonzero=1, rain_nonzero=1, rounds=3, stride=1, image_updates=False)
    network = DiscriminativeSparseCoding(config)
    streak = torch.zeros(4, 4)
    streak[:, 1] = 1
    with torch.no_grad():
        network.rain_atoms[0] = F.normalize((streak - streak.mean()).flatten(), dim=0)
        network.rain_atoms[1] = F.normalize((streak.roll(1, 1) - streak.mean()).flatten(), dim=0)
    plane = torch.full((16, 16), 0.4)
    plane[:, 5::8] += 0.3
    *_, found = network.rounds(plane)
    assert (found - 0.4).square().mean() < 0.7 * (plane - 0.4).square().mean() and (found <= plane).all() and found.min() >= 0


def test_number_of_values():
    with torch.device("meta"):
        assert parameter_count(METHOD.network(DSCConfig())) == 640 * 256


@pytest.mark.parametrize("wrong", [{"nonzero": 600}, {"tie": 0.0}, {"rain_nonzero": 200}, {"stride": 0}])
def test_a_wrong_value_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DSCConfig(**wrong)


def test_images_are_solved_one_by_one():
    network = METHOD.network(METHOD.at("quick"))
    images = uniform(2, 3, 16, 20)
    torch.testing.assert_close(network(images), torch.cat([network(images[:1]), network(images[1:])]))
