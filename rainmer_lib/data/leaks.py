"""Find leaks: photos that are in both a training set and a test set, with the same pixels or the same content.

1. Equal pixels: the decoded images have equal SHA-256.
2. Candidates: perceptual hashes (imagehash.phash, 64 bits) of each photo and of windows in it, at most `CANDIDATE` bits apart;
   the windows serve to find cropped photos, the mirrored hash to find mirrored ones.
3. Proof: the window's borders are moved until its small grey copy is most similar to that of the other photo; the
   normalised correlation of the two, `likeness`, must reach every threshold of the `LADDER`.

A photo that is cropped to less than about two thirds of its sides, rotated, or covered by large objects is not found.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from rainmer_lib.data import layouts, registry
from rainmer_lib.data.folders import folder_named
from rainmer_lib.data.image_files import list_images

SIDE = 128  # side in pixels of the small grey copy, whatever the photo's shape: data sets squash photos to squares
PATCH = 32  # side in pixels of the copies that are correlated
# (share of the sides, windows along each side).  Windows are at most 0.1 of the photo apart, so that a crop is close enough to
# a window for the hash to find it.  Of the 100 val photos of BSDS500, cropped at random locations, the search finds 97-100
# for crops to 0.8-0.95 of the sides, 95 for 0.75, 87-89 for 0.65-0.7, and no wrong pair.
WINDOWS = ((1.0, 1), (0.85, 3), (0.7, 4))
# Known leaks are at most 2 bits apart; crops to 0.75 of the sides or more are at most 18 bits apart in 99 of 100 cases.  Of the
# pairs of different photos, 2.7 % are as close in one of the comparisons, few enough for the proof to test them all.
CANDIDATE = 18
# FIRST_LOOK is the least correlation from which the proof starts: true crops to 0.75 of the sides or more start at 0.41 or
# above, five of six false candidates below 0.4.  LADDER: (step in pixels of the small copy, correlation to reach before the
# next step).  Those crops reach 0.76, 0.93 and 0.994 after the steps of 6, of 3 and the last; the known squashed and cropped
# copies of Real147 end at 0.989 or above.  The most similar pair of different photos ends at 0.956 (a forest and a mirrored
# stadium: one bright and one dark half); nineteen of twenty pairs do not exceed 0.61 at the first step, so most searches stop
# early.
FIRST_LOOK = 0.4
LADDER = ((6.0, 0.7), (3.0, 0.9), (1.5, 0.95), (0.75, 0.98))


@dataclass(frozen=True)
class Leak:
    """A photo that both sets contain.  `distance`: bits between the hashes (0-64); `likeness`: correlation (1 is equal)."""

    train: str
    test: str
    same_pixels: bool
    distance: int
    likeness: float
    mirrored: bool


@dataclass(frozen=True)
class Print:
    """What is compared of a photo, made by `print_of`."""

    name: str
    pixels: str
    small: Image.Image
    windows: np.ndarray  # (window, 64) bits; the first is the whole photo
    mirrored: np.ndarray  # (64,) bits of the whole photo, left and right exchanged


def leaks(train: str | Path, test: str | Path, root: Path | None = None, unread: list[str] | None = None) -> list[Leak]:
    """Find photos of `train` that `test` contains too, in the order of `train`; equal arguments compare a set with itself.

    Each argument names a set, a split, `<set>/<split>`, or a folder, which is searched with its subfolders.  Of pairs, the
    clean images are compared, each once.  `unread` receives a message for each image that cannot be read; without it, the
    first one stops the search.  Raises FileNotFoundError if a set is not there, ValueError if it has no images or none that
    can be read.
    """
    ours = _prints(train, root, unread)
    same_set = str(train).lower() == str(test).lower()
    theirs = ours if same_set else _prints(test, root, unread)
    return list(search(ours, theirs, same_set))


def _prints(source: str | Path, root: Path | None, unread: list[str] | None) -> list[Print]:
    """Compute the fingerprints of all photos of a set, of a split, or below a folder."""
    entries = _folder(Path(source)) if Path(source).is_dir() else _registered(str(source), root)
    if not entries:
        raise ValueError(f"{source}: no images there")
    found = []
    for entry in layouts.backgrounds(entries):
        try:
            found.append(_print(entry))
        except ValueError as error:
            if unread is None:
                raise
            unread.append(str(error))
    if not found:
        raise ValueError(f"{source}: no image there can be read, such as {unread[-1]}")
    return found


def _registered(name: str, root: Path | None) -> list[layouts.Entry]:
    folder_named(name)  # says what a name that means nothing could have been
    benchmark, split = registry.lookup(name)
    try:
        return list(split.listing(root).entries)
    except FileNotFoundError as error:
        raise FileNotFoundError(benchmark.missing(str(error))) from error


def _folder(folder: Path) -> list[layouts.Entry]:
    return [layouts.Entry(str(p.relative_to(folder)), None, p) for p in list_images(folder)]


def _print(entry: layouts.Entry) -> Print:
    rainy, clean = layouts.read(entry)
    return print_of(entry.name, rainy if clean is None else clean)


def print_of(name: str, image: UInt8[np.ndarray, "h w 3"]) -> Print:
    """Compute what is compared of a photo; takes some 30 ms."""
    pixels = hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()
    small = Image.fromarray(image).convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=3)
    windows = np.stack([_bits(small, box) for box in _BOXES])
    return Print(name, pixels, small, windows, _bits(small.transpose(Image.Transpose.FLIP_LEFT_RIGHT), _BOXES[0]))


def _boxes() -> list[tuple[float, float, float, float]]:
    """Return the windows' borders on the small copy: left, top, right, bottom."""
    corners = [(s, x, y) for s, n in WINDOWS for y in np.linspace(0, 1 - s, n) for x in np.linspace(0, 1 - s, n)]
    return [(x * SIDE, y * SIDE, (x + s) * SIDE, (y + s) * SIDE) for s, x, y in corners]


