"""A data set in a folder of one's own: find out which layout it has, and pair its images."""

from pathlib import Path

from rainmer_lib.data import registry
from rainmer_lib.data.image_files import list_images
from rainmer_lib.data.layouts import LAYOUTS, Entry, Listing
from rainmer_lib.data.pairing import paired

# names of folders by what they hold: those of the registry's layouts, and others that were met
RAINY = ("rain", "rainy", "rainy_image", "input", "inputs", "lq", "degraded", "data")
CLEAN = ("norain", "clean", "gt", "target", "targets", "groundtruth", "ground_truth", "hq", "sharp")
WITH_PAIRS = ("two-folders", "scenes", "list-file")  # any image of even width would fit side-by-side


def listing_of(folder: Path, by: str = "auto") -> Listing:
    """List the images of a folder: pairs if it has the layout of a registered set, or a rainy and a clean folder, else photos.

    `by`: how names are paired (`pairing`); another than `auto` takes the two folders, whatever the registry says.
    Raises FileNotFoundError if there is no such folder or no image, ValueError if it does not show which images are pairs.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    images = list_images(folder)
    if not images:
        raise FileNotFoundError(f"{folder}: no images in it")
    known = _registered(folder) if by == "auto" else []
    if len(known) == 1:
        return known[0]
    places = {role: _named(folder, names) for role, names in (("rainy", RAINY), ("clean", CLEAN))}
    if all(len(found) == 1 for found in places.values()):
        return _two(folder, places["rainy"][0], places["clean"][0], by)
    if not any(places.values()) and by == "auto":
        entries = tuple(Entry(path.relative_to(folder).with_suffix("").as_posix(), path, None) for path in images)
        return Listing(folder, entries, len(entries), 0)
    raise ValueError(
        f"{folder}: expected one folder of rainy images ({', '.join(RAINY)}) and one of clean images ({', '.join(CLEAN)}); "
        f"found {', '.join(sorted(p.name for p in folder.iterdir() if p.is_dir())) or 'no folders'}"
    )


def _registered(folder: Path) -> list[Listing]:
    """Return the listings, each once, of the registry's layouts that leave no image of theirs alone."""
    layouts = [part for known in registry.BENCHMARKS.values() for split in known.splits.values() for part in split.layouts]
    found: dict[tuple, Listing] = {}
    for layout in (dict(layout) for layout in layouts if layout["kind"] in WITH_PAIRS):
        try:
            listing = LAYOUTS[layout.pop("kind")](folder, **layout)
        except FileNotFoundError:
            continue
        if listing.entries and not listing.problems:
            found[tuple((entry.rainy, entry.clean) for entry in listing.entries)] = listing
    return list(found.values())


def _named(folder: Path, names: tuple[str, ...]) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and path.name.lower() in names]


def _two(folder: Path, rainy: Path, clean: Path, by: str) -> Listing:
    files = list_images(rainy), list_images(clean)
    found = paired(*files, (rainy, clean), by)
    entries = (Entry(a.relative_to(rainy).with_suffix("").as_posix(), a, b) for a, b in found.pairs)
    alone = tuple(str(path.relative_to(folder)) for path in found.alone)
    return Listing(folder, tuple(entries), len(files[0]), len(files[1]), alone)


def folder_named(name: str) -> Path | None:
    """Return the folder that a name means, None for the name of a registered set; ValueError if it is neither."""
    first = name.partition("/")[0]
    if first.lower() in registry.BENCHMARKS:
        return None
    if Path(name).is_dir():
        return Path(name)
    try:
        registry.benchmark(first)
    except ValueError as error:
        raise ValueError(f"{name}: no such folder; {error}") from error
