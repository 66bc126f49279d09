"""Crops that are made on a device are those of the CPU."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from rainmer_lib.baselines.supervised import Pairs
from rainmer_lib.data import on_device as module
from rainmer_lib.data.on_device import Album, DeviceRain, Window, on_device
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.data.varied_rain import VariedRain


@pytest.fixture
def source():
    """Photos and layers of several sizes and both orientations, random to the last pixel."""
    rng = np.random.default_rng(0)

    def image(*shape):
        return rng.integers(0, 256, shape, dtype=np.uint8)

    photos = [image(40, 52, 3), image(52, 40, 3), image(33, 47, 3)]
    return UnpairedRain("noise", photos, [image(48, 36, 3), image(36, 48, 3)], [image(50, 44), image(32, 60)], [], "f")


def test_a_window_is_cut_and_mirrored():
    images = [np.arange(24, dtype=np.uint8).reshape(2, 4, 3), np.arange(100, 130, dtype=np.uint8).reshape(5, 2, 3)]
    cut = Album(images, "cpu").crops([Window(1, 2, 0, True), Window(0, 0, 1)], 2)
    for found, expected in zip(cut, (images[1][2:4, 0:2][:, ::-1], images[0][0:2, 1:3]), strict=True):
        assert np.array_equal(found.permute(1, 2, 0).numpy(), expected)


@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("kind", ["batch", "paired_batch", "real_batch"])
def test_batches_are_those_of_the_cpu(source, kind, real, flip):
    """For many steps, so that every kind of draw occurs."""
    source = replace(source, flip=flip, real_rainy=[source.clean_photos[0] // 2] if real else [])
    placed = DeviceRain(source, "cpu")
    for step in range(12):
        expected, found = (getattr(given, kind)(step, 3, 32, 5) for given in (source, placed))
        assert type(found) is type(expected)
        for one, other in zip(*((x if isinstance(x, tuple) else (x,)) for x in (expected, found)), strict=True):
            assert one.shape == other.shape and one.dtype == other.dtype
            torch.testing.assert_close(other, one, rtol=0, atol=1e-6)


def test_an_image_smaller_than_the_crop_is_named_alike(source):
    with pytest.raises(ValueError, match="noise: an image of .* is smaller than the crop of 64"):
        DeviceRain(source, "cpu").batch(0, 1, 64, 0)


def test_what_can_lie_on_a_device_does(source, monkeypatch):
    """Sets that draw their crops in another way stay where they are; on a CPU everything does."""
    monkeypatch.setattr(module, "DeviceRain", lambda source, device: (source, device))
    assert on_device(source, "cuda") == (source, "cuda") and on_device(Pairs(source), "cuda").source == (source, "cuda")
    varied = VariedRain(**{name: value for name, value in vars(source).items()})
    assert on_device(varied, "cuda") is varied and on_device(Pairs(varied), "cuda").source is varied
    assert on_device(source, "cpu") is source

    @dataclass(frozen=True)
    class Other:
        name: str = "other"

    assert on_device(Other(), "cuda") == Other()
