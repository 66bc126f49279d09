"""Seals of folders: SHA256SUMS lists the SHA-256 of their files, as `sha256sum -c` reads it.

A file that the seal lists is compared with it whenever it is read.  A file that it does not list, such as those of runs from
before there were seals, is taken on the checks of its content alone; `python -m rainmer_lib.workflow.seal` seals it.
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rainmer_lib import atomic

SEAL = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  ([^/]+)")


def sums(folder: Path) -> dict[str, str]:
    """Return the listed sums of a folder by file name; empty if it has no seal.  ValueError on a damaged seal."""
    path = folder / SEAL
    if not path.is_file():
        return {}
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if not match:
            raise ValueError(f"{path}, line {number}: damaged, expected a SHA-256 and a name. Restore the file, or delete it "
                             "to have the other files of the folder taken as they are")  # fmt: skip
        found[match[2]] = match[1]
    return found


def seal(folder: Path, names: Iterable[str]) -> None:
    """List the present content of these files of a folder; the other lines of its seal stay."""
    new = {name: _sha256(folder / name) for name in names}
    with _alone(folder):
        lines = sums(folder) | new
        atomic.write_text(folder / SEAL, "".join(f"{lines[name]}  {name}\n" for name in sorted(lines)))


def listed(path: Path) -> bool:
    """Return whether the seal of its folder lists a file, which may be missing."""
    return path.name in sums(path.parent)


def intact(path: Path) -> bool:
    """Return whether a file is there and, if the seal of its folder lists it, has the listed content."""
    if not path.is_file():
        return False
    expected = sums(path.parent).get(path.name)
    return expected is None or expected == _sha256(path)


def require_intact(path: Path) -> Path:
    """Return a path, if its file is `intact`; ValueError if not, FileNotFoundError if there is none."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing" + (f", although {SEAL} beside it lists it" if listed(path) else ""))
    if not intact(path):
        raise ValueError(
            f"{path}: damaged, changed or another file: its content is not that of {SEAL} beside it. Restore it (of recorded "
            "results: git checkout), or delete the folder and repeat the command that made it"
        )
    return path


def read_json(path: Path) -> dict:
    """Read the object of a JSON file; the errors of `require_intact`, ValueError if it is not a JSON object."""
    try:
        stored = json.loads(require_intact(path).read_bytes().decode())
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: damaged, not valid JSON ({error})") from error
    if not isinstance(stored, dict):
        raise ValueError(f"{path}: expected a JSON object, found {type(stored).__name__}")
    return stored


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no other process change the seal meanwhile, where the file system can lock a folder; elsewhere the last one counts.

    A line that is lost so leaves a file that is not listed, which is taken as one of a folder without a seal.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
