"""Named protocols that define PSNR and SSIM.  A number without a protocol is a bug.

prenet       Y of BT.601 (16-235), not rounded; SSIM after Wang's shrink; outputs are truncated to 8 bits.
             PReNet's statistic/{psnr,ssim}.m and test scripts; also RCDNet, DerainCycleGAN.
mprnet       Y rounded to integers; SSIM without shrink; outputs are rounded.
             MPRNet's evaluate_PSNR_SSIM.m; also Restormer, IDT.
rgb          mean squared error over the three channels; SSIM per channel, averaged; outputs are rounded.
rainmer      Y with the coefficients of Rainmer's evaluation.py, which have six digits; outputs are not quantised; SSIM
             after a shrink by average pooling.
y_fullrange  Y in 0-255, what OpenCV and Pillow call grey; outputs are rounded.  A diagnostic: 1.2-1.4 dB lower than the
             others for the same images, the most frequent reason why "Python and MATLAB disagree".

PSNR = 10 log10(255^2 / MSE), over the full frame.  SSIM: 11x11 Gaussian window of sigma 1.5, K = (.01, .03), valid part.
The shrink is by max(1, round(short side / 256)).  A half is rounded up (640 pixels: 3), but under `rainmer` to the even
number (640 pixels: 2), like Python's round.  This file is exact and in NumPy; `batched.py` follows it in torch.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from skimage.metrics import structural_similarity

Image8 = UInt8[np.ndarray, "h w 3"]
ImageFloat = Float[np.ndarray, "h w 3"]
Plane = Float[np.ndarray, "h w"]
Scores = tuple[float, float]

SMALLEST = 11  # pixels per side: one window of the SSIM
OVERSHOOT = 0.5  # by which an output may leave [0, 1], and is clipped; beyond, it is on another scale, such as 0-255


@dataclass(frozen=True)
class Protocol:
    """One protocol: quantisation of outputs, planes to compare, shrink before SSIM, and the source of these choices.

    `quantise`: "truncate", "round" or "none".  `luma`: four numbers, Y = w . (R, G, B) + offset on 0-255, or None for the
    three channels themselves.  `shrink`: "box" (MATLAB's imfilter, then every f-th pixel), "pool", or None.
    """

    quantise: str
    luma: tuple[float, float, float, float] | None
    source: str
    round_luma: bool = False
    shrink: str | None = None

    def shrink_factor(self, height: int, width: int) -> int:
        """Return the factor by which SSIM shrinks an image of this size; 1 means no shrink."""
        ratio = min(height, width) / 256
        rounded = {None: 1, "box": math.floor(ratio + 0.5), "pool": round(ratio)}[self.shrink]
        return max(1, rounded)


_STUDIO = (65.481 / 255, 128.553 / 255, 24.966 / 255, 16.0)  # MATLAB's rgb2ycbcr

PROTOCOLS = {
    "prenet": Protocol("truncate", _STUDIO, "csdwren/PReNet, statistic/psnr.m, ssim.m", shrink="box"),
    "mprnet": Protocol("round", _STUDIO, "swz30/MPRNet, Deraining/evaluate_PSNR_SSIM.m", round_luma=True),
    "rgb": Protocol("round", None, "mean over R, G, B; SSIM as the others"),
    "rainmer": Protocol(
        "none", (0.256789, 0.504129, 0.097906, 16.0), "Schizophreni/Rainmer, evaluation.py", shrink="pool"
    ),
    "y_fullrange": Protocol("round", (0.299, 0.587, 0.114, 0.0), "OpenCV's and Pillow's grey; diagnostic only"),
}


def protocol(name: str) -> Protocol:
    """Return a protocol by name; ValueError lists the names."""
    if name not in PROTOCOLS:
        raise ValueError(f"protocol {name!r}: choose one of {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]


def quantise(image: ImageFloat, how: str) -> Image8 | ImageFloat:
    """Scale [0, 1] to 0-255: "truncate" is uint8(255 x), "round" the nearest integer (a half up), "none" stays a float."""
    scaled = np.clip(image, 0, 1) * 255
    if how == "none":
        return scaled
    return (scaled if how == "truncate" else np.floor(scaled + 0.5)).astype(np.uint8)


def evaluate(output: ImageFloat | Image8, clean: Image8, name: str) -> Scores:
    """Return PSNR (dB, infinite for equal images) and SSIM of an output, in [0, 1] or already 8-bit, under one protocol.

    An output that leaves [0, 1] a little is clipped.  Raises ValueError on an unknown protocol, on images of different sizes,
    on sides under 11 pixels, on values that are not finite, and on floats of another scale, such as 0-255.
    """
    chosen = protocol(name)
    _check(output, clean)
    ours = output if output.dtype == np.uint8 else quantise(output, chosen.quantise)
    pairs = list(zip(planes(ours, chosen), planes(clean, chosen), strict=True))
    error = np.mean([np.mean((a - b) ** 2) for a, b in pairs])
    psnr = float(10 * np.log10(255**2 / error)) if error else float("inf")
    return psnr, float(np.mean([ssim(*(shrink(plane, chosen) for plane in pair)) for pair in pairs]))


def evaluate_all(output: ImageFloat | Image8, clean: Image8) -> dict[str, Scores]:
    """Return PSNR and SSIM under every protocol."""
    return {name: evaluate(output, clean, name) for name in PROTOCOLS}


def planes(image: Image8 | ImageFloat, chosen: Protocol) -> list[Plane]:
    """Return the planes that a protocol compares, in 0-255 and double precision: Y, or R, G and B."""
    image = image.astype(np.float64)
    if chosen.luma is None:
        return list(np.moveaxis(image, 2, 0))
    y = image @ np.array(chosen.luma[:3]) + chosen.luma[3]
    return [np.floor(y + 0.5) if chosen.round_luma else y]


def ssim(a: Plane, b: Plane) -> float:
    """Return the structural similarity (Wang et al., TIP 2004) of two planes in 0-255, mean over the valid part."""
    return float(
        structural_similarity(a, b, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    )


def shrink(plane: Plane, chosen: Protocol) -> Plane:
    """Shrink a plane before SSIM as a protocol says.

    "box": filter of f x f with symmetric borders, its origin at (f + 1) / 2 as in MATLAB's imfilter, then every f-th pixel.
    "pool": means of f x f blocks; remaining pixels at the right or at the bottom are dropped.
    """
    factor = chosen.shrink_factor(*plane.shape)
    if factor == 1:
        return plane
    if chosen.shrink == "box":
        before = (factor + 1) // 2 - 1
        plane = np.pad(plane, (before, factor - 1 - before), mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(plane, (factor, factor))
    return windows[::factor, ::factor].mean(axis=(2, 3))


def _check(output: np.ndarray, clean: np.ndarray) -> None:
    if output.shape != clean.shape or clean.ndim != 3 or clean.shape[2] != 3 or min(clean.shape[:2]) < SMALLEST:
        raise ValueError(
            f"expected two RGB images of one size, {SMALLEST} pixels or more per side; found {output.shape}, {clean.shape}"
        )
    if clean.dtype != np.uint8 or output.dtype not in (np.uint8, np.float32, np.float64):
        raise ValueError(
            f"expected an output in [0, 1] or 8-bit and an 8-bit ground truth; found {output.dtype}, {clean.dtype}"
        )
    if output.dtype != np.uint8:
        require_unit_scale(output)


def require_unit_scale(image: ImageFloat) -> None:
    """Raise ValueError unless the values are finite and within [0, 1], or close enough to be clipped."""
    if not np.isfinite(image).all():
        raise ValueError("the output has values that are not finite")
    if image.min() < -OVERSHOOT or image.max() > 1 + OVERSHOOT:
        raise ValueError(f"expected an output in [0, 1], found values from {image.min():g} to {image.max():g}: scale it")
