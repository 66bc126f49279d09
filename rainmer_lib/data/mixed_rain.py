"""Synthetic and real rain mixed in unpaired training (DCD-GAN, Sec. 4.5): real photos need no clean partner."""

from dataclasses import replace

import numpy as np

from rainmer_lib.data import layouts, photos, registry
from rainmer_lib.data.rain_domains import rain_domain
from rainmer_lib.data.unpaired import UnpairedRain

REAL_SET = "mwd"
LEFT_OUT = ("rain104", "rain116")  # the former is a photo of Real147, on which real rain is tested; the latter is a drawing
STAND_IN = "medium"  # where there are no real photos: the same photos under rain of another kind


def with_real_rain(base: UnpairedRain, crop: int) -> UnpairedRain:
    """`base` with real rainy photos mixed into its rainy images: one of three, as in the paper (356 beside Rain800's 700).

    The photos are those of MWD that Real147 does not show, and that a crop of `crop` pixels fits into.  Without real
    photos (embedded data) its own photos under another rendered rain stand in.  FileNotFoundError says how to get them.
    """
    if base.name == "embedded":
        real = rain_domain(base, STAND_IN).rainy_photos
    else:
        benchmark, split = registry.lookup(REAL_SET)
        try:
            entries = split.listing().entries
        except FileNotFoundError as error:
            raise FileNotFoundError(benchmark.missing(str(error))) from error
        read = (layouts.read(entry)[0] for entry in entries if entry.name not in LEFT_OUT)
        real = [photo for photo in read if min(photo.shape[:2]) >= crop]
    return replace(
        base, name=f"{base.name} and real rain", real_rainy=real,
        fingerprint=photos.fingerprint([], [np.frombuffer(base.fingerprint.encode(), np.uint8), *real]),
    )  # fmt: skip
