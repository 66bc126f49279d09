"""NIQE: distance of the statistics of an image's blocks from those of clean photos.  Lower is better, no reference needed.

Mittal, Soundararajan, Bovik: Making a "completely blind" image quality analyzer.  IEEE SPL 20(3), 2013.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.special import gamma

from rainmer_lib import paths
from rainmer_lib.metrics.scene_statistics import Image8, Plane, fit_aggd, grey, half_size, normalise, paired_products

BLOCK = 96
REFIT = Path(__file__).with_name("niqe_refit.npz")
_RELEASE = "weights/iqa/niqe_pris_params.npz"
_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))


@dataclass(frozen=True)
class NiqeParameters:
    """Gaussian of clean photos and its source: "release" (the authors') or "refit" (ours, see niqe_refit).

    Scores under the two are on different scales; a table of scores names the `source`.
    """

    mean: Float[np.ndarray, "36"]
    covariance: Float[np.ndarray, "36 36"]
    source: str


def niqe_parameters(source: str | None = None) -> NiqeParameters:
    """Return the release's parameters if the data root has them, else our refit; or those that `source` names.

    Raises ValueError on another name and on a file that does not hold a mean and a covariance of 36 features,
    FileNotFoundError if the release is requested and missing.
    """
    if source not in (None, "release", "refit"):
        raise ValueError(f'source {source!r}: choose "release" or "refit", or None for the first that is available')
    release = paths.data_root() / _RELEASE
    if source == "refit" or (source is None and not release.is_file()):
        return _read(REFIT, "mean", "covariance", "refit")
    if not release.is_file():
        raise FileNotFoundError(
            f"missing file {release}: the NIQE release's parameters, the file niqe_pris_params.npz in the source archive of "
            'the Python package basicsr 1.4.2. Put it there, set RAINMER_DATA, or ask for "refit"'
        )
    return _read(release, "mu_pris_param", "cov_pris_param", "release")


def _read(path: Path, mean: str, covariance: str, source: str) -> NiqeParameters:
    with np.load(path, allow_pickle=False) as file:
        missing = {mean, covariance} - set(file.files)
        if missing:
            raise ValueError(f"{path}: no {' or '.join(sorted(missing))} among {', '.join(file.files)}")
        values = file[mean].ravel().astype(np.float64), file[covariance].astype(np.float64)
    if values[0].shape != (36,) or values[1].shape != (36, 36) or not all(np.isfinite(v).all() for v in values):
        raise ValueError(f"{path}: expected finite (36,) and (36, 36), found {values[0].shape} and {values[1].shape}")
    return NiqeParameters(*values, source)


def niqe(image: Image8, parameters: NiqeParameters) -> float:
    """Return the distance of an 8-bit image, RGB or grey, from the clean photos of `parameters`; 0 or more, lower is better.

    sqrt((m - n)' ((S + T) / 2)^+ (m - n)), where m, S are the parameters and n, T the mean and covariance of the features of
    the image's 96x96 blocks (Eq. 10).  Every block counts, sharp or not, except those with undefined statistics (flat ones);
    pixels beyond the last whole block are ignored.  On the published image that has no flat region, the score equals that of
    the MATLAB release to 12 digits; in flat regions the release counts the signs of rounding errors (see
    `scene_statistics.normalise`).

    Raises ValueError on anything but uint8 RGB or grey, and on fewer than two usable blocks.
    """
    features, _ = block_features(grey(image))
    usable = features[np.isfinite(features).all(axis=1)]
    if len(usable) < 2:
        height, width = image.shape[:2]
        raise ValueError(
            f"NIQE needs two blocks of {BLOCK}x{BLOCK} pixels that are not flat, an image of {BLOCK}x{2 * BLOCK} or more; "
            f"found {height}x{width} pixels, {len(features)} blocks, {len(features) - len(usable)} of them flat"
        )
    difference = parameters.mean - usable.mean(axis=0)
    inverse = np.linalg.pinv((parameters.covariance + np.cov(usable, rowvar=False)) / 2)
    return float(np.sqrt(max(0.0, difference @ inverse @ difference)))


def block_features(plane: Plane) -> tuple[Float[np.ndarray, "n 36"], Float[np.ndarray, " n"]]:
    """Compute features (nan where undefined) and sharpness of the 96x96 blocks of a grey image, row by row.

    A block has 18 features of the image, then 18 of the image at half its size.  Its sharpness is its mean local deviation.
    """
    rows, columns = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
    if not rows * columns:
        return np.empty((0, 36)), np.empty(0)
    plane = plane[: rows * BLOCK, : columns * BLOCK]
    coefficients, deviation = normalise(plane, "nearest")
    smaller, _ = normalise(half_size(plane), "nearest")
    features = [_features(_blocks(c, rows, columns)) for c in (coefficients, smaller)]
    return np.concatenate(features, axis=1), _blocks(deviation, rows, columns).mean(axis=(1, 2))


def _blocks(plane: Plane, rows: int, columns: int) -> Float[np.ndarray, "n b b"]:
    side = plane.shape[0] // rows
    return plane.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(rows * columns, side, side)


def _features(blocks: Float[np.ndarray, "n b b"]) -> Float[np.ndarray, "n 18"]:
    """Compute shape and mean scale of the coefficients; shape, mean, left and right scale of four paired products.

    Scale = deviation sqrt(G(1/a) / G(3/a)); mean = (right - left) G(2/a) / G(1/a), where left and right are scales (section
    II-B).
    """
    shape, left, right = _scales(blocks)
    features = [shape, (left + right) / 2]
    for shift in _SHIFTS:
        shape, left, right = _scales(paired_products(blocks, shift))
        features += [shape, (right - left) * gamma(2 / shape) / gamma(1 / shape), left, right]
    return np.stack(features, axis=1)


def _scales(blocks: Float[np.ndarray, "n b b"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shape, left, right = fit_aggd(blocks.reshape(len(blocks), -1))
    scale = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    return shape, left * scale, right * scale
