"""Tables of scores, image by image, and their means."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from rainmer_lib.data.test_sets import Pair
from rainmer_lib.metrics.protocols import evaluate_all


def score_images(outputs: Iterable[tuple[Pair, np.ndarray]]) -> pd.DataFrame:
    """PSNR and SSIM of outputs under every protocol: columns image, protocol, psnr, ssim; ValueError names the image."""
    rows = []
    for pair, output in outputs:
        try:
            scores = evaluate_all(output, pair.clean)
        except ValueError as error:
            raise ValueError(f"{pair.name}: {error}") from error
        rows += [(pair.name, protocol, *values) for protocol, values in scores.items()]
    return pd.DataFrame(rows, columns=["image", "protocol", "psnr", "ssim"])


def mean_scores(scores: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Mean over the images for each combination of `keys` and protocol, in order of appearance; columns psnr, ssim, images."""
    groups = scores.groupby([*keys, "protocol"], sort=False)
    return groups.agg(psnr=("psnr", "mean"), ssim=("ssim", "mean"), images=("image", "size")).reset_index()
