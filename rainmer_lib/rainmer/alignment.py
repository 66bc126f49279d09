"""Alignment of data sets: rain densities, their histograms, and a subset of one set that has the shares of the others.

Rainmer's data are not balanced at training time: "alignment" draws a subset of the night set, once, before training (the
abstract speaks of all three sets; the released code treats this one).
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt8

from rainmer_lib.data.test_sets import Pair

Densities = Float[np.ndarray, " images"]
Shares = Float[np.ndarray, " bins"]
Image = UInt8[np.ndarray, "h w 3"] | Float[np.ndarray, "h w 3"]

EPS = 1e-3  # of the alignment; the released comparison of the sets adds the same to values in 0..255: EPS_OF_0_255 here
EPS_OF_0_255 = 1e-3 / 255  # densities are then higher by 0.0003 on average for day scenes, 0.002 for the night set
EDGES = (0.04, 0.08)  # the released code's three bins
# Ten bins as in the released histograms.  With EDGES nothing above .08 is matched: half of the aligned night set lies
# between .08 and .12, where the other two have a fifth.  FINE_EDGES match the tail too, at the price of fewer images.
FINE_EDGES = tuple(round(0.04 * k, 2) for k in range(1, 10))


class Published(NamedTuple):
    """Statistics of an array of densities in the released code; `shares` are those at or below .04, up to .08, and above."""

    images: int
    least: float
    mean: float
    median: float
    greatest: float
    shares: tuple[float, float, float]


PUBLISHED = {
    "Rain13K": Published(13711, 0.0131, 0.1290, 0.1158, 0.5983, (0.034, 0.267, 0.699)),
    "GT-Rain": Published(26124, 0.0188, 0.1397, 0.1378, 0.3585, (0.038, 0.194, 0.768)),
    "GTAV-NightRain, frames": Published(10000, 0.0126, 0.0491, 0.0425, 0.4961, (0.432, 0.469, 0.099)),
    "GTAV-NightRain, crops": Published(60000, 0.0044, 0.0496, 0.0409, 0.5701, (0.487, 0.363, 0.151)),
    "GTAV-NightRain, aligned": Published(12321, 0.0057, 0.0971, 0.0936, 0.5701, (0.036, 0.231, 0.734)),
}
PUBLISHED_TARGET = (0.035704, 0.230672, 0.733625)  # mean shares of Rain13K and GT-Rain, from the unrounded densities


def rain_density(rainy: Image, clean: Image, eps: float = EPS) -> float:
    """Return the rain density, rho = mean_x max_c |I - B| / (max_c I + max_c B + eps); 0 without rain, below 1.

    Images in [0, 1], or uint8, which is divided by 255.  The maximum over the channels is taken of each image separately.
    Raises ValueError if the sizes differ.  Source: the released density_statistics.py; for `eps` see EPS_OF_0_255.
    """
    if rainy.shape != clean.shape or rainy.ndim != 3 or rainy.shape[2] != 3 or rainy.dtype != clean.dtype:
        found = f"{rainy.shape} {rainy.dtype}, {clean.shape} {clean.dtype}"
        raise ValueError(f"expected two images (h, w, 3) of one size and type, found {found}")
    scale = np.float32(1 / 255 if rainy.dtype == np.uint8 else 1)
    rainy, clean = rainy * scale, clean * scale
    return float(np.mean(_greatest(np.abs(rainy - clean)) / (_greatest(rainy) + _greatest(clean) + eps)))


def _greatest(image: Image) -> Float[np.ndarray, "h w"]:
    """Return the maximum over the channels; five times faster than `max(axis=2)`."""
    return np.maximum(np.maximum(image[..., 0], image[..., 1]), image[..., 2])


def densities(pairs: Iterable[Pair], eps: float = EPS) -> Densities:
    """Return the `rain_density` of each pair, in order; one pair at a time is in memory."""
    return np.array([rain_density(pair.rainy, pair.clean, eps) for pair in pairs])


def histogram(values: Densities, width: float = 0.04, top: float = 0.4) -> tuple[Shares, Float[np.ndarray, " edges"]]:
    """Return the shares of the bins of [0, top) among the images in that range, as in the released figure, and the edges."""
    edges = np.linspace(0, top, round(top / width) + 1)
    counts = np.bincount(np.searchsorted(edges, values, side="right") - 1, minlength=len(edges))[: len(edges) - 1]
    if not counts.any():
        raise ValueError(f"no density lies in [0, {top})")
    return counts / counts.sum(), edges


def bins(values: Densities, edges: Sequence[float] = EDGES) -> Int[np.ndarray, " images"]:
    """Return the bin of each density, k where edges[k - 1] < rho <= edges[k]; ValueError on values that are no density."""
    if any(b <= a for a, b in pairwise(edges)):
        raise ValueError(f"edges {tuple(edges)}: expected increasing numbers")
    if not np.isfinite(values).all() or np.min(values, initial=0) < 0:
        raise ValueError("expected densities, which are finite numbers from 0 on; found other values")
    return np.searchsorted(np.asarray(edges), values, side="left")


def counts(values: Densities, edges: Sequence[float] = EDGES) -> Int[np.ndarray, " bins"]:
    """Count the images in each bin: at or below the first edge, between each two, above the last."""
    return np.bincount(bins(values, edges), minlength=len(edges) + 1)


def shares(values: Densities, edges: Sequence[float] = EDGES) -> Shares:
    """Return the share of the images in each bin; raise ValueError if there are no images."""
    if len(values) == 0:
        raise ValueError("no densities: shares of an empty set are not defined")
    return counts(values, edges) / len(values)


def target_shares(others: Iterable[Densities], edges: Sequence[float] = EDGES) -> Shares:
    """Return the target shares of the subset: the mean of the other sets' shares, not weighted by the sizes of the sets."""
    return np.mean([shares(values, edges) for values in others], axis=0)


