"""Random tensors that are a function of their seed."""

import torch


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def uniform(*shape, seed=0):
    """Values in [0, 1)."""
    return torch.rand(*shape, generator=generator(seed))


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed))


def doubles(*shape, seed=0):
    """Normal values, double precision."""
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)
