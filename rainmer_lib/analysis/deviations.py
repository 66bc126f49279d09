"""Measure how much a small deviation from a protocol changes scores; each deviation is one change to `prenet`.

All of them occur in published evaluation code; none raises an error there.
"""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from jaxtyping import Float
from PIL import Image
from skimage.metrics import structural_similarity
from skimage.transform import resize

from rainmer_lib.data.test_sets import Pair
from rainmer_lib.metrics.protocols import PROTOCOLS, Image8, ImageFloat, Plane, Protocol, Scores, planes, quantise, shrink

BASE = PROTOCOLS["prenet"]
GAUSSIAN = {"data_range": 255, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}


@dataclass(frozen=True)
class Deviation:
    """A change of the protocol, of the arguments of the SSIM, or of the two images before they are scored."""

    protocol: Protocol = BASE
    ssim: Callable[[Plane, Plane], float] = lambda a, b: structural_similarity(a, b, **GAUSSIAN)
    images: Callable[[Image8, Image8], tuple[Image8, Image8]] = lambda output, clean: (output, clean)

    def measure(self, output: ImageFloat, clean: Image8) -> Scores:
        """Return PSNR in dB and SSIM of one output in [0, 1]."""
        pair = self.images(quantise(output, self.protocol.quantise), clean)
        ours, truth = (planes(image, self.protocol) for image in pair)
        error = np.mean([np.mean((a - b) ** 2) for a, b in zip(ours, truth, strict=True)])
        small = [[shrink(plane, self.protocol) for plane in side] for side in (ours, truth)]
        similarity = np.mean([self.ssim(a, b) for a, b in zip(*small, strict=True)])
        return float(10 * np.log10(255**2 / error)), float(similarity)


def _skimage(**changes) -> Callable[[Plane, Plane], float]:
    return lambda a, b: structural_similarity(a, b, **{**GAUSSIAN, **changes})


def _uncropped(a: Plane, b: Plane) -> float:
    return structural_similarity(a, b, full=True, **GAUSSIAN)[1].mean()


def _square(image: Image8, side: int = 256) -> Image8:
    return np.round(resize(image, (side, side), order=3, preserve_range=True, anti_aliasing=True)).clip(0, 255).astype(np.uint8)


def _jpeg(image: Image8) -> Image8:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=95)
    return np.asarray(Image.open(buffer))


DEVIATIONS = {
    "outputs rounded, not truncated": Deviation(replace(BASE, quantise="round")),
    "outputs not quantised": Deviation(replace(BASE, quantise="none")),
    "Y rounded to integers": Deviation(replace(BASE, round_luma=True)),
    "Y of full range": Deviation(replace(BASE, luma=PROTOCOLS["y_fullrange"].luma)),
    "RGB instead of Y": Deviation(replace(BASE, luma=None)),
    "blue and red exchanged": Deviation(images=lambda output, clean: (output[..., ::-1], clean[..., ::-1])),
    "SSIM without shrink": Deviation(replace(BASE, shrink=None)),
    "SSIM with a 7x7 box": Deviation(ssim=lambda a, b: structural_similarity(a, b, data_range=255)),
    "SSIM with sample covariance": Deviation(ssim=_skimage(use_sample_covariance=True)),
    "SSIM with its border": Deviation(ssim=_uncropped),
    "SSIM of range 219": Deviation(ssim=_skimage(data_range=219)),
    "outputs saved as JPEG": Deviation(images=lambda output, clean: (_jpeg(output), clean)),
    "both images at 256x256": Deviation(images=lambda output, clean: (_square(output), _square(clean))),
}


def measure_deviations(outputs: Iterable[tuple[Pair, Float[np.ndarray, "h w 3"]]]) -> pd.DataFrame:
    """Return a row for each image and deviation: image, deviation, psnr and ssim, both minus their value under `prenet`."""
    rows = []
    for pair, output in outputs:
        base = np.array(Deviation().measure(output, pair.clean))
        for name, deviation in DEVIATIONS.items():
            rows.append((pair.name, name, *(np.array(deviation.measure(output, pair.clean)) - base)))
    return pd.DataFrame(rows, columns=["image", "deviation", "psnr", "ssim"])
