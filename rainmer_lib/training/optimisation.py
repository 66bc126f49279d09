"""Optimisation of every trainer: backward, mean over processes, clip, step, rates, moving averages; part of a checkpoint."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rainmer_lib.training import processes
from rainmer_lib.training.ema import MovingAverage


class Optimisation:
    """The optimisers of a run's parameter groups and the moving averages of its networks.

    `schedule(step, peak)` returns the learning rate of a step, where `peak` is the optimiser's own rate.  `clip` is the largest
    norm of the gradient of the groups in `clipped` (all by default); 0 means no clipping.
    """

    def __init__(
        self, optimisers: Mapping[str, Optimizer], averages: Mapping[str, MovingAverage],
        schedule: Callable[[int, float], float], clip: float = 0.0, clipped: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        self.optimisers, self.averages = dict(optimisers), dict(averages)
        self.schedule, self.clip = schedule, clip
        self.clipped = tuple(self.optimisers) if clipped is None else tuple(clipped)
        self.peaks = {name: optimiser.defaults["lr"] for name, optimiser in self.optimisers.items()}
        self.at: Callable[[int], float] = lambda step: step  # where the schedule stands; a budget of minutes sets its own

    def set_rates(self, step: int) -> None:
        """Set the learning rate of every group for `step`."""
        position = self.at(step)
        for name, optimiser in self.optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = self.schedule(position, self.peaks[name])

    def update(self, groups: Iterable[str], loss: Tensor) -> None:
        """Update these groups once: clear what an earlier backward pass may have left, backward, clip, step."""
        names = list(groups)
        for name in names:
            self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward()
        self.apply(names)

    def apply(self, groups: Iterable[str] | None = None) -> None:
        """Average the gradients that backward passes have left over the processes, clip, step, clear; None means all groups.

        This is the one place where the processes of a run exchange gradients.
        """
        names = list(self.optimisers if groups is None else groups)
        processes.average(p.grad for name in names for p in self._parameters(name) if p.grad is not None)
        if self.clip and (clipped := [p for name in names if name in self.clipped for p in self._parameters(name)]):
            nn.utils.clip_grad_norm_(clipped, self.clip)
        for name in names:
            self.optimisers[name].step()
            self.optimisers[name].zero_grad(set_to_none=True)

    def follow(self, update: int) -> None:
        """Move the averages towards the present weights; `update` counts from 0."""
        for average in self.averages.values():
            average.update(update)

    def _parameters(self, name: str) -> list[Tensor]:
        return [p for group in self.optimisers[name].param_groups for p in group["params"]]

    def state(self) -> dict:
        """Return optimisers and averages as tensors and plain values, ready for a checkpoint."""
        return {
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self.optimisers.items()},
            "averages": {name: average.state() for name, average in self.averages.items()},
        }

    def restore(self, state: dict) -> None:
        """Continue from what `state` returned."""
        for name, optimiser in self.optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        for name, average in self.averages.items():
            average.restore(state["averages"][name])


def adam(parameters: Iterable[Tensor], rate: float, betas: tuple[float, float], device: torch.device | str) -> Optimizer:
    """Return Adam, in one kernel on a CPU or a CUDA device."""
    return torch.optim.Adam(parameters, rate, betas, fused=torch.device(device).type in ("cpu", "cuda"))
