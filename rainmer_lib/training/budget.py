"""What ends a run: its number of steps, or minutes of a clock."""

import time
from collections.abc import Callable, Mapping
from typing import Any

CHECKPOINT = 120.0  # seconds between two checkpoints of a run whose budget is minutes
QUARTERS = 4  # a run prints about as many lines of its log


class Budget:
    """Budget of a run: `config.steps`, or `config.minutes` of a clock where that is above 0.

    With minutes, `steps` is the scale of the schedule alone: the learning rate stands where it would stand after the same
    share of `steps`, so that a run on a slow device ends decayed as well.  The clock runs from the moment at which the budget
    is made: networks that are compiled, batches, checkpoints and scores take their part of it.
    """

    def __init__(self, config: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self.steps, self.minutes, self.clock = config.steps, config.minutes, clock
        self.began, self.saved = clock(), 0.0

    def go_on(self, used: float) -> None:
        """Count the seconds that earlier parts of the run took, so that this part has what is left."""
        self.began, self.saved = self.began - used, used

    @property
    def used(self) -> float:
        """Seconds of all parts of the run until now."""
        return self.clock() - self.began

    def over(self, step: int) -> bool:
        """Return whether nothing is left after `step` steps; a run has one at least."""
        if self.minutes:
            return step > 0 and self.used >= 60 * self.minutes
        return step >= self.steps

    def at(self, step: int) -> float:
        """Return the step at which the schedule of the learning rate stands: `step`, or the same share of `steps`."""
        return min(1.0, self.used / (60 * self.minutes)) * self.steps if self.minutes else step

    def saves(self, step: int, every: int) -> bool:
        """Return whether a checkpoint is due: after `every` steps, or every two minutes where the budget is minutes."""
        if not self.minutes:
            return step % every == 0
        due = self.used >= self.saved + CHECKPOINT
        self.saved = self.used if due else self.saved
        return due

    def entry(self, step: int) -> dict[str, float]:
        """Return what begins a line of the log: the step, and the minutes that are used where they are the budget."""
        return {"step": step} | ({"minutes": round(self.used / 60, 6)} if self.minutes else {})

    def progress(self, step: int) -> float:
        """Return how far the run is, in the `unit` in which `total` is counted."""
        return round(min(self.minutes, self.used / 60), 1) if self.minutes else step

    @property
    def total(self) -> float:
        """The whole budget."""
        return self.minutes or self.steps

    @property
    def unit(self) -> str:
        """What the budget is counted in."""
        return "minutes" if self.minutes else "steps"


def ends(entry: Mapping[str, float], config: Any) -> bool:
    """Return whether a line of the log is a run's last one."""
    return entry["minutes"] >= round(config.minutes, 6) if config.minutes else entry["step"] == config.steps


def worth_a_line(entry: Mapping[str, float], before: Mapping[str, float] | None, config: Any) -> bool:
    """Decide whether to print an entry, which follows `before`: about four lines per run, the last one among them."""
    if ends(entry, config):
        return True
    if not config.minutes:
        return entry["step"] % max(1, config.steps // QUARTERS) == 0
    quarters = [int(QUARTERS * at["minutes"] / config.minutes) if at else 0 for at in (before, entry)]
    return quarters[0] != quarters[1]


def line(entry: Mapping[str, float], config: Any) -> str:
    """Format an entry of the log as a line to print; without times where steps are counted, so that two runs print the same."""
    terms = "  ".join(f"{name} {value:.3f}" for name, value in entry.items() if name not in ("step", "minutes"))
    if config.minutes:
        return f"step {entry['step']}, {entry['minutes']:.1f}/{config.minutes:g} minutes  {terms}"
    return f"step {entry['step']}/{config.steps}  {terms}"
