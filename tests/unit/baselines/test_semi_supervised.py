"""Pairs with real photos: what a batch holds, and what a step of a semi-supervised trainer returns."""

from dataclasses import replace

import pytest
import torch

from rainmer_lib.baselines.semi_supervised import SUPERVISION, PairsWithRealRain, pairs_and_real_rain_of
from rainmer_lib.methods import METHODS


def test_a_batch_holds_pairs_and_real_crops_of_the_step(streaked):
    data = pairs_and_real_rain_of(streaked, "quick")
    batch = data.batch(3, 2, 32, 1)
    pairs = streaked.paired_batch(3, 2, 32, 1)
    assert torch.equal(batch.rainy, pairs.rainy) and torch.equal(batch.clean, pairs.clean)
    assert batch.real.shape == pairs.rainy.shape and torch.equal(batch.real, data.batch(3, 2, 32, 1).real)
    assert not torch.equal(batch.real, data.batch(4, 2, 32, 1).real)
    assert (data.name, data.fingerprint, data.held_out) == (streaked.name, streaked.fingerprint, streaked.held_out)
    assert data.summary() == streaked.summary() and "stand in" in data.remarks[0]


def test_real_photos_alone_are_real(streaked):
    """Of a set with real photos no crop of its own rain is among them."""
    white = streaked.rainy_photos[0] * 0 + 255
    data = PairsWithRealRain(replace(streaked, real_rainy=[white]), ())
    assert (data.batch(0, 3, 32, 0).real == 1).all()


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.supervision == SUPERVISION])
def test_a_tiny_network_learns_its_pairs(name, streaked):
    method = METHODS[name]
    config = replace(method.at("quick"), learning_rate=3e-3, steps=30, crop=16, batch=1)
    trainer, data = method.start(config), method.data(streaked, "quick")
    first = data.batch(0, 1, 16, 0)
    terms = [trainer.train_step(first) for _ in range(30)]
    distances = [float(values["distance"]) for values in terms if "distance" in values]
    assert distances[-1] < 0.5 * distances[0] and trainer.step == 30
    averaged = trainer.averages["derain"].weights()
    assert all(torch.equal(averaged[name], p) for name, p in trainer.model.named_parameters()), "of decay 0"
