"""Exponential moving average of weights.  GANs oscillate, so the average is evaluated, not the last weights."""

import torch
from torch import Tensor, nn


class MovingAverage:
    """Moving average of a module's parameters: a <- d a + (1 - d) w, with d = min(decay, (1 + step) / (10 + step)).

    The ramp keeps the first, meaningless weights from lingering.  Buffers, such as the statistics of batch norms, are not
    averaged, because they are running means already.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay, self.module = decay, module
        self.source = dict(module.named_parameters())
        self.average = {name: p.detach().clone() for name, p in self.source.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move the average towards the module's present weights."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.average.values()), list(self.source.values()), 1 - decay)

    def weights(self) -> dict[str, Tensor]:
        """Return the module's state dict with averaged parameters, and with buffers as they are."""
        return self.module.state_dict() | self.average

    def state(self) -> dict[str, Tensor]:
        """Return the averaged parameters by name, ready for a checkpoint."""
        return self.average

    def restore(self, state: dict[str, Tensor]) -> None:
        """Continue from the averaged parameters that `state` returned."""
        for name, value in state.items():
            self.average[name].copy_(value)
