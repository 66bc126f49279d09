"""Small configurations and batches of both methods, for tests of a second."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rainmer_lib.data.batches import Batch, PairedBatch
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired import embedded
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.dcdgan import paper
from rainmer_lib.methods import METHODS
from rainmer_lib.rainmer import tiny as rainmer_tiny
from rainmer_lib.rainmer.memory_bank import MemoryBank


@pytest.fixture
def tiny():
    """DCD-GAN small enough for a test of a second."""
    return replace(
        paper, width=4, blocks=2, discriminator_width=4, taps=("down1", "down2", "block1", "block2"), embedding=8, patches=16,
        crop=32, batch=2, steps=8, learning_rate=1e-3, heads_learning_rate=1e-3, discriminators_learning_rate=1e-3,
    )  # fmt: skip


@pytest.fixture
def photos():
    generator = torch.Generator().manual_seed(3)
    return Batch(torch.rand(2, 3, 32, 32, generator=generator), torch.rand(2, 3, 32, 32, generator=generator))


@pytest.fixture
def micro():
    """Rainmer small enough for a test of a second; the memory bank is full after two batches."""
    return replace(
        rainmer_tiny, width=4, crop=16, view_size=16, batch=2, negatives=2, memory_bank=4, steps=8, clip=0.0, learning_rate=1e-2
    )


@pytest.fixture
def images():
    """Rainy and clean crops and whole images, (2, 3, 16, 16): bright streaks on a gradient."""

    def make(seed=0):
        generator = torch.Generator().manual_seed(seed)
        ramp = torch.linspace(0.1, 0.6, 16).expand(2, 3, 16, 16)
        clean = [ramp * torch.rand(2, 3, 1, 1, generator=generator) for _ in range(2)]
        streaks = [(torch.rand(2, 1, 16, 16, generator=generator) > 0.8) * 0.4 for _ in range(2)]
        return PairedBatch(clean[0] + streaks[0], clean[0], clean[1] + streaks[1], clean[1])

    return make


@pytest.fixture
def jolt():
    """Moves every parameter of a module, so that no share, scale or shift is at its start value."""

    def move(module):
        generator = torch.Generator().manual_seed(1)
        for p in module.parameters():
            p.data += 0.3 * torch.randn(p.shape, generator=generator)
        return module

    return move


@pytest.fixture
def at_quick(monkeypatch):
    """Replaces parts of what profile quick is for a method: for runs of a few steps."""

    def shrink(method, **parts):
        monkeypatch.setitem(method.sizes, "quick", replace(method.sizes["quick"], **parts))

    return shrink


@pytest.fixture
def micro_at_quick(micro, at_quick):
    """Rainmer at profile quick: `micro`, runs of four steps, eight rendered pairs of the smallest domain."""
    names = ("width", "embedding", "blocks", "heads", "crop", "view_size", "batch", "negatives", "memory_bank")
    changes = {name: getattr(micro, name) for name in names}
    changes |= {"steps": 4, "accumulate": 1, "cycles": (1,), "cycle_floors": (1e-6,)}
    at_quick(METHODS["rainmer"], changes=changes, images=8, log_every=2, save_every=100)


@pytest.fixture(scope="module")
def streaked():
    """Embedded data: a textured scene of 48 x 64 and its mirror images, under vertical streaks, few to many."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:48, :64]
    scene = 60 + 50 * np.sin(x / 9)[..., None] + (y[..., None] * (1.0, 0.8, 0.5)) + rng.uniform(0, 20, (48, 64, 3))
    photo, layers = scene.clip(0, 255).astype(np.uint8), []
    for streaks in (1, 2, 4, 8, 16, 24, 60, 120, 10, 20, 30, 40):
        layer = np.zeros((80, 90), np.uint8)
        for top, left in zip(rng.integers(0, 60, streaks), rng.integers(0, 90, streaks), strict=True):
            layer[top : top + 20, left] = rng.integers(60, 250)
        layers.append(layer)
    held = Pair("held", photo[:, ::-1], photo[:, ::-1])
    return UnpairedRain("embedded", [photo], [photo[::-1]], layers, [held], "f" * 16)


@pytest.fixture
def filled_bank(micro, images):
    """The memory bank of `micro`, just full: of the first two batches."""
    memory_bank = MemoryBank(micro.memory_bank, micro.views)
    for seed in (0, 1):
        memory_bank.enqueue(images(seed).rainy_whole, images(seed).clean_whole)
    return memory_bank


@pytest.fixture
def night():
    """Densities with the published counts of the 60,000 night crops: shares .487, .363, and 9,040 crops above .08."""
    rng = np.random.default_rng(0)
    first = round(0.487 * 60000)
    parts = rng.uniform(0.0044, 0.04, first), rng.uniform(0.0401, 0.08, 60000 - 9040 - first), rng.uniform(0.0801, 0.57, 9040)
    return rng.permutation(np.concatenate(parts))


@pytest.fixture(scope="session")
def on_photos():
    """The embedded photos under rendered rain, unpaired: made once, it takes seconds."""
    return embedded()
