"""Exponential moving average of weights.  GANs oscillate: the average is what is evaluated."""

import torch
from torch import Tensor, nn


class MovingAverage:
    """Average of a module's parameters: a <- d a + (1 - d) w, with d = min(decay, (1 + step) / (10 + step)).

    The ramp keeps the first, meaningless weights from lingering.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.source = dict(module.named_parameters())
        self.average = {name: p.detach().clone() for name, p in self.source.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move the average towards the module's present weights."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.average.values()), list(self.source.values()), 1 - decay)

    def state(self) -> dict[str, Tensor]:
        """The averaged weights, by parameter name."""
        return self.average

    def restore(self, state: dict[str, Tensor]) -> None:
        """Continue from averaged weights."""
        for name, value in state.items():
            self.average[name].copy_(value)
