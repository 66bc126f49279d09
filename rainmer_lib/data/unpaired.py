"""Unpaired training sets by name."""

from collections.abc import Callable
from functools import partial

import numpy as np
from skimage.io import imread

from rainmer_lib.data import photos
from rainmer_lib.data.layouts import shown
from rainmer_lib.data.own_photos import unpaired_folders
from rainmer_lib.data.published_rain import HALVES, TESTS, published_rain
from rainmer_lib.data.synthetic_rain import render_streaks
from rainmer_lib.data.test_sets import Pair, require_folder
from rainmer_lib.data.unpaired_rain import GAIN, UnpairedRain, compose


def embedded() -> UnpairedRain:
    """Return the embedded set, which needs no download.

    Three photos receive procedural rain of preset rain100l, three others are clean exemplars, two halves of a seventh are
    held out.
    """
    names = (*photos.RAINY, *photos.CLEAN, *photos.HELD_OUT)
    rendered = [(255 * render_streaks(320, 480, "rain100l", seed)).round().astype(np.uint8) for seed in range(20)]
    street = photos.load_photo(photos.HELD_OUT[0])
    # sizes as in the test sets, a short side of 320: the left and the right half, each under two rains of its own
    halves = {"left": street[50:370, :320], "right": street[50:370, 320:]}
    held_out = [
        Pair(f"china-{side}-{i}", compose(photo, layer, 1.0), photo)
        for i, pair in enumerate(zip(rendered[-4::2], rendered[-3::2], strict=True))
        for (side, photo), layer in zip(halves.items(), pair, strict=True)
    ]
    return UnpairedRain(
        "embedded",
        [photos.load_photo(name) for name in photos.RAINY],
        [photos.load_photo(name) for name in photos.CLEAN],
        rendered[:-4],
        held_out,
        photos.fingerprint([photos.photo_path(name) for name in names], rendered),
    )


def bsd_streaks() -> UnpairedRain:
    """Return BSD-Streaks: the 397 photos of BSDS500 that are in no test set, under the 413 streak layers of Garg and Nayar.

    The split is fixed: 24 photos and 24 layers are held out; half of the other photos receive rain, the other half stay
    clean.
    """
    root = require_folder("BSDS500/images", "BSDS500 (of the training set BSD-Streaks)")
    streaks = require_folder("GargStreaks/images", "the streak layers of Garg and Nayar (of BSD-Streaks)")
    listed = require_folder("BSDS500", "BSDS500") / "EXCLUDE_overlaps_Rain100L_Rain100H_Rain12.txt"
    excluded = {line.split()[0] for line in listed.read_text().splitlines() if line.strip()}
    files = [p for p in sorted(shown(root.glob("*/*.jpg"))) if f"{p.parent.name}/{p.name}" not in excluded]
    layers = sorted(shown(streaks.glob("*.png")))
    if (len(files), len(layers)) != (397, 413):
        raise ValueError(f"BSD-Streaks: expected 397 photos without leaks and 413 layers, found {len(files)}, {len(layers)}")
    rng = np.random.default_rng(397)
    files = [files[i] for i in rng.permutation(len(files))]
    layers = [layers[i] for i in rng.permutation(len(layers))]
    held = [(imread(photo), imread(layer)) for photo, layer in zip(files[:24], layers[:24], strict=True)]
    gains = rng.uniform(*GAIN, size=24)
    half = (len(files) - 24) // 2
    return UnpairedRain(
        "bsd-streaks",
        [imread(p) for p in files[24 : 24 + half]],
        [imread(p) for p in files[24 + half :]],
        [imread(p) for p in layers[24:]],
        [Pair(p.stem, compose(a, s, g), a) for p, (a, s), g in zip(files[:24], held, gains, strict=True)],
        photos.fingerprint([*files, *layers]),
    )


SOURCES: dict[str, Callable[[], UnpairedRain]] = {
    "embedded": embedded, "bsd-streaks": bsd_streaks,
    **{name + end: partial(published_rain, name + end) for end in ("", HALVES) for name in TESTS},
}  # fmt: skip
FOLDERS = "folder:"  # "folder:RAINY|CLEAN", or "folder:RAINY" with clean exemplars that are present


def unpaired(name: str) -> UnpairedRain:
    """Return an unpaired training set by name; ValueError lists the names, FileNotFoundError says how to get the data."""
    if name not in SOURCES:
        raise ValueError(f"data {name!r}: choose one of {', '.join(SOURCES)}")
    return SOURCES[name]()


def of_folders(text: str, crop: int) -> UnpairedRain:
    """Return the photos of two folders of one's own, `folder:RAINY|CLEAN`; the errors of `own_photos.unpaired_folders`."""
    rainy, _, clean = text.removeprefix(FOLDERS).partition("|")
    if not rainy or not text.startswith(FOLDERS):
        raise ValueError(f"data {text!r}: expected {FOLDERS}RAINY|CLEAN, two folders of photos")
    return unpaired_folders(rainy, clean, crop)
