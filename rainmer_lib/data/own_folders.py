"""A person's own photos: folders are read once and checked, and what cannot be used is named with its reason."""

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from rainmer_lib.data import photos, registry
from rainmer_lib.data.image_files import READABLE, list_images, read_image
from rainmer_lib.data.photo_files import Photo, PhotoFiles

FEWEST = 4  # photos of a kind below which nothing is trained
ADVISED = 30  # below which a remark is made
NAMED = 8  # files that a message names at most
EMBEDDED = "embedded"  # the photos that ship inside the wheels of scikit-image and scikit-learn
LEAK_FREE = "bsds500/leak-free"
READERS = 4  # threads

Say = Callable[[str], None]


@dataclass(frozen=True)
class Folder:
    """Photos of one kind that can be used, and the others by name, with the reason.

    `digests`: SHA-256 of the file of each photo that can be used, by name and in their order, 16 digits.
    """

    source: str
    photos: PhotoFiles
    digests: Mapping[str, str]
    unusable: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the photos that can be used."""
        return self.photos.names

    def only(self, names: list[str]) -> "Folder":
        """Return the folder with these photos alone, in this order."""
        places = {name: i for i, name in enumerate(self.names)}
        kept = self.photos.part([places[name] for name in names])
        return Folder(self.source, kept, {name: self.digests[name] for name in names}, self.unusable)


def read_folder(source: str | Path, crop: int, say: Say = print, fewest: int = FEWEST) -> Folder:
    """Read every photo of a folder and its subfolders, in any format that `rainmer derain` reads.

    `source` may also be a registered set of rainy or clean photos, such as bsds500/leak-free, or `embedded`.  Photos that are
    damaged or smaller than `crop` are named through `say` and left out.  Raises FileNotFoundError if there is no such folder
    or no image in it, PermissionError if a folder may not be read, ValueError if fewer than `fewest` photos can be used.
    """
    files = files_of(source)
    unusable: dict[str, str] = {}
    sequence = PhotoFiles(files, read_photo)

    def digest(item: tuple[int, str]) -> str:
        index, name = item
        try:
            height, width = sequence[index].shape[:2]
        except (ValueError, OSError, MemoryError) as error:
            unusable[name] = _reason(error, files[name])
            return ""
        if min(height, width) < crop:
            unusable[name] = f"{width}x{height} pixels, smaller than the crop of {crop}"
        return hashlib.sha256(files[name].read_bytes()).hexdigest()[:16]

    with ThreadPoolExecutor(READERS) as pool:
        read = pool.map(digest, enumerate(files))
        found = list(tqdm(read, f"read {source}", len(files), unit="photo", leave=False, disable=None))
    usable = [i for i, name in enumerate(files) if name not in unusable]
    names = list(files)
    digests = {names[i]: found[i] for i in usable}
    folder = Folder(str(source), sequence.part(usable), digests, {n: unusable[n] for n in names if n in unusable})
    _report(folder, say, fewest)
    return folder


def _report(folder: Folder, say: Say, fewest: int) -> None:
    """Say what cannot be used; ValueError if too little can."""
    count, lost = len(folder.names), [f"{name}: {why}" for name, why in folder.unusable.items()]
    if count < fewest:
        reasons = f"; {len(lost)} cannot be used: {'; '.join(listed(lost))}" if lost else ""
        raise ValueError(f"{folder.source}: {_photos(count)} to train on, at least {fewest} are needed{reasons}")
    if lost:
        say(f"{folder.source}: {_photos(len(lost))} cannot be used and {'is' if len(lost) == 1 else 'are'} left out:")
        for line in listed(lost):
            say(f"  {line}")
    if 1 < fewest <= count < ADVISED:
        say(f"{folder.source}: {count} photos are few; expect little below {ADVISED}")


def _photos(count: int) -> str:
    return f"{count} photo{'s' * (count != 1)}"


def listed(items: list[str]) -> list[str]:
    """Return the first `NAMED` items, and how many more there are."""
    rest = len(items) - NAMED
    return [*items[:NAMED], f"and {rest} more"] if rest > 0 else list(items)


def _reason(error: Exception, path: Path) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text.removeprefix(f"{path}: ")


def read_photo(path: Path) -> Photo:
    """Read a photo upright, as 8-bit RGB: 16-bit values are rounded, transparency is dropped."""
    rgb = read_image(path).rgb
    return rgb if rgb.dtype == np.uint8 else (rgb * 255).round().astype(np.uint8)


def files_of(source: str | Path) -> dict[str, Path]:
    """List the photos of a folder, or of a set by name, by their names below it; the errors of `read_folder`."""
    if str(source) == EMBEDDED:
        return {name: photos.photo_path(name) for name in (*photos.RAINY, *photos.CLEAN, *photos.HELD_OUT)}
    folder = Path(source).expanduser()
    if folder.is_file():
        raise NotADirectoryError(f"{source} is a file: give a folder of photos")
    if not folder.is_dir():
        return _registered(str(source))
    found = {path.relative_to(folder).as_posix(): path for path in list_images(folder)}
    if not found:
        others = sum(1 for path in folder.rglob("*") if path.is_file())
        holds = f"{others} files of other kinds" if others else "nothing"
        raise FileNotFoundError(f"{source}: no images in it, it holds {holds}; photos are read as {', '.join(READABLE)}")
    return found


def _registered(name: str) -> dict[str, Path]:
    try:
        benchmark, split = registry.lookup(name)
    except ValueError:
        raise FileNotFoundError(f"{name}: no such folder") from None
    if benchmark.kind not in ("rainy", "clean"):
        raise ValueError(f"{name}: {benchmark.title} holds {benchmark.kind} images; give a folder, or a set of photos")
    try:
        listing = split.listing()
    except FileNotFoundError as error:
        raise FileNotFoundError(benchmark.missing(str(error))) from error
    return {entry.name: entry.rainy or entry.clean for entry in listing.entries}


def exemplars() -> str:
    """Name the clean photos for a person who has none: BSDS500 without photos of test sets if present, else embedded ones."""
    return LEAK_FREE if registry.lookup(LEAK_FREE)[1].present() else EMBEDDED
