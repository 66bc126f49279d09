"""Training sets of a person's own photos: rainy and clean ones without pairs, or pairs, after checks with file names."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np

from rainmer_lib.data.duplicates import Duplicate, duplicates, scenes
from rainmer_lib.data.own_folders import EMBEDDED, FEWEST, Folder, Say, exemplars, files_of, listed, read_folder
from rainmer_lib.data.paired import digest
from rainmer_lib.data.photo_files import Photo, PhotoFiles
from rainmer_lib.data.real_photos import split
from rainmer_lib.data.synthetic_rain import render
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired_photos import UnpairedPhotos

RULE = 1  # part of the fingerprint; increase it whenever other photos are held out
HELD_SHARE, HELD_MOST = 8, 24  # one photo of so many is held out, and not more than so many
WINDOW = 512  # pixels a side of held-out photos: their middle
SHOWN = 4  # held-out photos on a contact sheet
RAIN = "rain100l"  # preset on held-out clean photos, where the rainy ones have no ground truth


def unpaired_folders(
    rainy: str | Path, clean: str | Path = "", crop: int = 0, *, allow_duplicates: bool = False, say: Say = print
) -> UnpairedPhotos:
    """Return rainy and clean photos of two folders as an unpaired training set, after all checks.

    Without `clean`, the exemplars are those of `own_folders.exemplars`.  An eighth of each, at most 24, is held out, drawn by a
    fixed seed: the clean ones, under rendered rain, are `held_out`, because the rainy ones have no ground truth; four of the
    rainy ones are `shown`.  Raises the errors of `read_folder`, and ValueError that names the files if a photo is in both
    folders or if a rainy and a clean photo show one view, unless `allow_duplicates`.
    """
    if not clean:
        clean = exemplars()
        say(f"clean exemplars: {len(files_of(clean))} {'embedded ' if clean == EMBEDDED else ''}photos"
            f"{'' if clean == EMBEDDED else f' of {clean}'}; --clean FOLDER takes others")  # fmt: skip
    _require_apart(rainy, clean)
    wet, dry = (read_folder(source, crop, say) for source in (rainy, clean))
    found = duplicates(wet.photos.by_name, dry.photos.by_name)
    what = f"{len(found)} photos of {rainy} show what a photo of {clean} shows, so this is not unpaired training"
    report_duplicates(found, what, allow_duplicates, say)
    fingerprint = digest("own", RULE, list(wet.digests.values()), list(dry.digests.values()))
    (wet_held, wet_kept), (dry_held, dry_kept) = (_split(len(folder.names)) for folder in (wet, dry))
    shown = {wet.names[i]: middle(wet.photos[i]) for i in wet_held[:SHOWN]}
    return UnpairedPhotos(
        _name(rainy, clean, fingerprint), wet.photos.part(wet_kept), dry.photos.part(dry_kept), [],
        RainedOn(dry.photos.part(dry_held)), fingerprint,
        test_sets=(), photos=len(wet_kept), shown=shown, record=record(rainy=wet, clean=dry), remarks=(
            f"drawn independently: {len(wet_kept)} rainy photos, from {str(rainy)!r}, and {len(dry_kept)} clean photos, from "
            f"{str(clean)!r}",
            f"held out: {len(wet_held)} rainy and {len(dry_held)} clean photos; scores are those of the clean ones under "
            f"rendered rain ({RAIN}), because the rainy ones have no ground truth",
        ),
    )  # fmt: skip


def paired_folders(rainy: str | Path, clean: str | Path, crop: int = 0, *, say: Say = print) -> UnpairedPhotos:
    """Return the pairs of two folders, whose files have equal names but for the suffix, as a training set with partners.

    Raises the errors of `read_folder`, and ValueError that names files without a partner and partners of different sizes.
    """
    names = dict(partners(rainy, clean))
    wet, dry = (read_folder(source, crop, say) for source in (rainy, clean))
    both = [name for name in wet.names if names[name] in dry.digests]
    sizes = {name: (wet.photos.by_name[name].shape, dry.photos.by_name[names[name]].shape) for name in both}
    if uneven := [name for name, (a, b) in sizes.items() if a != b]:
        raise ValueError(f"{len(uneven)} pairs differ in size: {', '.join(listed(uneven))}; rainy and clean must match")
    if len(both) < FEWEST:
        raise ValueError(f"{rainy} and {clean}: {len(both)} pairs can be used, at least {FEWEST} are needed")
    wet, dry = wet.only(both), dry.only([names[name] for name in both])
    fingerprint = digest("own pairs", RULE, list(wet.digests.values()), list(dry.digests.values()))
    held, kept = _split(len(both))
    clean_photos = dry.photos.part(kept)
    pairs = [Pair(both[i], wet.photos[i], dry.photos[i]) for i in held]
    return UnpairedPhotos(
        _name(rainy, clean, fingerprint), wet.photos.part(kept), clean_photos, [], pairs, fingerprint, partners=clean_photos,
        test_sets=(), photos=len(kept), shown={pair.name: middle(pair.rainy) for pair in pairs[:SHOWN]},
        record=record(rainy=wet, clean=dry), remarks=(f"{len(kept)} pairs of {rainy} and {clean}; {len(held)} are held out",),
    )  # fmt: skip


def with_real_folder(
    data: UnpairedPhotos, source: str | Path, crop: int = 0, *, allow_duplicates: bool = False, say: Say = print
) -> UnpairedPhotos:
    """Return `data`, pairs, with the real rainy photos of a folder, for semi-supervised training.

    An eighth of their scenes is kept from training, near duplicates together; two of those photos are `shown` beside two of the
    pairs.  Raises the errors of `read_folder`, and ValueError that names the files if a photo shows what a pair shows, unless
    `allow_duplicates`.
    """
    real = read_folder(source, crop, say)
    for kind, photos in (("rainy", data.rainy_photos), ("clean", data.clean_photos)):
        found = duplicates(real.photos.by_name, photos.by_name)
        what = f"{len(found)} photos of {source} show what a {kind} photo of the pairs shows, so they are not without partners"
        report_duplicates(found, what, allow_duplicates, say)
    kept, held = split(scenes(real.photos.by_name), HELD_SHARE)
    shown = dict(islice(data.shown.items(), SHOWN // 2))
    shown |= {f"real: {name}": middle(real.photos.by_name[name]) for name in held[: SHOWN // 2]}
    fingerprint = digest(data.fingerprint, "real", RULE, list(real.digests.values()))
    return replace(
        data, real_rainy=real.only(kept).photos, fingerprint=fingerprint, shown=shown,
        record={**data.record, **record(real=real)},
        remarks=(*data.remarks, f"{len(kept)} real rainy photos of {source}; {len(held)} of other scenes are held out"),
    )  # fmt: skip


def pairs_to_test(rainy: str | Path, clean: str | Path, say: Say = print) -> list[Pair]:
    """Return the pairs of a test set of one's own; ValueError if a file cannot be used: a test leaves nothing out."""
    names = partners(rainy, clean)
    wet, dry = (read_folder(source, 1, say, fewest=1) for source in (rainy, clean))
    if lost := [*wet.unusable, *dry.unusable]:
        raise ValueError(f"test set {rainy}, {clean}: {', '.join(listed(lost))} cannot be used; repair or remove them")
    pairs = [Pair(name, wet.photos.by_name[name], dry.photos.by_name[partner]) for name, partner in names]
    if uneven := [pair.name for pair in pairs if pair.rainy.shape != pair.clean.shape]:
        raise ValueError(f"test set {rainy}, {clean}: {', '.join(listed(uneven))} differ in size from their clean partners")
    return pairs


