"""The small generator of a rain layer under varied rain: the data that it gets, and that it learns."""

import pytest
import torch

from rainmer_lib.baselines.rain_layer import METHOD, SIZES
from rainmer_lib.data.unpaired import embedded
from rainmer_lib.data.varied_rain import VariedRain
from rainmer_lib.networks.rain_layer_generator import RainLayerGenerator


@pytest.mark.slow
def test_every_size_is_a_rain_layer_under_varied_rain():
    assert all(isinstance(METHOD.network(METHOD.at(name)), RainLayerGenerator) for name in ("quick", "laptop"))
    data = METHOD.data(embedded(), "quick")
    assert isinstance(data.source, VariedRain) and data.fingerprint != embedded().fingerprint
    assert set(SIZES) == {"quick", "laptop", "gpu", "paper"}


def test_twenty_steps_learn_rain():
    config = METHOD.at("quick", steps=20, width=8, blocks=1, batch=2, crop=32, ema=0.0)
    data, trainer = METHOD.data(embedded(), "quick"), METHOD.start(METHOD.at("quick", steps=20, width=8, blocks=1))
    fixed = data.batch(0, 4, 32, 0)
    losses = [trainer.train_step(fixed)["distance"].item() for _ in range(config.steps)]
    assert losses[-1] < 0.9 * losses[0] and torch.isfinite(torch.tensor(losses)).all()
