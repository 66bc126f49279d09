"""Atomic writes: a file holds either its old content or its new content, never a part of it."""

import json
import os
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
