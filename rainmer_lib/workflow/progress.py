"""Progress of a pipeline: which jobs are running, how many are done, and how long the rest will take."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from rainmer_lib.training.progress import in_minutes
from rainmer_lib.workflow.jobs import Job


class Progress:
    """Print a line when a job starts, ends or fails, from the markers and logs that jobs write.

    The estimate of the time left assumes that the remaining jobs take as long on average as those that have ended.
    """

    def __init__(self, jobs: Sequence[Job], say: Callable[[str], None] | None = None) -> None:
        self.waiting = [job for job in jobs if not job.marker.exists()]
        self.total, self.running = len(self.waiting), []
        self.say = say or partial(print, flush=True)
        self.began = time.monotonic()

    def poll(self) -> None:
        """Check the jobs once and print what has changed since the last time."""
        for job in [job for job in self.waiting if job.log.exists() or job.marker.exists()]:
            self.waiting.remove(job)
            self.running.append(job)
            self.say(f"making   {job.name}")
        for job in [job for job in self.running if job.marker.exists() or job.failed()]:
            self.running.remove(job)
            state = "done    " if job.marker.exists() else "FAILED  "
            self.say(f"{state} {job.name}  ({self.line()})")

    def line(self) -> str:
        """Return how many jobs have ended, the time since the start, and an estimate of the time left."""
        left = len(self.waiting) + len(self.running)
        ended, seconds = self.total - left, time.monotonic() - self.began
        rest = f", about {in_minutes(seconds / ended * left)} left" if ended and left else ""
        return f"{ended} of {self.total}, {in_minutes(seconds)}{rest}"