def require_no_leaks(data: UnpairedPhotos, tests: Sequence[Pair], allow: bool, say: Say = print) -> None:
    """Raise ValueError that names the training photos which test pairs show too; with `allow`, say so and go on."""
    shown = {f"{kind} {pair.name}": image for pair in tests for kind, image in (("rainy", pair.rainy), ("clean", pair.clean))}
    kinds = {"rainy": data.rainy_photos, "clean": data.clean_photos, "real rainy": data.real_rainy}
    for kind, trained in kinds.items():
        found = duplicates(trained.by_name, shown) if len(trained) else []
        report_duplicates(found, f"leaks: {len(found)} {kind} training photos are in the test set", allow, say)


def report_duplicates(found: Sequence[Duplicate], what: str, allow: bool, say: Say) -> None:
    """Raise ValueError with the findings, or say them if they are allowed."""
    if not found:
        return
    lines = "\n  ".join([f"{what}:", *listed([str(duplicate) for duplicate in found])])
    if not allow:
        raise ValueError(f"{lines}\nMove these photos out of one of the two, or give --allow-duplicates to go on with them")
    say(lines)


def partners(rainy: str | Path, clean: str | Path) -> list[tuple[str, str]]:
    """Match the files of two folders by their names without suffixes; ValueError names those without a partner."""
    a, b = ({name.rpartition(".")[0]: name for name in files_of(source)} for source in (rainy, clean))
    if alone := sorted(set(a) ^ set(b)):
        raise ValueError(f"{rainy} and {clean}: without a partner of the same name: {', '.join(listed(alone))}")
    return [(a[stem], b[stem]) for stem in a]


