"""Named protocols: what a PSNR or an SSIM means.  A number without one is a bug.

prenet  Y of BT.601 (16-235), not rounded; SSIM after Wang's shrink by max(1, round(short side / 256)); outputs are
        truncated to 8 bits.  PReNet's statistic/{psnr,ssim}.m and test scripts; also RCDNet, DerainCycleGAN.
mprnet  Y rounded to integers; SSIM without shrink; outputs are rounded.  MPRNet's evaluate_PSNR_SSIM.m; Restormer.
rgb     mean squared error over the three channels; SSIM per channel, averaged; outputs are rounded.

PSNR = 10 log10(255^2 / MSE), over the full frame.  SSIM: 11x11 Gaussian window of sigma 1.5, K = (.01, .03), valid part.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from skimage.metrics import structural_similarity

Image8 = UInt8[np.ndarray, "h w 3"]
Plane = Float[np.ndarray, "h w"]


@dataclass(frozen=True)
class Protocol:
    """Three choices and their source: how outputs become 8-bit, what is compared, whether SSIM shrinks first."""

    quantise: Callable[[np.ndarray], np.ndarray]
    planes: Callable[[Image8], list[Plane]]
    shrink: bool
    source: str


def truncate(image: Float[np.ndarray, "h w 3"]) -> Image8:
    """[0, 1] to 8 bits by cutting off: uint8(255 x)."""
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


def round_half_up(image: Float[np.ndarray, "h w 3"]) -> Image8:
    """[0, 1] to 8 bits by rounding."""
    return np.floor(np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def luma(image: Image8) -> Plane:
    """Y of BT.601 in studio range, as MATLAB's rgb2ycbcr: (65.481 R + 128.553 G + 24.966 B) / 255 + 16."""
    return image.astype(np.float64) @ (np.array([65.481, 128.553, 24.966]) / 255) + 16


PROTOCOLS = {
    "prenet": Protocol(truncate, lambda im: [luma(im)], True, "csdwren/PReNet, statistic/psnr.m, ssim.m"),
    "mprnet": Protocol(
        round_half_up, lambda im: [np.floor(luma(im) + 0.5)], False, "swz30/MPRNet, evaluate_PSNR_SSIM.m"
    ),
    "rgb": Protocol(
        round_half_up, lambda im: list(np.moveaxis(im.astype(np.float64), 2, 0)), False, "mean over R, G, B"
    ),
}


def evaluate(output: Float[np.ndarray, "h w 3"] | Image8, clean: Image8, protocol: str) -> tuple[float, float]:
    """PSNR (dB, infinite for equal images) and SSIM of an output, [0, 1] or already 8-bit, under one protocol.

    Raises ValueError on an unknown protocol, on images of different sizes, and on sides under 11 pixels.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"protocol {protocol!r}: choose one of {', '.join(PROTOCOLS)}")
    if output.shape != clean.shape or clean.ndim != 3 or clean.shape[2] != 3 or min(clean.shape[:2]) < 11:
        raise ValueError(f"need two RGB images of one size, 11 pixels or more a side: {output.shape}, {clean.shape}")
    chosen = PROTOCOLS[protocol]
    ours = chosen.planes(output if output.dtype == np.uint8 else chosen.quantise(output))
    truth = chosen.planes(clean)
    error = np.mean([np.mean((a - b) ** 2) for a, b in zip(ours, truth, strict=True)])
    psnr = float(10 * np.log10(255**2 / error)) if error else float("inf")
    return psnr, float(np.mean([ssim(a, b, chosen.shrink) for a, b in zip(ours, truth, strict=True)]))


def ssim(a: Plane, b: Plane, shrink: bool = False) -> float:
    """Structural similarity of two planes on the 8-bit scale (Wang et al. 2004), optionally after the shrink of 2009."""
    factor = int(np.floor(min(a.shape) / 256 + 0.5))
    if shrink and factor > 1:
        a, b = _shrink(a, factor), _shrink(b, factor)
    return structural_similarity(a, b, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)


def _shrink(plane: Plane, factor: int) -> Plane:
    """Box filter of factor x factor with symmetric borders, then every factor-th pixel, as MATLAB's imfilter does it."""
    before = (factor + 1) // 2 - 1
    padded = np.pad(plane, (before, factor - 1 - before), mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (factor, factor))
    return windows[::factor, ::factor].mean(axis=(2, 3))
