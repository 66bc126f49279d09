"""How several processes share the training of a method: what it says of itself, for `training.processes`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any


def batch_alone(config: Any) -> Sequence[str]:
    """Return the one field that counts images of a step in most configurations."""
    return ("batch",)


def nothing(config: Any) -> Sequence[str]:
    """Return no reason: a step is a mean over its batch."""
    return ()


OWN_NORMS = "batch norms take the statistics of its own images; running statistics are averaged"


@dataclass(frozen=True)
class Sharing:
    """What several processes share, and what they do not.

    The gradients of all processes are averaged before each update.  If a loss is a mean over the batch, that is the gradient
    of the whole batch: the run is the same, up to rounding, however many processes it has, and so is its key.

    counts   configuration -> fields that count images of a step; each process takes its part of them
    apart    configuration -> in words, what each process computes from its own images alone, so that a step is no mean over the
             batch.  Weights are still the same on every process, but depend on their number, which is then part of the key
    refused  why there can be only one process; empty if there can be several
    """

    counts: Callable[[Any], Sequence[str]] = batch_alone
    apart: Callable[[Any], Sequence[str]] = nothing
    refused: str = ""

    def part(self, config: Any, processes: int) -> Any:
        """Return the configuration of one of the processes; unchanged if there is one.

        ValueError if the method has one process at most, or if a number of images cannot be shared evenly.
        """
        if processes == 1:
            return config
        if self.refused:
            raise ValueError(f"this method is trained by one process, not by {processes}: {self.refused}. Leave out torchrun")
        numbers = {name: getattr(config, name) for name in self.counts(config)}
        for name, number in numbers.items():
            if number % processes:
                raise ValueError(
                    f"{name}={number}: {processes} processes cannot share it evenly; it is that of all processes together. "
                    f"Give --set {name}={-(-number // processes) * processes}, or another number of processes"
                )
        return replace(config, **{name: number // processes for name, number in numbers.items()})

    def origin(self, config: Any, processes: int) -> str:
        """Return what the number of processes adds to the identity of a run: nothing where a step is a mean over its batch."""
        return f" in {processes} processes" if processes > 1 and self.apart(config) else ""
