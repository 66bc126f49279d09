"""Small configurations and images of both methods, for tests of a second."""

from dataclasses import replace

import pytest
import torch

from rainmer_lib.dcdgan import paper
from rainmer_lib.rainmer import tiny as rainmer_tiny


@pytest.fixture
def tiny():
    """DCD-GAN small enough for a test of a second."""
    return replace(
        paper, width=4, blocks=2, critic_width=4, taps=("down1", "down2", "block1", "block2"), embedding=8, patches=16,
        crop=32, steps=8, learning_rate=1e-3, heads_learning_rate=1e-3,
        critics_learning_rate=1e-3,
    )  # fmt: skip


@pytest.fixture
def photos():
    generator = torch.Generator().manual_seed(3)
    return torch.rand(2, 3, 32, 32, generator=generator), torch.rand(2, 3, 32, 32, generator=generator)


@pytest.fixture
def micro():
    """Rainmer small enough for a test of a second; the archive is full after two batches."""
    return replace(
        rainmer_tiny, width=4, crop=16, view_size=16, batch=2, negatives=2, archive=4, steps=8, clip=0.0, learning_rate=1e-2
    )


@pytest.fixture
def images():
    """Rainy and clean crops and whole images, (2, 3, 16, 16): bright streaks on a gradient."""

    def make(seed=0):
        generator = torch.Generator().manual_seed(seed)
        ramp = torch.linspace(0.1, 0.6, 16).expand(2, 3, 16, 16)
        clean = [ramp * torch.rand(2, 3, 1, 1, generator=generator) for _ in range(2)]
        streaks = [(torch.rand(2, 1, 16, 16, generator=generator) > 0.8) * 0.4 for _ in range(2)]
        return clean[0] + streaks[0], clean[0], clean[1] + streaks[1], clean[1]

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
