"""Verify that a copy of a data set is the one that published numbers refer to: check every file, collect all faults."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from skimage.filters import gaussian
from skimage.registration import phase_cross_correlation
from tqdm import tqdm

from rainmer_lib.data import layouts, registry
from rainmer_lib.data.folders import listing_of
from rainmer_lib.data.layouts import Entry, Listing
from rainmer_lib.metrics.protocols import evaluate

STATUSES = ("ok", "failed", "not known here")
PSNR_TOLERANCE, SSIM_TOLERANCE = 0.006, 6e-5  # for values stated with two and four digits
NAMED = 20  # faulty files that one line names; the others are only counted


@dataclass(frozen=True)
class Check:
    """One line of a report: the split, the property that was checked, its status, the expected and the found value."""

    part: str
    what: str
    status: str
    expected: str
    found: str


@dataclass(frozen=True)
class Report:
    """The checks of one data set, in order."""

    name: str
    checks: tuple[Check, ...]

    @property
    def failed(self) -> bool:
        """Return whether any check failed."""
        return any(check.status == "failed" for check in self.checks)


@dataclass
class _Seen:
    """Findings of one pass over the images."""

    unreadable: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    other_sizes: list[str] = field(default_factory=list)
    shifted: list[str] = field(default_factory=list)
    calmer: list[str] = field(default_factory=list)
    scores: list[tuple[float, float]] = field(default_factory=list)
    sizes: set[str] = field(default_factory=set)
    read: int = 0


def verify(name: str, root: Path | None = None) -> Report:
    """Check `<set>/<split>`, or all splits of `<set>` that are there; `root` replaces the data root.

    Raises ValueError on an unknown name, FileNotFoundError if no split is there.
    """
    first, _, second = name.partition("/")
    benchmark = registry.benchmark(first)
    splits = [benchmark.split(second)] if second else list(benchmark.splits.values())
    checks, missing = [], []
    for split in splits:
        part = f"{benchmark.name}/{split.name}"
        try:
            listing = split.listing(root)
        except FileNotFoundError as error:
            missing.append(str(error))
            continue
        checks += _check_part(part, benchmark.kind, split, listing)
    if not checks:
        raise FileNotFoundError(benchmark.missing("; ".join(missing)))
    return Report(name, tuple(checks))


def verify_folder(folder: Path, by: str = "auto") -> Report:
    """Check the images of a folder of one's own; `by`: how names are paired.  Raises the errors of `folders.listing_of`."""
    listing = listing_of(folder, by)
    kind = "paired" if any(entry.clean for entry in listing.entries) else "rainy"
    facts = registry.Split(folder.name, str(folder), ())
    return Report(str(folder), tuple(_check_part(str(folder), kind, facts, listing)))


def _check_part(part: str, kind: str, split: registry.Split, listing: Listing) -> list[Check]:
    seen = _inspect(part, split, listing)
    paired = kind == "paired"
    checks = [_count(part, split, listing)]
    if paired or listing.problems:
        checks.append(_faults(part, "pairing", "a partner for each file", listing.problems, listing.rainy + listing.clean))
    checks.append(_faults(part, "decoding", "every file decodes in full", seen.unreadable, seen.read))
    sizes = ", ".join(split.sizes) or "not stated"
    found = f"{', '.join(sorted(seen.sizes)[:5])}{' and others' if len(seen.sizes) > 5 else ''}"
    if split.sizes or seen.other_sizes:
        checks.append(_faults(part, "sizes", sizes, seen.other_sizes, seen.read, found))
    else:
        checks.append(Check(part, "sizes", "not known here", sizes, found))
    if paired:
        compared = len(seen.scores)
        checks.append(_faults(part, "equal sizes", "rainy and clean of one size", seen.unequal, compared + len(seen.unequal)))
        checks.append(_faults(part, "alignment", "no shift between rainy and clean", seen.shifted, compared))
        checks.append(_roles(part, seen))
    checks.append(_bytes(part, split, listing))
    return checks + (_input_scores(part, split, seen) if paired else [])


def _faults(part: str, what: str, expected: str, faults: list[str] | tuple[str, ...], checked: int, found: str = "") -> Check:
    if not checked:
        return Check(part, what, "failed", expected, "; ".join(faults) or "nothing to check")
    if not faults:
        return Check(part, what, "ok", expected, found or f"{checked} checked")
    rest = f"; and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
    return Check(part, what, "failed", expected, f"{len(faults)} of {checked}: {'; '.join(faults[:NAMED])}{rest}")


def _count(part: str, split: registry.Split, listing: Listing) -> Check:
    count = len(listing.entries)
    if split.count is None:
        return Check(part, "count", "not known here", "not stated", str(count))
    known = {split.count: "", **{int(number): f": {meaning}" for number, meaning in split.also.items()}}
    status = "ok" if count in known else "failed"
    return Check(part, "count", status, str(split.count), f"{count}{known.get(count, '')}")


