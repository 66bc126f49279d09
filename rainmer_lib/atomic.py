"""Atomic writes: a file or folder holds either its old content or its new content, never a part of it."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

LONGEST = 255  # bytes of a file's name
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def write(path: Path, fill: Callable[[Path], Any]) -> Path:
    """Let `fill` write a temporary file beside `path`, flush it to disk, rename it to `path`; return `path`.

    An OSError of writing, such as that of a full disk, names `path`, not the temporary file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _part(path)
    try:
        fill(part)
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        if error.errno and str(error.filename or part) == str(part):
            raise type(error)(error.errno, error.strerror, str(path)) from error
        raise
    finally:
        part.unlink(missing_ok=True)
    return path


def _part(path: Path) -> Path:
    """Return the temporary file beside a file; it keeps the suffix, because savers choose their format by it."""
    end = f".{os.getpid()}.tmp{path.suffix}"
    stem = os.fsencode(path.stem)[: max(1, LONGEST - 1 - len(os.fsencode(end)))]  # or a long name could not be written
    return path.with_name(f".{os.fsdecode(stem)}{end}")


def require_writable(path: Path) -> None:
    """Raise OSError that names `path` unless a file can be written there; to be called before anything is computed.

    Makes the folder of the file and tries; what is at `path` stays as it is.
    """
    try:
        if path.exists() and not path.is_file():
            raise IsADirectoryError(errno.EISDIR, "not a file: give another name", str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        part = _part(path)
        part.touch()
        part.unlink()
    except OSError as error:
        raise type(error)(error.errno, f"cannot be written ({error.strerror})", str(path)) from error


def disk_is_full(error: BaseException) -> bool:
    """Return whether an error says that there is no space left to write to."""
    return isinstance(error, OSError) and error.errno in NO_SPACE


def write_text(path: Path, text: str) -> Path:
    """Write text as UTF-8."""
    return write(path, lambda part: part.write_text(text, encoding="utf-8"))


def write_json(path: Path, value: Any) -> Path:
    """Write JSON with sorted keys, indented, so that two equal values give equal files."""
    return write_text(path, json.dumps(value, indent=2, sort_keys=True) + "\n")


def write_folder(path: Path, fill: Callable[[Path], Any]) -> Path:
    """Let `fill` write into an empty folder beside `path`, which then takes the place of `path`, old files included.

    If `fill` fails, the old folder stays.  Return `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part, old = (path.with_name(f".{path.name}.{os.getpid()}.{end}.tmp") for end in ("new", "old"))
    try:
        part.mkdir()
        fill(part)
        if path.exists():  # two renames, because a folder that is not empty cannot be renamed over
            os.replace(path, old)
        os.replace(part, path)
    finally:
        if old.exists() and not path.exists():
            os.replace(old, path)
        for rest in (part, old):
            shutil.rmtree(rest, ignore_errors=True)
    return path
