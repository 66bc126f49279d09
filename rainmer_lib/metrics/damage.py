"""Damage: what a network does to a photo besides removing rain, measured on pairs of a rainy and a clean image.

An output B^ holds floats in [0, 1]; the rainy image O and the clean image B are uint8.  All are compared in levels, 0 to 255:

    R = mean_c (O_c - B_c)        rain of a pixel, mean over the channels c
    E = mean_c (255 B^_c - B_c)   error of a pixel

A measure over certain pixels is nan for an image that has none of them.  Every measure raises ValueError on images of another
type or of different sizes, and on an output that is not finite.
"""

import numpy as np
from jaxtyping import Bool, Float, UInt8

Output = Float[np.ndarray, "h w 3"]
Image = UInt8[np.ndarray, "h w 3"]
Plane = Float[np.ndarray, "h w"]

RAIN = 12.0  # levels above which a pixel counts as rainy
DARKER = 8.0  # levels below the clean photo from which a pixel counts as too dark
CLIPPED = 255  # value at which a channel is saturated
MEASURES = ("rain_left", "dry_psnr", "tint", "ribs", "ghosts", "ghosts_before")  # of `damage`


def rain_left(output: Output, rainy: Image, clean: Image) -> float:
    """Return the share of the rain that an output still holds, by least squares.

        sum (R - mean R) E / sum (R - mean R)^2        over all pixels

    0: all rain is gone, 1: all is left.  Errors that do not follow the rain do not count.  nan if R is the same everywhere.
    """
    error, rain = _grey(_error(output, clean)), _rain(rainy, clean)
    if np.ptp(rain) == 0:
        return float("nan")
    rain = rain - rain.mean()
    return float((rain * error).sum() / (rain**2).sum())


def dry_psnr(output: Output, photo: Image) -> float:
    """Return the PSNR in dB of a derained dry photo against the photo itself, over R, G and B, not quantised.

        10 log10(255^2 / mean (255 B^ - B)^2)

    Infinite if the network leaves the photo as it is.
    """
    squared = float((_error(output, photo) ** 2).mean())
    return float(10 * np.log10(255**2 / squared)) if squared else float("inf")


def tint(output: Output, photo: Image) -> float:
    """Return by how many levels the colour of a dry photo moves on average: the largest difference between channels.

        max_c m_c - min_c m_c,        m_c = mean over the pixels of 255 B^_c - B_c

    0 if the three channels change alike, as with a change of brightness.
    """
    return float(np.ptp(_error(output, photo).mean(axis=(0, 1))))


def ribs(output: Output, rainy: Image, clean: Image) -> float:
    """Return the share of rainy pixels that are darker than the clean photo: dark stripes where too much was removed.

        |{R > 12 and E < -8}| / |{R > 12}|        over the pixels
    """
    dark = _grey(_error(output, clean)) < -DARKER
    return _mean_where(_rain(rainy, clean) > RAIN, dark)


def ghosts(output: Output, rainy: Image, clean: Image) -> float:
    """Return the mean error in levels on saturated rain: grey streaks where the rainy image holds no trace of the scene.

        mean |255 B^_c - B_c|        over c and the pixels with R > 12 and max_c O_c = 255
    """
    distance = _grey(np.abs(_error(output, clean)))
    saturated = (rainy == CLIPPED).any(axis=2)
    return _mean_where(saturated & (_rain(rainy, clean) > RAIN), distance)


def damage(output: Output, dry_output: Output, rainy: Image, clean: Image) -> dict[str, float]:
    """Return every measure of a network that made `output` of the rainy image and `dry_output` of the clean one.

    `ghosts_before` is the error of the rainy image itself where `ghosts` measures it.
    """
    return {
        "rain_left": rain_left(output, rainy, clean),
        "dry_psnr": dry_psnr(dry_output, clean),
        "tint": tint(dry_output, clean),
        "ribs": ribs(output, rainy, clean),
        "ghosts": ghosts(output, rainy, clean),
        "ghosts_before": ghosts(rainy / 255, rainy, clean),
    }


def _error(output: Output, clean: Image) -> Output:
    """Return 255 B^ - B in double precision, of a checked output."""
    _require(output, clean)
    return 255 * output.astype(np.float64) - clean


def _rain(rainy: Image, clean: Image) -> Plane:
    if rainy.dtype != np.uint8 or rainy.shape != clean.shape:
        raise ValueError(f"expected an 8-bit rainy image of {clean.shape}, found {rainy.dtype} {rainy.shape}")
    return _grey(rainy.astype(np.float64) - clean)


def _grey(image: Output) -> Plane:
    return image.mean(axis=2)


def _mean_where(chosen: Bool[np.ndarray, "h w"], values: np.ndarray) -> float:
    return float(values[chosen].mean()) if chosen.any() else float("nan")


def _require(output: np.ndarray, clean: np.ndarray) -> None:
    if output.shape != clean.shape or clean.ndim != 3 or clean.shape[2] != 3 or 0 in clean.shape:
        raise ValueError(f"expected two RGB images of one size, found {output.shape}, {clean.shape}")
    if clean.dtype != np.uint8 or not np.issubdtype(output.dtype, np.floating):
        raise ValueError(f"expected an output of floats in [0, 1] and an 8-bit photo, found {output.dtype}, {clean.dtype}")
    if not np.isfinite(output).all():
        raise ValueError("the output has values that are not finite")
