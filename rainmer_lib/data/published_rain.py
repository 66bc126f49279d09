"""The four training sets of DCD-GAN on disk, unpaired: Rain800, DID-Data, DDN-Data, SPA-Data (Sec. 4.1, Table 2).

rain800, did-data, ...    rainy and clean photos of one set, drawn independently, as in the paper
rain800-halves, ...       rainy photos of one half of the scenes, clean ones of the other half, so that no pair is in training

The photos are read as they are needed.  "Specific data enhancement strategies" (Sec. 4.1) are not described; here a crop is
mirrored left to right with probability one half, and nothing else is done.
"""

from collections.abc import Callable, Sequence

import numpy as np

from rainmer_lib.data import layouts, registry
from rainmer_lib.data.layouts import Entry, Listing
from rainmer_lib.data.paired import digest
from rainmer_lib.data.paired_folders import identity_of, whole_listing
from rainmer_lib.data.photo_files import Photo, PhotoFiles
from rainmer_lib.data.test_sets import read_pair
from rainmer_lib.data.unpaired_photos import UnpairedPhotos

# training set -> the sets that it is tested on: its own, and for DID-Data the sequence of Fig. 9 (Sec. 4.4)
TESTS = {
    "rain800": ("rain800",), "did-data": ("did-data", "rain12", "ddn-data", "rain100l", "rain800"), "ddn-data": ("ddn-data",),
    "spa-data": ("spa-data",),
}  # fmt: skip
HALVES = "-halves"
RULE = 1  # part of the fingerprint; increase it whenever other photos are drawn
HELD_SHARE, HELD_MOST = 8, 24  # of the scenes, one of so many is held out, and not more than so many
ENHANCEMENT = "data enhancement, which the paper does not describe: crops mirrored left to right with probability one half"


def published_rain(name: str) -> UnpairedPhotos:
    """Return a training set by name (see the top of this file), from the data root.

    Scenes, which are distinct clean photos, are held out with all their rainy photos; the first rainy photo of each makes a
    held-out pair.  The identity covers the names and sizes of all files and the contents of 64 of them.  Raises ValueError
    that names files without a partner, FileNotFoundError that says how to get the set.
    """
    halves, base = name.endswith(HALVES), name.removesuffix(HALVES)
    benchmark, split = registry.lookup(f"{base}/train")
    listing = _listing(benchmark, split)
    scenes = list(dict.fromkeys(entry.clean for entry in listing.entries))
    order = np.random.default_rng(RULE).permutation(len(scenes))
    held = {scenes[i] for i in order[: max(1, min(HELD_MOST, len(scenes) // HELD_SHARE))]}
    kept = [entry for entry in listing.entries if entry.clean not in held]
    wet, dry = _halves(kept, [scenes[i] for i in order]) if halves else (kept, kept)
    tests, absent = _tests(base)
    how = "of disjoint halves of the scenes" if halves else "of the same scenes, so partners may be among them, as in the paper"
    return UnpairedPhotos(
        name, _photos(wet, "rainy"), _photos(_once(dry), "clean"), [],
        [read_pair(entry) for entry in _once(listing.entries) if entry.clean in held],
        digest("published", RULE, name, identity_of(listing)), partners=_photos(wet, "clean"), test_sets=tests, photos=len(wet),
        remarks=(
            f"{len(wet)} rainy and {len(_once(dry))} clean photos of {benchmark.title}, drawn independently, {how}",
            f"held out, where the paper trains on all: {len(held)} scenes of {len(scenes)}", *_counted(listing, split),
            "photos smaller than the crop are mirrored at their right and lower borders", ENHANCEMENT, *absent,
        ),
    )  # fmt: skip


def _listing(benchmark: registry.Benchmark, split: registry.Split) -> Listing:
    listing = whole_listing(benchmark, split)
    if len({entry.clean for entry in listing.entries}) < 4:
        raise ValueError(f"{listing.folder}: {len(listing.entries)} pairs; training needs those of at least 4 scenes")
    return listing


def _counted(listing: Listing, split: registry.Split) -> list[str]:
    """Say if a copy has another number of pairs than any that is registered."""
    known, found = (split.count, *map(int, split.also)), len(listing.entries)
    return [] if found in known else [f"this copy has {found} pairs, registered are {split.count}"]


def _halves(entries: Sequence[Entry], scenes: Sequence) -> tuple[list[Entry], list[Entry]]:
    """Return the entries of one half of the scenes and those of the other, drawn by the order of `scenes`."""
    present = {entry.clean for entry in entries}
    drawn = [scene for scene in scenes if scene in present]
    first = set(drawn[: len(drawn) // 2])
    return [e for e in entries if e.clean in first], [e for e in entries if e.clean not in first]


def _once(entries: Sequence[Entry]) -> list[Entry]:
    """Return the first entry of each clean photo."""
    return list({entry.clean: entry for entry in reversed(entries)}.values())[::-1]


def _photos(entries: Sequence[Entry], kind: str) -> PhotoFiles:
    return PhotoFiles({entry.name: entry for entry in entries}, _reader(kind))


def _reader(kind: str) -> Callable[[Entry], Photo]:
    def read(entry: Entry) -> Photo:
        if entry.rainy_half:
            return layouts.read(entry)[("rainy", "clean").index(kind)]
        return layouts.read_rgb(getattr(entry, kind))

    return read


def _tests(name: str) -> tuple[tuple[str, ...], list[str]]:
    """Return the test sets of a training set, and a line on those of a sequence that are absent; its own set must be there."""
    own, *others = TESTS[name]
    there = [test for test in others if registry.lookup(test)[1].present()]
    absent = [test for test in others if test not in there]
    told = f"left out of the sequence of test sets, because they are not here: {', '.join(absent)}"
    return (own, *there), [told] if absent else []
