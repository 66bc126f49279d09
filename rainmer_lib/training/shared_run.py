"""The folder of a run that several processes train: process 0 writes, all read; a checkpoint holds the states of all."""

from collections.abc import Iterator
from contextlib import contextmanager

from rainmer_lib.training import processes
from rainmer_lib.training.run import RunFolder

ALIKE = ("step", "model", "optimisation", "averages")  # parts of a trainer's state that are the same on every process
OTHERS = "processes"  # entry of a checkpoint: what is each process's own, such as random states and earlier images


class SharedRun(RunFolder):
    """Files of one run, as each of its processes uses them."""

    def prepare(self, needed_bytes: int) -> None:
        """Make the folder (process 0)."""
        if processes.rank() == 0:
            super().prepare(needed_bytes)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the run (process 0)."""
        if processes.rank():
            yield
            return
        with super().locked():
            yield

    def save_checkpoint(self, state: dict) -> None:
        """Replace the checkpoint with the state of process 0 and what is each process's own.  Every process calls this."""
        own = processes.gathered({name: part for name, part in state.items() if name not in ALIKE})
        if processes.rank() == 0:
            super().save_checkpoint(state | {OTHERS: own})

    def load_checkpoint(self, device: str) -> dict | None:
        """Return the checkpoint as this process left it, or None.

        Of a checkpoint that another number of processes left, each takes the state of process 0: their number is then no part
        of the run's key, because no number depends on what is each process's own.
        """
        state = super().load_checkpoint(device)
        own = (state or {}).get(OTHERS, [])
        return state | own[processes.rank()] if len(own) == processes.count() else state

    def append_log(self, entry: dict) -> None:
        """Add a line to log.jsonl (process 0)."""
        if processes.rank() == 0:
            super().append_log(entry)

    def rewind_log(self, step: int) -> None:
        """Drop the lines that were logged after `step` (process 0)."""
        if processes.rank() == 0:
            super().rewind_log(step)


def as_shared(run: RunFolder) -> RunFolder:
    """Return the run's folder as the processes of this run use it: as it is, if there is one."""
    return SharedRun(run.path.parent, run.identity) if processes.count() > 1 else run