def _require_apart(rainy: str | Path, clean: str | Path) -> None:
    a, b = ({path.resolve(): name for name, path in files_of(source).items()} for source in (rainy, clean))
    if set(a) == set(b):
        raise ValueError(f"{rainy} and {clean} are the same folder: give one of rainy photos and one of clean photos")
    if both := [a[path] for path in a if path in b]:
        raise ValueError(f"{len(both)} files are in {rainy} and in {clean}: {', '.join(listed(both))}; keep folders apart")


def _split(count: int) -> tuple[list[int], list[int]]:
    """Return the indices of held-out photos, drawn by a fixed seed, and those of the others, in order."""
    held = np.random.default_rng(RULE).permutation(count)[: max(1, min(HELD_MOST, count // HELD_SHARE))]
    return sorted(int(i) for i in held), [i for i in range(count) if i not in set(held.tolist())]


def _name(rainy: str | Path, clean: str | Path, fingerprint: str) -> str:
    words = "+".join(Path(str(source)).name or "photos" for source in (rainy, clean))
    return f"{''.join(c if c.isalnum() or c in '+-_.' else '-' for c in words)}-{fingerprint[:6]}"


def record(**folders: Folder) -> dict:
    """Describe folders in plain values: for each its source and its files with their digests."""
    return {kind: {"source": _absolute(f.source), "files": dict(f.digests)} for kind, f in folders.items()}


def _absolute(source: str) -> str:
    return str(Path(source).expanduser().resolve()) if Path(source).expanduser().is_dir() else source


def middle(photo: Photo) -> Photo:
    """Copy the middle of a photo, at most `WINDOW` pixels a side."""
    top, left = (max(0, side - WINDOW) // 2 for side in photo.shape[:2])
    return photo[top : top + WINDOW, left : left + WINDOW].copy()


class RainedOn(Sequence):
    """Held-out pairs: the middle of each clean photo under rendered rain, made on access and kept."""

    def __init__(self, photos: PhotoFiles) -> None:
        self._photos = photos
        self._made = lru_cache(len(photos))(self._make)

    def __len__(self) -> int:
        return len(self._photos)

    def __getitem__(self, index: int) -> Pair:
        return self._made(range(len(self))[index])

    def _make(self, index: int) -> Pair:
        clean = middle(self._photos[index])
        return Pair(self._photos.names[index], (255 * render(clean / 255, RAIN, index)[0]).round().astype(np.uint8), clean)

