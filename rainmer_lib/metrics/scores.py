"""Tables of scores, image by image, and their means."""

from collections.abc import Iterable
from typing import Protocol

import numpy as np
import pandas as pd

from rainmer_lib.metrics.protocols import evaluate_all


class Named(Protocol):
    """A pair of images: its name and its clean image, uint8 (h, w, 3)."""

    name: str
    clean: np.ndarray


def score_images(outputs: Iterable[tuple[Named, np.ndarray]]) -> pd.DataFrame:
    """Score outputs by PSNR and SSIM under every protocol; columns image, protocol, psnr, ssim.

    Raises ValueError that names the image.
    """
    rows = []
    for pair, output in outputs:
        try:
            scores = evaluate_all(output, pair.clean)
        except ValueError as error:
            raise ValueError(f"{pair.name}: {error}") from error
        rows += [(pair.name, protocol, *values) for protocol, values in scores.items()]
    return pd.DataFrame(rows, columns=["image", "protocol", "psnr", "ssim"])


def mean_scores(scores: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Mean over the images for each combination of `keys` and protocol, in order of appearance; columns psnr, ssim, images.

    Images that equal their clean ones, whose PSNR is infinite, are counted, but left out of the means, unless all do.
    """
    by = [*keys, "protocol"]
    equal = np.isinf(scores.psnr)
    left_out = equal & ~equal.groupby([scores[key] for key in by]).transform("all")
    kept = scores.assign(**{name: scores[name].mask(left_out) for name in ("psnr", "ssim")})
    groups = kept.groupby(by, sort=False)
    return groups.agg(psnr=("psnr", "mean"), ssim=("ssim", "mean"), images=("image", "size")).reset_index()
