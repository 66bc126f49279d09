"""Content-addressed run folders: asking twice for the same training gives the same folder.

`runs/<method>-<hash of configuration, data and version of the method>/` holds
config.json, log.jsonl (a line every `log_every` steps), checkpoint.pt, the exported weights, finished.json, and the seal of all
but the checkpoint (`seal`), which carries the key of its run and checksums of its own.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch

from rainmer_lib import atomic
from rainmer_lib.networks.stored import read_exported, read_torch
from rainmer_lib.training import seal

EXPORT = "derain.safetensors"  # what every finished run has
_OF = "run"  # entry of a checkpoint: the key of its run


@dataclass(frozen=True)
class RunIdentity:
    """Identity of a run: everything that changes its numbers, and nothing else.

    The label that a notebook gives to a run is not part of it, because the same training serves several tables.
    """

    method: str
    config: object
    data: str
    version: int

    def description(self) -> dict:
        """Return plain values, as written to config.json."""
        return {
            "method": self.method,
            "config": json.loads(json.dumps(asdict(self.config))),
            "data": self.data,
            "version": self.version,
        }

    @property
    def key(self) -> str:
        """Key of the run, `<method>-<12 hexadecimal digits>`.

        Only the values that differ from the defaults of the configuration's class are hashed, so that an option that is
        added later does not rename older runs.  Raise the method's version when you change a *default*.  An int in a field of
        floats counts as the float that equals it: equal configurations have one key.
        """
        defaults = {f.name: f.default for f in fields(self.config)}
        floats = {f.name for f in fields(self.config) if f.type is float}
        changed = {k: float(v) if k in floats else v for k, v in asdict(self.config).items() if v != defaults[k]}
        content = {"config": changed, "data": self.data, "version": self.version}
        return f"{self.method}-{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]}"


class RunFolder:
    """Files of one run."""

    def __init__(self, root: Path, identity: RunIdentity) -> None:
        self.identity = identity
        self.path = root / identity.key
        self.log = self.path / "log.jsonl"
        self.checkpoint = self.path / "checkpoint.pt"
        self.finished = self.path / "finished.json"

    def prepare(self, needed_bytes: int) -> None:
        """Make the folder of an unfinished run; OSError if it cannot be written, or has less than `needed_bytes` left."""
        with self._writable():
            self.finished.unlink(missing_ok=True)
            atomic.write_json(self.path / "config.json", self.identity.description())
        free = shutil.disk_usage(self.path).free
        if free < needed_bytes:
            raise OSError(
                f"{self.path}: {free / 1e6:.0f} MB free, a run like this needs {needed_bytes / 1e6:.0f} MB for its "
                "checkpoints; make room, or set RAINMER_RUNS to a folder on another disk"
            )

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OSError(
                f"cannot write the run folder {self.path} ({error.strerror}); "
                "make it writable, or set RAINMER_RUNS to a folder that can be written"
            ) from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the run for this process; wait while another one trains it.  The lock of a killed process is released.

        What killed processes left half-written is removed.  Raises OSError if the folder cannot be written.
        """
        with self._writable():
            self.path.mkdir(parents=True, exist_ok=True)
            file = open(self.path / "lock", "w")
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            for kind in (self.checkpoint, self.log, self.finished, self.path / EXPORT):  # not .csv, written without the lock
                for left in self.path.glob(f".*.tmp{kind.suffix}"):
                    left.unlink(missing_ok=True)
            yield

    def is_finished(self, say: Callable[[str], None] | None = None) -> bool:
        """Return whether finished.json and all exports are there and whole; `say` what a finished run lacks."""
        if not self.finished.exists():
            return False
        lost = self._lost()
        if lost and say:
            say(f"{', '.join(lost)} of {self.path}: missing or damaged, made again")
        return not lost

    def lost_its_export(self, say: Callable[[str], None]) -> bool:
        """Return whether the export was removed, and `say` so; a seal without it is that of a run of which scores are kept."""
        lost = seal.listed(self.path / EXPORT) and not (self.path / EXPORT).exists()
        if lost:
            say(f"{self.path} lost its {EXPORT}: restore it (git checkout); the run is made again elsewhere")
        return lost

    def _lost(self) -> list[str]:
        """List the names of exports that are missing or damaged, and finished.json if it is."""
        exports = {name for name in seal.sums(self.path) if name.endswith(".safetensors")} | {EXPORT}
        return [name for name in (*sorted(exports), self.finished.name) if not self._readable(self.path / name)]

    def _readable(self, path: Path) -> bool:
        try:
            read = seal.read_json if path == self.finished else read_exported
            return seal.intact(path) and read(path) is not None
        except ValueError:
            return False

    def finish(self, exports: Sequence[str], facts: dict) -> None:
        """Seal the run's files, and write finished.json last of what makes a run a finished one."""
        seal.seal(self.path, ["config.json", self.log.name, *exports])
        atomic.write_json(self.finished, facts)
        seal.seal(self.path, [self.finished.name])

    def save_checkpoint(self, state: dict) -> None:
        """Replace the checkpoint atomically; OSError if that fails, which leaves the one before as it was."""
        try:
            atomic.write(self.checkpoint, lambda part: torch.save(state | {_OF: self.identity.key}, part))
        except (OSError, RuntimeError) as error:  # on a full disk torch raises the latter, about a position in its file
            free = shutil.disk_usage(self.path).free
            raise OSError(
                f"{self.checkpoint}: cannot be written at step {state['step']} ({_first_line(error)}); "
                f"{free / 1e6:.0f} MB are free. Make room and repeat the command: the checkpoint before is whole"
            ) from error

    def load_checkpoint(self, device: str) -> dict | None:
        """Return the last checkpoint, or None.  Tensors and plain values are read, and nothing is executed.

        ValueError if it is damaged, of another run, or of no step of this one.  One without the key of its run, from before
        checkpoints had one, is taken for this run's.
        """
        if not self.checkpoint.exists():
            return None
        try:
            state = read_torch(self.checkpoint, device)
        except ValueError as error:
            raise self._refused(str(error)) from error
        if not isinstance(state, dict) or not isinstance(state.get("step"), int):
            raise self._refused("not the checkpoint of a run")
        if state.pop(_OF, self.identity.key) != self.identity.key:
            raise self._refused("the checkpoint of another run")
        config = self.identity.config
        if state["step"] < 0 or (state["step"] > config.steps and not config.minutes):
            raise self._refused(f"at step {state['step']} of {config.steps}")
        return state

    def restore(self, trainer: Any, device: str) -> dict | None:
        """Let a trainer continue from the last checkpoint; return it, or None.  The errors of `load_checkpoint`."""
        state = self.load_checkpoint(device)
        if state is None:
            return None
        try:
            trainer.restore(state)
        except torch.OutOfMemoryError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
            raise self._refused(f"it does not fit this run ({type(error).__name__}: {_first_line(error)})") from error
        return state

    def _refused(self, why: str) -> ValueError:
        named = why if str(self.checkpoint) in why else f"{self.checkpoint}: {why}"
        return ValueError(f"{named}. Put the right file there, or delete it to train this run from the start")

    def append_log(self, entry: dict) -> None:
        """Add a line to log.jsonl; OSError names it."""
        try:
            with open(self.log, "a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise OSError(f"{self.log}: cannot be written ({error.strerror}). Make room and repeat the command") from error

    def read_log(self) -> list[dict]:
        """Return all complete lines of log.jsonl: `step` and numbers.

        ValueError names a line that is none of a log, and the file if that of a finished run is not as it was sealed.
        """
        if not self.log.exists():
            return []
        if self.finished.exists():
            seal.require_intact(self.log)
        lines = self.log.read_bytes().split(b"\n")[:-1]  # a line cut by a crash has no newline
        return [self._entry(number, line) for number, line in enumerate(lines, start=1)]

    def _entry(self, number: int, line: bytes) -> dict:
        try:
            entry = json.loads(line.decode())
            if isinstance(entry["step"], int) and all(isinstance(value, int | float) for value in entry.values()):
                return entry
        except (ValueError, TypeError, KeyError, AttributeError):
            pass
        raise ValueError(
            f"{self.log}, line {number}: damaged, expected a step and numbers. Restore the file or delete that line, of which "
            "nothing is computed; the log is printed and plotted"
        )

    def rewind_log(self, step: int) -> None:
        """Drop the lines that were logged after `step`, because a resumed run will make those steps again."""
        kept = [json.dumps(entry) + "\n" for entry in self.read_log() if entry["step"] <= step]
        atomic.write_text(self.log, "".join(kept))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
