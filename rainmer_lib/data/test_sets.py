"""Test sets: named lists of rainy and clean pairs, and the checks that precede reading them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rainmer_lib import paths
from rainmer_lib.data import layouts, registry


@dataclass(frozen=True)
class Pair:
    """A rainy photo and its clean ground truth, uint8 (h, w, 3) of equal size."""

    name: str
    rainy: np.ndarray
    clean: np.ndarray


# The test sets that results are reported on.  `benchmark_pairs` accepts any paired set of the registry.
BENCHMARKS = {name: registry.BENCHMARKS[name] for name in ("rain100l", "rain100h", "rain12", "raincityscapes60")}


def require_folder(relative: str, what: str) -> Path:
    """Return a folder below the data root; FileNotFoundError says what is missing and how to set the root."""
    path = paths.data_root() / relative
    if not path.is_dir():
        raise FileNotFoundError(
            f"{what} is not there: no folder {path}. Put it there, or set RAINMER_DATA to the folder that holds "
            f"{relative.split('/')[0]}/; data='embedded' needs no download"
        )
    return path


def benchmark_pairs(name: str) -> Iterator[Pair]:
    """Read the pairs of a benchmark, `<set>` or `<set>/<split>`, in the order of their names; errors as `benchmark_entries`.

    The file lists are checked before the first image is read.
    """
    return (read_pair(entry) for entry in benchmark_entries(name))


def benchmark_entries(name: str) -> tuple[layouts.Entry, ...]:
    """List the pairs of a benchmark without reading them.

    ValueError if a partner is missing or the count is unexpected, FileNotFoundError if the set is not there.
    """
    benchmark, split = registry.lookup(name)
    if benchmark.kind != "paired":
        raise ValueError(f"{name}: {benchmark.title} has no pairs ({benchmark.kind} images)")
    try:
        listing = split.listing()
    except FileNotFoundError as error:
        raise FileNotFoundError(benchmark.missing(str(error))) from error
    counted = split.count is None or len(listing.entries) in (split.count, *map(int, split.also))
    if listing.problems or not counted:
        wanted = "every rainy image with its clean partner" if split.count is None else f"{split.count} pairs"
        problems = "".join(f"; {problem}" for problem in listing.problems)
        found = f"{listing.rainy} rainy and {listing.clean} clean"
        raise ValueError(f"{listing.folder}: expected {wanted}, found {found}{problems}")
    return listing.entries


def read_pair(entry: layouts.Entry) -> Pair:
    """Read one pair; ValueError names the file that cannot be read, or whose partner has another size."""
    rainy, clean = layouts.read(entry)
    if rainy.shape != clean.shape:
        raise ValueError(f"{entry.rainy}: {rainy.shape}, its clean partner {clean.shape}; expected equal sizes")
    return Pair(entry.name, rainy, clean)