def subset_counts(available: Sequence[int], target: Sequence[float], edges: Sequence[float] = EDGES) -> list[int]:
    """Return the number of images to keep in each bin.

    With T = min_k n_k / r_k over the bins whose target r_k is above 0, these are floor(T r_k) of each bin, and all of the
    scarcest.  In the paper the scarcest bin is the one above .08, so T = n_3 / (1 - r_1 - r_2); the released code takes this
    for granted.  ValueError names a bin that is empty although its target is above 0.
    """
    available, target = np.asarray(available), np.asarray(target, dtype=float)
    if len(available) != len(edges) + 1 or len(target) != len(edges) + 1:
        raise ValueError(f"{len(edges) + 1} bins: expected as many counts and shares, found {len(available)}, {len(target)}")
    if not np.isclose(target.sum(), 1, atol=1e-4) or target.min() < 0:
        raise ValueError(f"target shares {target.tolist()}: expected numbers from 0 on that sum to 1")
    for k in np.flatnonzero((target > 0) & (available == 0)):
        raise ValueError(
            f"no image has a density {bin_name(k, edges)}, but the target has {target[k]:.1%} there: "
            "take more images, or other edges"
        )
    room = np.divide(available, target, out=np.full(len(target), np.inf), where=target > 0)
    kept = np.floor(room.min() * target).astype(int)
    kept[room.argmin()] = available[room.argmin()]
    return kept.tolist()


def align_density(
    values: Densities, target: Sequence[float], edges: Sequence[float] = EDGES, seed: int = 0
) -> Int[np.ndarray, " chosen"]:
    """Return the increasing indices of a subset of the images whose densities have the shares `target` (see `subset_counts`).

    The subset is drawn without replacement and is a function of the seed; the released script has no seed and depends on the
    order of the file system.  Raises ValueError in the cases of `subset_counts` and `bins`.
    """
    rng, where = np.random.default_rng(seed), bins(values, edges)
    kept = subset_counts(counts(values, edges), target, edges)
    drawn = [rng.choice(np.flatnonzero(where == k), n, replace=False) for k, n in enumerate(kept)]
    return np.sort(np.concatenate(drawn))


def bin_name(k: int, edges: Sequence[float] = EDGES) -> str:
    """Describe a bin in words: "at or below 0.04", "from 0.04 to 0.08", "above 0.08"."""
    if k == 0:
        return f"at or below {edges[0]:g}"
    return f"above {edges[-1]:g}" if k == len(edges) else f"from {edges[k - 1]:g} to {edges[k]:g}"