def _inspect(part: str, split: registry.Split, listing: Listing) -> _Seen:
    """Decode each image once and keep the faults of each; a fault does not stop the pass."""
    seen = _Seen()
    for entry in tqdm(listing.entries, desc=part, leave=False, disable=None):
        images = _read_both(entry, seen)
        for path, image in zip((entry.rainy, entry.clean), images, strict=True):
            if image is None:
                continue
            seen.read += 1
            size = f"{image.shape[1]}x{image.shape[0]}"
            seen.sizes.add(size)
            if split.sizes and size not in split.sizes:
                seen.other_sizes.append(f"{path} is {size}")
        if images[0] is not None and images[1] is not None:
            _compare(entry, *images, seen)
    return seen


def _read_both(entry: Entry, seen: _Seen) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Read an entry like `layouts.read`, except that an unreadable file does not hide its partner's faults."""
    if entry.rainy_half:
        return _attempt(layouts.read, entry, seen) or (None, None)
    rainy, clean = (path and _attempt(layouts.read_rgb, path, seen) for path in (entry.rainy, entry.clean))
    return rainy, clean


def _attempt(read: Callable[[Any], Any], source: Path | Entry, seen: _Seen) -> Any:
    try:
        return read(source)
    except ValueError as error:
        seen.unreadable.append(str(error))
        return None


def _compare(entry: Entry, rainy: np.ndarray, clean: np.ndarray, seen: _Seen) -> None:
    if rainy.shape != clean.shape:
        seen.unequal.append(f"{entry.rainy} is {rainy.shape[1]}x{rainy.shape[0]}, clean {clean.shape[1]}x{clean.shape[0]}")
        return
    if min(rainy.shape[:2]) < 11:
        seen.other_sizes.append(f"{entry.rainy} is {rainy.shape[1]}x{rainy.shape[0]}, under the 11 pixels of SSIM")
        return
    shift = global_shift(rainy, clean)
    if shift != (0, 0):
        seen.shifted.append(f"{entry.rainy} by {shift[0]} down, {shift[1]} right")
    if _detail(rainy) <= _detail(clean):
        seen.calmer.append(str(entry.rainy))
    seen.scores.append(evaluate(rainy, clean, "prenet"))


def global_shift(rainy: UInt8[np.ndarray, "h w 3"], clean: UInt8[np.ndarray, "h w 3"]) -> tuple[int, int]:
    """Return the shift (down, right) in pixels of the rainy image against the clean one, by phase correlation.

    The images are reduced to low-passed grey under a Hann window: streaks are fine, and without the window the frame's
    borders would keep the peak at zero.  Phase correlation is used instead of plain correlation: over the 272 pairs of
    Rain100L, Rain100H, Rain12 and RainCityscapes60 it finds 0 in all, and each shift of 3 pixels; plain correlation is wrong
    for 22 and 18 pairs of Rain100H and RainCityscapes60.  A test checks this.
    """
    window = np.outer(np.hanning(rainy.shape[0]), np.hanning(rainy.shape[1]))
    planes = [gaussian(image.mean(axis=2), sigma=2) for image in (rainy, clean)]
    a, b = ((plane - plane.mean()) * window for plane in planes)
    if not a.any() or not b.any():
        return 0, 0  # a flat image has no measurable shift
    down, right = phase_cross_correlation(a, b, normalization="phase")[0]
    return int(down), int(right)


def _detail(image: np.ndarray) -> float:
    return float(np.abs(np.diff(image.mean(axis=2), axis=1)).mean())


def _roles(part: str, seen: _Seen) -> Check:
    """Check that rainy and clean images are not swapped.

    Streaks are detail: in all 272 pairs at hand the rainy image has more of it, so less detail in most pairs means a swap.
    """
    expected, pairs = "rainy images have more fine detail than clean ones", len(seen.scores)
    status = "failed" if not pairs or 2 * len(seen.calmer) > pairs else "ok"
    hint = "; rainy and clean are probably swapped" if pairs and status == "failed" else ""
    return Check(part, "roles", status, expected, f"{pairs - len(seen.calmer)} of {pairs}{hint}")


def digest(files: list[Path]) -> str:
    """Hash the sorted SHA-256 of the files, one per line, by SHA-256: the names of the files do not matter."""
    each = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
    return hashlib.sha256("\n".join(each).encode()).hexdigest()


def _bytes(part: str, split: registry.Split, listing: Listing) -> Check:
    found = digest(listing.files())
    status = "not known here" if not split.sha256 else "ok" if found == split.sha256 else "failed"
    return Check(part, "bytes", status, split.sha256[:16] or "not stated", found[:16])


def _input_scores(part: str, split: registry.Split, seen: _Seen) -> list[Check]:
    checks, means = [], np.mean(seen.scores, axis=0) if seen.scores else (np.nan, np.nan)
    rows = (("input PSNR", split.psnr, PSNR_TOLERANCE, ".2f", " dB"), ("input SSIM", split.ssim, SSIM_TOLERANCE, ".4f", ""))
    for (what, expected, tolerance, digits, unit), mean in zip(rows, means, strict=True):
        stated = "not stated" if expected is None else f"{expected:{digits}}{unit} under prenet"
        status = "not known here" if expected is None else "ok" if abs(mean - expected) <= tolerance else "failed"
        checks.append(Check(part, what, status, stated, f"{mean:{digits}}{unit}"))
    return checks
