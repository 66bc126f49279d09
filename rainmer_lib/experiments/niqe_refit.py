"""Refit NIQE's Gaussian of clean photos on the 397 photos of BSDS500 that no test set shows.

    python -m rainmer_lib.experiments.niqe_refit

writes `niqe_refit.npz` beside `metrics/niqe.py`, for use where the released parameters are not available.  The release was
fitted on 125 photos of Flickr and of the Berkeley set, unnamed.  Medians of release and refit: Rain100L clean 3.01, 2.99, rainy
4.02, 3.88; Rain100H rainy 10.9, 9.4; 147 real photos of rain 3.88, 4.40.  Within these sets the two rank images alike
(Spearman 0.90, 0.96, 0.98, 0.91), but two sets with similar medians can change places: never compare scores of one with
scores of the other.
"""

from collections.abc import Sequence

import numpy as np

from rainmer_lib import atomic
from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.metrics.niqe import REFIT, block_features
from rainmer_lib.metrics.scene_statistics import Image8, grey

SHARP = 0.75  # share of the sharpest block's deviation; T of the paper, section II-C


def fit(photos: Sequence[Image8]) -> tuple[np.ndarray, np.ndarray, int]:
    """Compute mean (36,), covariance (36, 36) and number of the sharp blocks of clean photos.

    Sharp blocks of a photo have a mean local deviation above 0.75 of the photo's largest.  ValueError with fewer than 37
    blocks in all: their covariance would be singular.
    """
    chosen = []
    for photo in photos:
        features, sharpness = block_features(grey(photo))
        sharp = sharpness > SHARP * sharpness.max(initial=0)
        chosen.append(features[sharp & np.isfinite(features).all(axis=1)])
    blocks = np.concatenate(chosen) if chosen else np.empty((0, 36))
    if len(blocks) <= blocks.shape[1]:
        raise ValueError(f"need at least 37 sharp blocks of 96x96 pixels, {len(photos)} photos gave {len(blocks)}")
    return blocks.mean(axis=0), np.cov(blocks, rowvar=False), len(blocks)


def refit() -> dict[str, np.ndarray]:
    """Return the file's content: mean, covariance, blocks, photos, and the fingerprint of the training set BSD-Streaks.

    The photos are all clean photos of that set: both training halves and the held-out ones.  Rainy images are not used.
    """
    source = unpaired("bsd-streaks")
    photos = [*source.rainy_photos, *source.clean_photos, *(pair.clean for pair in source.held_out)]
    mean, covariance, blocks = fit(photos)
    values = {"mean": mean, "covariance": covariance, "blocks": blocks, "photos": len(photos)}
    return {name: np.asarray(value) for name, value in values.items()} | {"fingerprint": np.asarray(source.fingerprint)}


def main() -> None:
    """Write the file and print its numbers of blocks and photos."""
    values = refit()
    atomic.write(REFIT, lambda part: np.savez(part, **values))
    print(f"{REFIT}: {values['blocks']} blocks of {values['photos']} photos, BSD-Streaks {values['fingerprint']}")


if __name__ == "__main__":
    main()
