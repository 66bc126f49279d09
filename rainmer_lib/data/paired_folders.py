"""The paired training sets of Rainmer on disk, read pair by pair because they do not fit into memory.

rain13k, gt-rain      as registered; rain13k pairs equal names, gt-rain every rainy frame with the one clean frame of its scene
gtav-frames           GTAV-NightRain, 1920x1080: 0004_00 in set1/train/rainy with 0004 in set1/train/gt
gtav-crops            each of these frames cut into 2x3 crops of 512x512; the set that rainmer.alignment aligns
gtav-balance          crops on disk: 0004_00_set1_0crop with 0004_set1_0crop (`write_crops` writes such a folder)
all-in-one            the training set as it is distributed, three kinds of weather in one folder
outdoorrain, raindrop, snow    each in its own folder, All-in-One/train/<name>/{input, target or gt}, paired by equal names
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from rainmer_lib import atomic, paths
from rainmer_lib.data import registry
from rainmer_lib.data.duplicates import spread
from rainmer_lib.data.layouts import Entry, Listing
from rainmer_lib.data.paired import Chosen, PairedRain, digest
from rainmer_lib.data.test_sets import Pair, read_pair

REGISTERED = {
    "rain13k": "rain13k/train", "gt-rain": "gt-rain/train", "gtav-frames": "gtav-nightrain/train",
    "gtav-crops": "gtav-nightrain/train", "gtav-balance": "gtav-nightrain/balance", "all-in-one": "all-in-one/train",
}  # fmt: skip
WEATHERS = ("outdoorrain", "raindrop", "snow")
LEFT_OUT = "0011_00_set2"  # the released code leaves out night crops with this in their name and does not say why
CROP, ROWS, COLUMNS = 512, 2, 3
SAMPLED = 64  # files whose contents are part of the identity


class FolderPairs(Sequence):
    """Pairs of a listing, each read on access; the last `cache` pairs read are kept."""

    def __init__(self, entries: Sequence[Entry], cache: int = 8) -> None:
        self.entries = tuple(entries)
        self._read = lru_cache(cache)(read_pair)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Pair:
        return self._read(self.entries[index])


class HeldPairs(FolderPairs):
    """Held-out pairs, one for each clean photo: its first rainy image.  `every`: the entries of all its rainy images."""

    def __init__(self, every: Sequence[Entry], cache: int = 8) -> None:
        super().__init__(sorted({entry.clean: entry for entry in reversed(every)}.values(), key=lambda e: e.clean), cache)
        self.every = tuple(every)

    def under_rains(self, most: int) -> tuple["FolderPairs", list[int]]:
        """Return at most `most` rainy images of each photo, evenly spread, and the number of the photo behind each."""
        chosen, numbers = [], []
        for number, first in enumerate(self.entries):
            rains = spread([entry for entry in self.every if entry.clean == first.clean], most)
            chosen += rains
            numbers += [number] * len(rains)
        return FolderPairs(chosen), numbers


@dataclass(frozen=True)
class CropPairs(Sequence):
    """Crops of 512x512 of night frames, 2x3 per frame from the upper left corner; the rest of a frame is dropped.

    Crop k of frame 0004_00 of set1 is named 0004_00_set1_<k>crop, k counted along the rows.  Six successive crops of one
    frame read it once.
    """

    frames: FolderPairs

    def __len__(self) -> int:
        return ROWS * COLUMNS * len(self.frames)

    def __getitem__(self, index: int) -> Pair:
        frame, k = self._place(index)
        pair = self.frames[frame]
        if pair.clean.shape[0] < ROWS * CROP or pair.clean.shape[1] < COLUMNS * CROP:
            raise ValueError(f"{pair.name}: {pair.clean.shape}; expected a frame of 1920x1080, to cut 2x3 crops of {CROP}")
        top, left = CROP * (k // COLUMNS), CROP * (k % COLUMNS)
        window = np.s_[top : top + CROP, left : left + CROP]
        return Pair(self.name(index), pair.rainy[window], pair.clean[window])

    def name(self, index: int) -> str:
        """Return the name of a crop without reading the crop."""
        frame, k = self._place(index)
        name = self.frames.entries[frame].name  # <set>/train/<frame>_<rain>
        return f"{name.rsplit('/', 1)[-1]}_{name.split('/', 1)[0]}_{k}crop"

    def under_rains(self, most: int) -> tuple["CropPairs", list[int]]:
        """Return `HeldPairs.under_rains` of the frames, cut into crops; the crops of one frame show one photo."""
        frames, numbers = self.frames.under_rains(most)
        return CropPairs(frames), [number for number in numbers for _ in range(ROWS * COLUMNS)]

    def _place(self, index: int) -> tuple[int, int]:
        return divmod(range(len(self))[index], ROWS * COLUMNS)


def folder_domain(
    name: str, view: int = 128, hold_out: int = 0, seed: int = 0, cache: int = 8, without: Collection[str] = ()
) -> PairedRain:
    """Return a training set by name (see the top of this file), from the data root.

    `hold_out`: number of clean photos, drawn by the seed, that are kept out of training with all their rainy images; the
    first rainy image of each is a held-out pair.  The released code holds none out.  `without`: names of pairs (of `rainmer
    data leaks`) whose clean photos are left out with all their rainy images.  The identity covers the names and sizes of all
    files and the contents of 64 of them; `rainmer data verify` reads all contents.  Raises ValueError that lists the sets or
    names the files without a partner, FileNotFoundError that says how to get the set.
    """
    listing = listing_of(name)
    left_out = _photos_of(without, listing)
    entries = [entry for entry in listing.entries if not (name == "gtav-balance" and LEFT_OUT in entry.name)]
    entries = [entry for entry in entries if entry.clean not in left_out]
    if not entries:
        raise ValueError(f"{listing.folder}: no pairs there")
    photos = sorted({entry.clean for entry in entries})
    if not 0 <= hold_out < len(photos):
        raise ValueError(f"hold_out={hold_out}: {name} has {len(photos)} clean photos, and training needs at least one")
    held = {photos[i] for i in np.random.default_rng(seed).permutation(len(photos))[:hold_out]}
    kept = FolderPairs([entry for entry in entries if entry.clean not in held], cache)
    held_pairs = HeldPairs([entry for entry in entries if entry.clean in held], cache)
    identity = digest(name, identity_of(listing), hold_out, seed, *([sorted(without)] if without else []))
    domain = PairedRain(name, kept, identity, held_pairs, view)
    return _crops(domain) if name == "gtav-crops" else domain


def _crops(domain: PairedRain) -> PairedRain:
    crops, held = CropPairs(domain.pairs), CropPairs(domain.held)
    kept = tuple(i for i in range(len(crops)) if LEFT_OUT not in crops.name(i))
    return replace(domain, pairs=Chosen(crops, kept), held=held)


def _photos_of(names: Collection[str], listing: Listing) -> set[Path]:
    """Return the clean photos of pairs by name; ValueError lists names that do not exist."""
    by_name = {entry.name: entry.clean for entry in listing.entries}
    if unknown := sorted(set(names) - by_name.keys()):
        raise ValueError(f"{listing.folder}: no pairs named {', '.join(unknown[:5])}")
    return {by_name[name] for name in names}


def listing_of(name: str) -> Listing:
    """List the files of a training set by name.

    Raises ValueError that lists the sets or names the files without a partner, FileNotFoundError that says how to get the
    set.
    """
    if name in WEATHERS:
        folder = f"All-in-One/train/{name}"
        part = replace(registry.lookup("all-in-one/train")[1], folder=folder)
        benchmark = registry.benchmark("all-in-one")
    elif name in REGISTERED:
        benchmark, part = registry.lookup(REGISTERED[name])
    else:
        raise ValueError(f"training set {name!r}: choose one of {', '.join((*REGISTERED, *WEATHERS))}")
    return whole_listing(benchmark, part)


def whole_listing(benchmark: registry.Benchmark, part: registry.Split) -> Listing:
    """List the images of a part of a set.

    FileNotFoundError says how to get the set, ValueError names files without a partner.
    """
    try:
        listing = part.listing()
    except FileNotFoundError as error:
        raise FileNotFoundError(benchmark.missing(str(error))) from error
    if listing.problems:
        raise ValueError(f"{listing.folder}: {'; '.join(listing.problems)}")
    return listing


def identity_of(listing: Listing) -> str:
    """Hash the names and sizes of all files, and the contents of `SAMPLED` of them, evenly spread; 16 digits."""
    files, content = listing.files(), hashlib.sha256()
    for path in files:
        content.update(f"{path.relative_to(listing.folder)} {path.stat().st_size}\n".encode())
    for i in np.unique(np.linspace(0, len(files) - 1, SAMPLED).round().astype(int)):
        content.update(files[i].read_bytes())
    return content.hexdigest()[:16]


def write_crops(crops: PairedRain, folder: Path | None = None) -> Path:
    """Write night crops, such as an aligned subset, as PNG for `gtav-balance`; return the folder.

    Reading a crop from the disk is several times faster than cutting it from its frame.  A clean crop is written once:
    0004_set1_0crop for every 0004_<rain>_set1_0crop.  Raises FileExistsError if the folder is not empty.
    """
    folder = folder or paths.data_root() / registry.lookup("gtav-nightrain/balance")[1].folder
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder}: exists and is not empty; move it away first")
    for part in ("rainy", "gt"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for pair in crops.pairs:
        fields = pair.name.split("_")
        _write_png(pair.rainy, folder / "rainy" / f"{pair.name}.png")
        clean = folder / "gt" / f"{'_'.join((fields[0], *fields[2:]))}.png"
        if not clean.exists():
            _write_png(pair.clean, clean)
    return folder


def _write_png(image: np.ndarray, path: Path) -> None:
    atomic.write(path, lambda part: Image.fromarray(image).save(part, format="PNG"))
