"""Real rain mixed in: a third of the rainy images, none of the test photos, the clean exemplars untouched."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rainmer_lib import paths
from rainmer_lib.data import layouts, registry
from rainmer_lib.data.mixed_rain import LEFT_OUT, with_real_rain
from rainmer_lib.data.unpaired import unpaired


def test_a_third_is_real(on_photos):
    marked = replace(on_photos, real_rainy=[np.full((48, 48, 3), (255, 0, 0), np.uint8)])
    rainy, clean = marked.batch(0, 600, 8, 0)
    real = (rainy == torch.tensor([1.0, 0.0, 0.0])[None, :, None, None]).flatten(1).all(dim=1)
    assert 0.27 < real.float().mean() < 0.40
    assert not (clean == torch.tensor([1.0, 0.0, 0.0])[None, :, None, None]).flatten(1).all(dim=1).any()


def test_the_stand_in_has_its_own_name_and_rain(on_photos):
    mixed = with_real_rain(on_photos, 32)
    assert mixed.fingerprint != on_photos.fingerprint and mixed.name == "embedded and real rain"
    assert mixed.summary()["real rainy photos"] == len(on_photos.rainy_photos)
    assert all(not np.array_equal(a, b) for a, b in zip(mixed.real_rainy, on_photos.rainy_photos, strict=True))
    assert mixed.held_out is on_photos.held_out and mixed.layers is on_photos.layers


@pytest.mark.data
@pytest.mark.skipif(not (paths.data_root() / "MWD_rain41").is_dir(), reason="the photos of MWD are not there")
def test_no_real_photo_is_one_that_real_rain_is_tested_on():
    mixed = with_real_rain(unpaired("bsd-streaks"), 48)
    assert len(mixed.real_rainy) == 41 - len(LEFT_OUT)
    tested = [layouts.read(entry)[0] for entry in registry.lookup("real147")[1].listing().entries]
    assert not {p.tobytes() for p in mixed.real_rainy} & {p.tobytes() for p in tested}
    assert len(with_real_rain(unpaired("bsd-streaks"), 256).real_rainy) < len(mixed.real_rainy), "small photos stay out"