_BOXES = _boxes()


def _bits(small: Image.Image, box: tuple[float, ...]) -> np.ndarray:
    import imagehash  # here, so that a machine that only trains does without it

    return imagehash.phash(small.resize((PATCH, PATCH), Image.Resampling.BILINEAR, box=box), hash_size=8).hash.ravel()


def search(ours: Sequence[Print], theirs: Sequence[Print], same_set: bool = False) -> Iterator[Leak]:
    """Find photos that both contain, in the order of `ours`; `same_set`: compare each pair of one set once."""
    windows = np.stack([p.windows for p in theirs])
    whole = np.stack([p.windows[0] for p in theirs])[:, None]
    mirrored = np.stack([p.mirrored for p in theirs])[:, None]
    for i, a in enumerate(ours):
        # the larger picture is theirs in ways 0 and 1, ours in ways 2 and 3; in ways 1 and 3 the smaller one is mirrored
        comparisons = ((windows, a.windows[0]), (windows, a.mirrored), (a.windows, whole), (a.windows, mirrored))
        ways = [_nearest(*pair) for pair in comparisons]
        for j in range(i + 1 if same_set else 0, len(theirs)):
            if a.pixels == theirs[j].pixels:
                yield Leak(a.name, theirs[j].name, True, 0, 1.0, False)
            elif found := _proven(a, theirs[j], [(int(distance[j]), _BOXES[box[j]]) for distance, box in ways]):
                yield found


def _proven(a: Print, b: Print, ways: list[tuple[int, tuple[float, ...]]]) -> Leak | None:
    """Return the leak if one of the ways proves it, else None; the way with the nearest hash is tried first."""
    for way in sorted(range(len(ways)), key=lambda k: ways[k][0]):
        distance, box = ways[way]
        if distance > CANDIDATE:
            return None
        larger, smaller = (b, a) if way < 2 else (a, b)
        likeness = _likeness(larger.small, box, smaller.small, mirror=way % 2 == 1)
        if likeness >= LADDER[-1][1]:
            return Leak(a.name, b.name, False, distance, likeness, way % 2 == 1)
    return None


def _nearest(windows: np.ndarray, bits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each photo of the other set, the least number of differing bits over the windows, and that window."""
    distances = (windows != bits).sum(axis=-1)
    return distances.min(axis=1), distances.argmin(axis=1)


def _likeness(larger: Image.Image, box: tuple[float, ...], smaller: Image.Image, mirror: bool) -> float:
    """Return the highest correlation of the smaller photo with a window of the larger one.

    The search starts at `box` and moves its borders by ever smaller steps.
    """
    if mirror:
        smaller = smaller.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    target = _normalised(smaller.resize((PATCH, PATCH), Image.Resampling.BILINEAR))

    def score(borders: np.ndarray) -> float:
        return float(np.vdot(_normalised(larger.resize((PATCH, PATCH), Image.Resampling.BILINEAR, box=tuple(borders))), target))

    borders = np.array(box)
    best = score(borders)
    if best < FIRST_LOOK:
        return best
    for step, needed in LADDER:
        better = True
        while better:
            tried = [np.clip(borders + sign * step * move, 0, SIDE) for move in _MOVES for sign in (1, -1)]
            scores = [score(t) if min(t[2:] - t[:2]) > PATCH else -1.0 for t in tried]
            better = max(scores) > best
            if better:
                best, borders = max(scores), tried[int(np.argmax(scores))]
        if best < needed:
            break
    return best


# directions of the search: each border alone, the window moved along either side, the window made larger
_MOVES = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [-1, -1, 1, 1]], float)


def _normalised(image: Image.Image) -> np.ndarray:
    values = np.asarray(image, dtype=np.float64)
    values = values - values.mean()
    return values / (np.linalg.norm(values) or 1.0)
