"""Natural-scene statistics on which NIQE and BRISQUE are built, with the conventions of their MATLAB releases.

[1] Mittal, Moorthy, Bovik: No-reference image quality assessment in the spatial domain.  IEEE TIP 21(12), 2012.
[2] Mittal, Soundararajan, Bovik: Making a "completely blind" image quality analyzer.  IEEE SPL 20(3), 2013.

Images are grey, float64 on the 8-bit scale.
"""

import numpy as np
from jaxtyping import Float, UInt8
from scipy.ndimage import correlate1d
from scipy.special import gamma

Image8 = UInt8[np.ndarray, "h w 3"] | UInt8[np.ndarray, "h w"]
Plane = Float[np.ndarray, "h w"]

# first row of the inverse of NTSC's YIQ matrix, as in MATLAB's rgb2gray
_GREY = np.array([0.298936021293775, 0.587043074451121, 0.114020904255103])
# cubic kernel with a = -1/2, stretched to twice its width, at -3.5, -2.5 ... 3.5; it sums to one and is exact in binary
_HALF = np.array([-3, -9, 29, 111, 111, 29, -9, -3]) / 256
_WINDOW = np.exp(-(np.arange(-3, 4) ** 2) / (2 * (7 / 6) ** 2))
_WINDOW /= _WINDOW.sum()
_ROUNDING = 1e-9  # grey levels; rounding errors are below 1e-12, and a window that is not flat stays above 1e-9
_SHAPES = np.arange(0.2, 10.001, 0.001)
_SYMMETRIC = gamma(1 / _SHAPES) * gamma(3 / _SHAPES) / gamma(2 / _SHAPES) ** 2  # falls from 1114 to 1.4
_ASYMMETRIC = gamma(2 / _SHAPES) ** 2 / (gamma(1 / _SHAPES) * gamma(3 / _SHAPES))  # rises from 0.0009 to 0.74


def grey(image: Image8) -> Plane:
    """Return the grey values of an 8-bit image, 0..255 rounded to integers, like MATLAB's rgb2gray.

    Grey images pass unchanged.  Raises ValueError on anything but uint8 of shape (h, w, 3) or (h, w).
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)) or not image.size:
        raise ValueError(f"need a uint8 image, RGB (h, w, 3) or grey (h, w), got {image.dtype} {image.shape}")
    if image.ndim == 2:
        return image.astype(np.float64)
    return np.floor(image.astype(np.float64) @ _GREY + 0.5)


def half_size(plane: Plane) -> Float[np.ndarray, "h2 w2"]:
    """Halve the size, rounded up, like MATLAB's imresize(plane, 0.5): bicubic, antialiased, symmetric borders.

    Along each axis out[k] = sum_i t[i] in[2k - 3 + i], with the eight taps t that the cubic kernel has at this scale.
    """
    for axis in (0, 1):
        count = -(-plane.shape[axis] // 2)
        pad = [(0, 0), (0, 0)]
        pad[axis] = (3, 5)
        rows = np.moveaxis(np.pad(plane, pad, mode="symmetric"), axis, 0)
        halved = sum(tap * rows[i : i + 2 * count : 2] for i, tap in enumerate(_HALF))
        plane = np.moveaxis(halved, 0, axis)
    return plane


def normalise(plane: Plane, border: str) -> tuple[Plane, Plane]:
    """Compute mean-subtracted contrast-normalised (MSCN) coefficients and the local deviation sigma, in grey levels.

    (I - mu) / (sigma + 1), sigma^2 = |E[I^2] - mu^2|, over a Gaussian window of 7x7 and deviation 7/6 ([1], section III-A).
    `border` as in scipy.ndimage: "nearest" for NIQE, "constant" (zeros) for BRISQUE.

    In a flat window I - mu is 0.  Floating-point computation leaves rounding errors there, and the releases count their
    signs; here they are set to 0, so that a score does not depend on the order of sums.
    """

    def mean(values: Plane) -> Plane:
        return correlate1d(correlate1d(values, _WINDOW, 0, mode=border), _WINDOW, 1, mode=border)

    mu = mean(plane)
    deviation = np.sqrt(np.abs(mean(plane * plane) - mu * mu))
    difference = plane - mu
    difference[np.abs(difference) < _ROUNDING] = 0
    return difference / (deviation + 1), deviation


def paired_products(coefficients: Float[np.ndarray, "*n h w"], shift: tuple[int, int]) -> Float[np.ndarray, "*n h w"]:
    """Multiply each coefficient by the one `shift` = (down, right) before it, wrapped at the edge like MATLAB's circshift.

    [1] and [2] define the products inside the image; wrapping at the edge follows the releases.
    """
    return coefficients * np.roll(coefficients, shift, axis=(-2, -1))


def fit_ggd(values: Float[np.ndarray, "*n k"]) -> tuple[np.ndarray, np.ndarray]:
    """Fit shape and variance of a generalised Gaussian of mean 0, by moments along the last axis; nan where all is 0.

    The shape is the a in 0.2, 0.201 ... 10 for which G(1/a) G(3/a) / G(2/a)^2 is nearest to E[x^2] / E[|x|]^2 ([1], section
    III-A).
    """
    with np.errstate(invalid="ignore"):
        variance = np.mean(values**2, axis=-1)
        return _nearest(-_SYMMETRIC, -variance / np.mean(np.abs(values), axis=-1) ** 2), variance


def fit_aggd(values: Float[np.ndarray, "*n k"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit shape, left and right deviation of an asymmetric generalised Gaussian, by moments along the last axis.

    With left^2, right^2 the mean squares of the negative and of the positive values, g = left / right and
    r = E[|x|]^2 / E[x^2], the shape is the a for which G(2/a)^2 / (G(1/a) G(3/a)) is nearest to
    r (g^3 + 1)(g + 1) / (g^2 + 1)^2  (Lasmar, Stitou, Berthoumieu, ICIP 2009; [1], section III-A).  nan where no
    value is negative or none is positive.
    """
    squares, negative, positive = values**2, values < 0, values > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        left = np.sqrt((squares * negative).sum(axis=-1) / negative.sum(axis=-1))
        right = np.sqrt((squares * positive).sum(axis=-1) / positive.sum(axis=-1))
        ratio = left / right
        moments = np.mean(np.abs(values), axis=-1) ** 2 / squares.mean(axis=-1)
        return _nearest(_ASYMMETRIC, moments * (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2), left, right


def _nearest(table: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the shapes whose entries in a rising table are nearest to `wanted`, the smaller of two as near; nan for nan."""
    above = np.clip(np.searchsorted(table, wanted), 1, len(table) - 1)
    nearest = above - (wanted - table[above - 1] <= table[above] - wanted)
    return np.where(np.isnan(wanted), np.nan, _SHAPES[nearest])
