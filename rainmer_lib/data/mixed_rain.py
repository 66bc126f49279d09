"""Mix synthetic and real rain in unpaired training (DCD-GAN, Sec. 4.5): real photos need no clean partner."""

from dataclasses import replace

import numpy as np

from rainmer_lib.data import layouts, photos, registry
from rainmer_lib.data.rain_domains import rain_domain
from rainmer_lib.data.unpaired_rain import UnpairedRain

REAL_SET = "mwd"
LEFT_OUT = ("rain104", "rain116")  # the former is a photo of Real147, on which real rain is tested; the latter is a drawing
STAND_IN = "medium"  # preset for a set's own photos, which replace real ones where there are none


def with_real_rain(base: UnpairedRain, crop: int) -> UnpairedRain:
    """Mix real rainy photos into the rainy images of `base`: a third of them, as in the paper (356 beside Rain800's 700).

    The photos are those of MWD that Real147 does not contain and that are large enough for a crop of `crop` pixels.  The
    embedded data have no real photos: there, the set's own photos under another rendered rain replace them.  Raises
    FileNotFoundError that says how to get the photos.
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
