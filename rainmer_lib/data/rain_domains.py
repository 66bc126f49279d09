"""Render the photos of an unpaired training set under another rain: a new domain without known pairs."""

from dataclasses import replace

import numpy as np

from rainmer_lib.data import photos
from rainmer_lib.data.synthetic_rain import render
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired import UnpairedRain

HELD_OUT_SEED = 10_000  # first seed for the held-out photos, so that no two images share their rain

_made: dict[tuple[str, str], UnpairedRain] = {}


def rain_domain(base: UnpairedRain, preset: str) -> UnpairedRain:
    """Return `base` with its rainy photos and its held-out photos under a preset of `synthetic_rain`.

    The rain is rendered once, so each photo has one rain, as in a collection of photos; the clean exemplars stay those of
    `base`.  Rendered domains are kept for the life of the process.  Raises ValueError on an unknown preset.
    """
    key = (base.fingerprint, preset)
    if key not in _made:
        rainy = [_under(photo, preset, seed) for seed, photo in enumerate(base.rainy_photos)]
        held_out = [
            Pair(pair.name, _under(pair.clean, preset, HELD_OUT_SEED + i), pair.clean) for i, pair in enumerate(base.held_out)
        ]
        side = min(min(photo.shape[:2]) for photo in rainy)
        _made[key] = replace(
            base, name=f"{base.name} under {preset}", rainy_photos=rainy, layers=[np.zeros((side, side), np.uint8)],
            held_out=held_out, fingerprint=photos.fingerprint([], [*rainy, *(p.rainy for p in held_out), *base.clean_photos]),
        )  # fmt: skip
    return _made[key]


def _under(photo: np.ndarray, preset: str, seed: int) -> np.ndarray:
    return (255 * render(photo / 255, preset, seed)[0]).round().astype(np.uint8)
