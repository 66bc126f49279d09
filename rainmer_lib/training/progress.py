"""Progress of a training in a notebook: one line that is updated, with the time that is left."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

EVERY = 5.0  # seconds between two updates; a notebook keeps what is written until it is executed to its end


def in_minutes(seconds: float) -> str:
    """Format a duration as people say it: `45 s`, `12 min`, `3 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


class Ticker:
    """Line of a notebook that says the step and the time left, and is replaced each time; elsewhere nothing is written.

    `name` begins the line, `first` is the step, or another `unit` of progress, at which the training begins or goes on,
    `last` that at which it ends.
    A line that is to stay is written after `clear`, so that an executed notebook keeps the lines that stay and no times.
    """

    def __init__(
        self, name: str, first: float, last: float, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic,
        unit: str = "steps",
    ) -> None:  # fmt: skip
        self.name, self.first, self.last, self.clock, self.unit = name, first, last, clock, unit
        self.stream = stream or (sys.stdout if in_notebook() else None)
        self.began = self.shown = clock()
        self.width = 0

    def show(self, step: float) -> None:
        """Replace the line, if the last one is `EVERY` seconds old."""
        now = self.clock()
        if self.stream is None or now - self.shown < EVERY or step in (self.first, self.last):
            return
        self.shown = now
        left = (now - self.began) / (step - self.first) * (self.last - step)
        text = f"{self.name}: {step} of {self.last} {self.unit}, about {in_minutes(left)} left"
        self._write(f"\r{text}{' ' * (self.width - len(text))}")
        self.width = len(text)

    def clear(self) -> None:
        """Remove the line, if there is one."""
        if self.width:
            self._write(f"\r{' ' * self.width}\r")
            self.width = 0

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()


def in_notebook() -> bool:
    """Return whether what is printed appears in a notebook."""
    return type(sys.stdout).__module__.startswith("ipykernel.")
