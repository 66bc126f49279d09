"""Atomic writes: a file or folder holds either its old content or its new content, never a part of it."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write(path: Path, fill: Callable[[Path], Any]) -> Path:
    """Let `fill` write a temporary file beside `path`, flush it to disk, rename it to `path`; return `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # the suffix is kept, because savers choose their format by it
    part = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        fill(part)
        with open(part, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


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
