"""Layouts of data sets: list the rainy files of a folder in order, with their clean partners, and name files without one."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from os.path import normpath
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from rainmer_lib.data.image_files import LISTED, read_image
from rainmer_lib.data.pairing import few
from rainmer_lib.metrics.protocols import quantise


@dataclass(frozen=True)
class Entry:
    """One image or pair of a data set; `clean` is None without ground truth, `rainy` is None if the photo itself is clean.

    `rainy_half`: "left" or "right" if one file holds both images side by side, else empty.
    """

    name: str
    rainy: Path | None
    clean: Path | None
    rainy_half: str = ""


@dataclass(frozen=True)
class Listing:
    """Content of a folder: its entries in order, the number of rainy and of clean files, and the faults found."""

    folder: Path
    entries: tuple[Entry, ...]
    rainy: int
    clean: int
    alone: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """Return all faults, one line each, and some of the files without a partner with their number."""
        return self.faults + ((f"without a partner: {few(self.alone)}",) if self.alone else ())

    def files(self) -> list[Path]:
        """All image files, each once, sorted."""
        return sorted({path for e in self.entries for path in (e.rainy, e.clean) if path})


@dataclass
class _Findings:
    entries: list[Entry] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    rainy: int = 0
    clean: int = 0

    def listing(self, folder: Path) -> Listing:
        repeated = [name for name, n in Counter(e.name for e in self.entries).items() if n > 1]
        self.faults += [f"{name}: two images have this name" for name in repeated]
        counts = (self.rainy, self.clean)
        return Listing(folder, tuple(self.entries), *counts, tuple(self.alone), tuple(self.faults))


def image_files(folder: Path) -> list[Path]:
    """Image files of one folder, sorted by name.  FileNotFoundError if there is no such folder."""
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {folder}")
    return sorted(p for p in shown(folder.iterdir()) if p.suffix.lower() in LISTED)


def shown(found: Iterable[Path]) -> list[Path]:
    """Leave out hidden files and folders, such as `._a.png` and `__MACOSX` of archives that macOS made."""
    return [path for path in found if not path.name.startswith((".", "__MACOSX"))]


def two_folders(
    folder: Path, rainy: str, clean: str, rainy_name: str = "(.*)", clean_name: str = r"\1", within: str = "."
) -> Listing:
    r"""List pairs from a folder of rainy files and one of clean files, or from one folder of both (`rainy` equal to `clean`).

    A rainy file belongs to the set if its name without suffix matches `rainy_name` in full; `clean_name` builds the name of
    its partner from the groups: `(\d+)_\d+` and `\1` map 901_14.jpg to 901.jpg, and many rainy images to one clean one.
    `within`: a pattern of the folders below `folder` that contain the two.
    """
    found, rule = _Findings(), re.compile(rainy_name)
    for place in _places(folder, within):
        prefix = "" if place == folder else f"{place.relative_to(folder)}/"
        rainy_files, clean_files = image_files(place / rainy), image_files(place / clean)
        if (place / rainy).resolve() == (place / clean).resolve():
            clean_files = [p for p in clean_files if not rule.fullmatch(p.stem)]
            rainy_files = [p for p in rainy_files if rule.fullmatch(p.stem)]
        _match(found, rainy_files, clean_files, rule, clean_name, prefix)
    return found.listing(folder)


def _match(
    found: _Findings, rainy: list[Path], clean: list[Path], rule: re.Pattern, template: str, prefix: str
) -> None:
    partners: dict[str, Path] = {}
    for path in clean:
        if path.stem in partners:
            found.faults.append(f"{prefix}{path.name}: {partners[path.stem].name} has the same name")
        partners[path.stem] = path
    used = set()
    for path in rainy:
        match = rule.fullmatch(path.stem)
        partner = match.expand(template) if match else None
        if partner in partners:
            used.add(partner)
            found.entries.append(Entry(prefix + path.stem, path, partners[partner]))
        else:
            found.alone.append(prefix + path.name)
    found.alone += [prefix + path.name for stem, path in partners.items() if stem not in used]
    found.rainy, found.clean = found.rainy + len(rainy), found.clean + len(clean)


def side_by_side(folder: Path, rainy_half: str, images: str = ".") -> Listing:
    """List files that hold two images side by side: `rainy_half` ("left" or "right") is rainy, the other ground truth."""
    if rainy_half not in ("left", "right"):
        raise ValueError(f"rainy_half={rainy_half!r}: expected left or right")
    files = image_files(folder / images)
    return Listing(folder, tuple(Entry(p.stem, p, p, rainy_half) for p in files), len(files), len(files))


def scenes(folder: Path, rainy: str, clean: str) -> Listing:
    """List one folder per scene: its only clean frame (pattern `clean`) is the ground truth of all its `rainy` ones."""
    found = _Findings()
    for scene in _places(folder, "*"):
        truths, frames = (sorted(shown(scene.glob(pattern))) for pattern in (clean, rainy))
        found.rainy, found.clean = found.rainy + len(frames), found.clean + len(truths)
        if len(truths) == 1 and frames:
            found.entries += [Entry(f"{scene.name}/{p.stem}", p, truths[0]) for p in frames]
        else:
            counts = f"found {len(truths)} clean frames ({clean}) and {len(frames)} rainy ones ({rainy})"
            found.faults.append(f"{scene.name}: expected 1 clean frame and some rainy ones, {counts}")
    return found.listing(folder)


def list_file(folder: Path, file: str) -> Listing:
    """List the pairs of a text file in `folder`: each line holds the paths of a rainy and its clean image, below `folder`.

    A leading `/` or `./` is dropped: SPA-Data's list for testing has the former and its list for training the latter.  A path
    that leaves `folder` is a fault, and nothing is read there.
    """
    if not (folder / file).is_file():
        raise FileNotFoundError(f"no list file {folder / file}")
    found = _Findings()
    for number, line in enumerate((folder / file).read_text(encoding="utf-8").splitlines(), start=1):
        names = [re.sub(r"^(\.?/)+", "", name) for name in line.split()]
        if not names:
            continue
        if len(names) != 2:
            found.faults.append(f"{file}, line {number}: expected two paths, found {len(names)}: {line.strip()!r}")
            continue
        if outside := [name for name in names if normpath(name).split("/")[0] == ".."]:
            found.faults.append(f"{file}, line {number}: {outside[0]} lies outside of {folder}")
            continue
        paths = [folder / name for name in names]
        found.rainy, found.clean = found.rainy + paths[0].is_file(), found.clean + paths[1].is_file()
        missing = [f"{p} is not there" for p in paths if not p.is_file()]
        found.faults += [f"{file}, line {number}: {message}" for message in missing]
        if not missing:
            found.entries.append(Entry(names[0].rsplit(".", 1)[0], *paths))
    return found.listing(folder)


def one_folder(folder: Path, role: str, within: str = ".", exclude: str = "") -> Listing:
    """List images without partners; `role`: "rainy" or "clean".  `within`: a pattern of the folders below that hold them.

    `exclude`: a file, relative to `folder`, whose lines begin with the names to leave out, such as test/202000.jpg.
    """
    if role not in ("rainy", "clean"):
        raise ValueError(f"role={role!r}: expected rainy or clean")
    found, left_out = _Findings(), _names(folder / exclude) if exclude else set()
    for place in _places(folder, within):
        prefix = "" if place == folder else f"{place.relative_to(folder)}/"
        for path in image_files(place):
            name = f"{prefix}{path.name}"
            if name in left_out:
                left_out.remove(name)
            else:
                images = (path, None) if role == "rainy" else (None, path)
                found.entries.append(Entry(prefix + path.stem, *images))
    found.faults += [f"{name}: listed in {exclude}, but there is no such image" for name in sorted(left_out)]
    count = len(found.entries)
    found.rainy, found.clean = (count, 0) if role == "rainy" else (0, count)
    return found.listing(folder)


def _names(path: Path) -> set[str]:
    if not path.is_file():
        raise FileNotFoundError(f"no list file {path}")
    return {line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()}


def _places(folder: Path, within: str) -> list[Path]:
    if within == ".":
        return [folder]
    places = sorted(p for p in shown(folder.glob(within)) if p.is_dir())
    if not places:
        raise FileNotFoundError(f"no folder {folder / within}")
    return places


LAYOUTS: dict[str, Callable[..., Listing]] = {
    "two-folders": two_folders,
    "side-by-side": side_by_side,
    "scenes": scenes,
    "list-file": list_file,
    "one-folder": one_folder,
}


def read_rgb(path: Path) -> UInt8[np.ndarray, "h w 3"]:
    """Read an image by `image_files.read_image` as 8 bits: upright, 16 bits rounded, grey three equal channels, no opacity.

    Whatever `rainmer derain` reads or writes is read here alike.  Raises ValueError that names the file if it cannot be read.
    """
    try:
        image = read_image(path).rgb
    except OSError as error:
        raise ValueError(f"{path}: cannot be read as an image ({error})") from error
    return image if image.dtype == np.uint8 else quantise(image, "round")


def read(entry: Entry) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Read the rainy and the clean image of an entry, uint8 (h, w, 3), None where the entry has no such image.

    Raises ValueError like `read_rgb`, and on a side-by-side image whose width is odd.
    """
    if not entry.rainy_half:
        rainy, clean = (None if path is None else read_rgb(path) for path in (entry.rainy, entry.clean))
        return rainy, clean
    both = read_rgb(entry.rainy)
    if both.shape[1] % 2:
        raise ValueError(f"{entry.rainy}: {both.shape[1]} pixels wide; expected two images of one width side by side")
    halves = both[:, : both.shape[1] // 2], both[:, both.shape[1] // 2 :]
    return halves if entry.rainy_half == "left" else halves[::-1]


def backgrounds(entries: Iterable[Entry]) -> list[Entry]:
    """Return one entry per photo behind a set: each clean image once, or the rainy images where there are no clean ones."""
    first = {(e.clean or e.rainy, e.rainy_half): e for e in reversed(list(entries))}
    return list(first.values())[::-1]
