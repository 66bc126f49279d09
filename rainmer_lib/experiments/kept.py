"""Tables that are measured once and kept, sealed: what of a run or of a network with fixed weights outlives its weights."""

import csv
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from rainmer_lib import atomic
from rainmer_lib.metrics.protocols import PROTOCOLS
from rainmer_lib.training import seal

Fits = Callable[[pd.DataFrame], bool]


def kept(path: Path, measure: Callable[[], pd.DataFrame], fits: Fits = lambda table: True) -> pd.DataFrame:
    """Read the table of a file; measure it and write it there if it is missing, damaged, or does not fit, with a warning.

    ValueError names a table that cannot be used and, because the weights or images are not here, cannot be measured again.
    """
    if path.exists():
        why = unusable(path, fits)
        if not why:
            return read(path)
        warnings.warn(f"{path}: {why}; measured again", stacklevel=2)
        try:
            table = measure()
        except FileNotFoundError as error:
            raise ValueError(f"{path}: {why}. Restore it (of recorded results: git checkout); it cannot be measured again: "
                             f"{error}") from error  # fmt: skip
    else:
        table = measure()
    atomic.write(path, lambda part: table.to_csv(part, index=False, float_format="%.6f"))
    seal.seal(path.parent, [path.name])
    return read(path)


def unusable(path: Path, fits: Fits = lambda table: True) -> str:
    """Return why a table cannot be used; empty if it can.

    Its content must be that of its seal, if it has one; every row must have every column; and `fits` decides the rest.
    """
    if not seal.intact(path):
        return f"not as it was sealed ({seal.SEAL})"
    if not _whole(path):
        return "cut off or not a table"
    try:
        return "" if fits(read(path)) else "not the rows and columns that are asked for"
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return f"not the columns that are asked for ({error})"


def _whole(path: Path) -> bool:
    """Return whether a file is a CSV of a header and rows of its length, to the last line's end."""
    try:
        text = path.read_bytes().decode()
        rows = list(csv.reader(text.splitlines()))
    except (ValueError, csv.Error):
        return False
    return text.endswith("\n") and "\0" not in text and bool(rows) and len({len(row) for row in rows}) == 1


def read(path: Path) -> pd.DataFrame:
    """Read a table; names of images stay text."""
    return pd.read_csv(path, dtype={"image": str})


def scores_of(names: Callable[[], Iterable[str]]) -> Fits:
    """Return a check that a table has PSNR and SSIM of these images, each once under every protocol."""
    def fits(table: pd.DataFrame) -> bool:
        wanted = sorted((name, protocol) for name in names() for protocol in PROTOCOLS)  # one may have been added since
        numbers = all(pd.api.types.is_numeric_dtype(table[name]) and table[name].notna().all() for name in ("psnr", "ssim"))
        return numbers and sorted(zip(table.image, table.protocol, strict=True)) == wanted

    return fits


def rows_of(names: Callable[[], Iterable[str]]) -> Fits:
    """Return a check that a table has a row for each of these images, in any order."""
    return lambda table: sorted(table.image) == sorted(names())
