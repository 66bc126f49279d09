"""Content-addressed run folders: asking twice for the same training gives the same folder.

`runs/<method>-<hash of configuration, data and version of the method>/` holds
config.json, log.jsonl (a line every `log_every` steps), checkpoint.pt, the exported weights, and finished.json, written last.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import torch

from rainmer_lib import atomic


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
        """Make the folder; raise OSError if it cannot be written, or if the disk has less than `needed_bytes` left."""
        try:
            atomic.write_json(self.path / "config.json", self.identity.description())
        except OSError as error:
            raise OSError(
                f"cannot write the run folder {self.path} ({error.strerror}); "
                "make it writable, or set RAINMER_RUNS to a folder that can be written"
            ) from error
        free = shutil.disk_usage(self.path).free
        if free < needed_bytes:
            raise OSError(
                f"{self.path}: {free / 1e6:.0f} MB free, a run like this needs {needed_bytes / 1e6:.0f} MB for its "
                "checkpoints; make room, or set RAINMER_RUNS to a folder on another disk"
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the run for this process; wait while another one trains it.  The lock of a killed process is released."""
        self.path.mkdir(parents=True, exist_ok=True)
        with open(self.path / "lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def save_checkpoint(self, state: dict) -> None:
        """Replace the checkpoint atomically."""
        atomic.write(self.checkpoint, lambda part: torch.save(state, part))

    def load_checkpoint(self, device: str) -> dict | None:
        """Return the last checkpoint, or None.  `weights_only` reads tensors and plain values and executes nothing."""
        if not self.checkpoint.exists():
            return None
        return torch.load(self.checkpoint, map_location=device, weights_only=True)

    def append_log(self, entry: dict) -> None:
        """Add a line to log.jsonl."""
        with open(self.log, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def read_log(self) -> list[dict]:
        """Return all complete lines of log.jsonl."""
        if not self.log.exists():
            return []
        lines = self.log.read_text(encoding="utf-8").split("\n")[:-1]  # a line cut by a crash has no newline
        return [json.loads(line) for line in lines]

    def rewind_log(self, step: int) -> None:
        """Drop the lines that were logged after `step`, because a resumed run will make those steps again."""
        kept = [json.dumps(entry) + "\n" for entry in self.read_log() if entry["step"] <= step]
        atomic.write_text(self.log, "".join(kept))
