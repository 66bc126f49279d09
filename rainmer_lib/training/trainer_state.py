"""What the trainers of both methods have in common in a checkpoint: position, networks, optimisers, moving averages."""

from typing import Protocol

from torch import nn
from torch.optim import Optimizer

from rainmer_lib.training.ema import MovingAverage


class Trainer(Protocol):
    """The common part of a trainer."""

    step: int
    model: nn.Module
    optimisers: dict[str, Optimizer]
    averages: dict[str, MovingAverage]


def common_state(trainer: Trainer) -> dict:
    """It as tensors and plain values."""
    return {
        "step": trainer.step,
        "model": trainer.model.state_dict(),
        "optimisers": {name: optimiser.state_dict() for name, optimiser in trainer.optimisers.items()},
        "averages": {name: average.state() for name, average in trainer.averages.items()},
    }


def restore_common(trainer: Trainer, state: dict) -> None:
    """Continue from what `common_state` returned."""
    trainer.step = state["step"]
    trainer.model.load_state_dict(state["model"])
    for name, optimiser in trainer.optimisers.items():
        optimiser.load_state_dict(state["optimisers"][name])
    for name, average in trainer.averages.items():
        average.restore(state["averages"][name])
