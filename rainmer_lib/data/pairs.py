"""Test sets: named lists of pairs, rainy and clean, and the checks that stand before them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from skimage.io import imread

from rainmer_lib import paths


@dataclass(frozen=True)
class Pair:
    """A rainy photo and its clean truth, uint8 (h, w, 3) of equal size."""

    name: str
    rainy: np.ndarray
    clean: np.ndarray


@dataclass(frozen=True)
class BenchmarkSet:
    """A published test set on the data root, in the layout `<folder>/{rain,norain}/<same name>`."""

    folder: str
    count: int
    source: str


BENCHMARKS = {
    "rain100l": BenchmarkSet("Rain100L", 100, "Yang et al., CVPR 2017 (JORDER)"),
    "rain100h": BenchmarkSet("Rain100H", 100, "Yang et al., CVPR 2017 (JORDER), old version"),
    "rain12": BenchmarkSet("Rain12", 12, "Li et al., CVPR 2016"),
}


def require_folder(relative: str, what: str) -> Path:
    """A folder of the data root; FileNotFoundError says what is missing and how to name the root."""
    path = paths.data_root() / relative
    if not path.is_dir():
        raise FileNotFoundError(
            f"{what} is not there: no folder {path}. Put it there, or set RAINMER_DATA to the folder that holds "
            f"{relative.split('/')[0]}/; data='embedded' needs no download"
        )
    return path


def benchmark_pairs(name: str) -> Iterator[Pair]:
    """The pairs of a benchmark, in the order of their names; the file lists are checked before the first is read."""
    if name not in BENCHMARKS:
        raise ValueError(f"test set {name!r}: choose one of {', '.join(BENCHMARKS)}")
    benchmark = BENCHMARKS[name]
    folder = require_folder(benchmark.folder, f"the test set {benchmark.folder} ({benchmark.source})")
    rainy, clean = ({p.name: p for p in sorted((folder / part).glob("*.png"))} for part in ("rain", "norain"))
    if set(rainy) != set(clean) or len(rainy) != benchmark.count:
        odd = sorted(set(rainy) ^ set(clean))[:5]
        raise ValueError(
            f"{folder}: expected {benchmark.count} pairs of equal names in rain/ and norain/, "
            f"found {len(rainy)} and {len(clean)}{'; without a partner: ' + ', '.join(odd) if odd else ''}"
        )
    return (read_pair(name, rainy[name], clean[name]) for name in rainy)


def read_pair(name: str, rainy: Path, clean: Path) -> Pair:
    """Read one pair; ValueError names the file whose size or depth is not what it should be."""
    a, b = imread(rainy), imread(clean)
    if a.shape != b.shape or a.ndim != 3 or a.dtype != np.uint8:
        raise ValueError(f"{rainy}: {a.dtype} {a.shape}, its clean partner {b.dtype} {b.shape}; expected equal uint8 RGB")
    return Pair(Path(name).stem, a[..., :3], b[..., :3])
