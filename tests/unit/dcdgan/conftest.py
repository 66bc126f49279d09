from dataclasses import replace

import pytest
import torch

from rainmer_lib.dcdgan import paper


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
