"""Real rainy photos for semi-supervised training: those of Real147, split by scenes, or a set's stand-in for them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rainmer_lib.data import photos, registry
from rainmer_lib.data.layouts import Entry
from rainmer_lib.data.own_folders import read_photo
from rainmer_lib.data.photo_files import PhotoFiles
from rainmer_lib.data.unpaired_rain import UnpairedRain

REAL_SET = "real147"
LISTED = "NEAR_DUPLICATE_GROUPS.txt"  # beside the folder of the photos: a group of files that show one scene in each line
ALSO = (("8", "120"), ("107", "33", "75"))  # near duplicates that the list lacks
HELD_SHARE = 4  # one scene of so many is kept from training, so that real rain can be tested on it


def merged(names: Sequence[str], groups: Sequence[Sequence[str]]) -> list[list[str]]:
    """Group names such that those of one of `groups`, and of groups that overlap, are together; in the order of `names`."""
    scene = {name: index for index, name in enumerate(names)}
    for group in groups:
        known = {scene[name] for name in group if name in scene}
        scene = {name: min(known) if index in known else index for name, index in scene.items()}
    return [[name for name in names if scene[name] == index] for index in sorted(set(scene.values()))]


def split(found: Sequence[Sequence[str]], share: int = HELD_SHARE) -> tuple[list[str], list[str]]:
    """Return the names of scenes to train on and of those to keep: one of `share` scenes, at least one, by a fixed seed."""
    kept = set(np.random.default_rng(len(found)).permutation(len(found))[: max(1, len(found) // share)].tolist())
    return tuple([name for i, scene in enumerate(found) if (i in kept) == held for name in scene] for held in (False, True))


def real147() -> tuple[dict[str, Path], dict[str, Path]]:
    """Return the files of Real147 to train on and those that are kept from training, by name, no scene in both.

    FileNotFoundError says how to get the photos.
    """
    benchmark, part = registry.lookup(REAL_SET)
    try:
        entries: Sequence[Entry] = part.listing().entries
        listed = (part.path().parent / LISTED).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise FileNotFoundError(benchmark.missing(str(error))) from error
    groups = [[file.rpartition(".")[0] for file in line.split()] for line in listed]
    files: Mapping[str, Path] = {entry.name: entry.rainy for entry in entries}
    train, held = split(merged(list(files), [*groups, *ALSO]))
    return {name: files[name] for name in train}, {name: files[name] for name in held}


def with_real_photos(base: UnpairedRain) -> tuple[UnpairedRain, str]:
    """Return `base` with real rainy photos, if it has none, and what they are, in words.

    They are those of `real147` to train on.  The embedded data have no real photos: their own rainy photos stand in.  Raises
    FileNotFoundError that says how to get the photos, ValueError for photos of one's own without real ones.
    """
    if len(base.real_rainy):
        return base, f"{len(base.real_rainy)} real rainy photos without clean partners"
    if base.name == "embedded":
        return base, "no real rain here: rainy crops of the embedded photos stand in for it, without their clean partners"
    if base.record:
        raise ValueError(f"{base.name}: a semi-supervised method also needs real rainy photos: give --real FOLDER")
    train, held = real147()
    fingerprint = photos.fingerprint(list(train.values()), [np.frombuffer(base.fingerprint.encode(), np.uint8)])
    real = PhotoFiles(train, read_photo)
    said = f"{len(train)} real rainy photos of Real147; {len(held)} of other scenes are kept from training"
    return replace(base, real_rainy=real, fingerprint=fingerprint), said
