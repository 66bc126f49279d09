"""Render the photos of an unpaired training set under another rain: a new domain without known pairs."""

from collections.abc import Sequence

import numpy as np

from rainmer_lib.data import photos
from rainmer_lib.data.duplicates import spread
from rainmer_lib.data.paired import Chosen
from rainmer_lib.data.synthetic_rain import render
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired_rain import UnpairedRain

MOST = 200  # photos that are rendered at most, spread evenly over the set: all of them are kept in memory
HELD_OUT_SEED = 10_000  # first seed for the held-out photos, so that no two images share their rain

_made: dict[tuple[str, str], UnpairedRain] = {}


def rain_domain(base: UnpairedRain, preset: str) -> UnpairedRain:
    """Return photos of `base` without rain, at most `MOST`, and its held-out photos under a preset of `synthetic_rain`.

    The rain is rendered once, so each photo has one rain, as in a collection of photos; the clean exemplars stay those of
    `base`.  Where these are the only photos without rain, one half is rendered and the other half are the clean exemplars.
    Rendered domains are kept for the life of the process.  Raises ValueError on an unknown preset.
    """
    key = (base.fingerprint, preset)
    if key not in _made:
        dry, clean = _roles(base)
        rainy = [_under(dry[i], preset, seed) for seed, i in enumerate(spread(range(len(dry)), MOST))]
        held_out = [
            Pair(pair.name, _under(pair.clean, preset, HELD_OUT_SEED + i), pair.clean) for i, pair in enumerate(base.held_out)
        ]
        side = min(min(photo.shape[:2]) for photo in rainy)
        known = base.clean_photos if isinstance(base.clean_photos, list) else [_bytes(base.fingerprint)]
        _made[key] = UnpairedRain(
            f"{base.name} under {preset}", rainy, clean, [np.zeros((side, side), np.uint8)], held_out,
            photos.fingerprint([], [*rainy, *(p.rainy for p in held_out), *known]), base.flip, base.real_rainy,
        )  # fmt: skip
    return _made[key]


def _roles(base: UnpairedRain) -> tuple[Sequence[np.ndarray], Sequence[np.ndarray]]:
    """Return the photos to render rain on, and the clean exemplars."""
    if base.backgrounds is not base.clean_photos:
        return base.backgrounds, base.clean_photos
    count = len(base.clean_photos)
    return Chosen(base.clean_photos, range(0, count, 2)), Chosen(base.clean_photos, range(1, count, 2))


def _bytes(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


def _under(photo: np.ndarray, preset: str, seed: int) -> np.ndarray:
    return (255 * render(photo / 255, preset, seed)[0]).round().astype(np.uint8)
