"""Calibrate the metrics: score the published PReNet under every protocol and compare with the numbers its authors print.

`python -m rainmer_lib.experiments.calibration` writes results/calibration/prenet.csv (image by image) and prenet.md in about
ten minutes on one idle core.  It needs Rain100L, Rain100H, Rain12 and the published weights on the data root.
"""

from collections.abc import Callable

import pandas as pd

from rainmer_lib import atomic, paths
from rainmer_lib.data.test_sets import benchmark_pairs
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import PROTOCOLS
from rainmer_lib.metrics.scores import mean_scores, score_images
from rainmer_lib.pretrained.models import load_model

# (weights, test set): PSNR and SSIM on Y as printed in the README of csdwren/PReNet
PUBLISHED = {
    ("prenet-rain100l", "rain100l"): (37.48, 0.979),
    ("prenet-rain100h", "rain100h"): (29.46, 0.899),
    ("prenet-rain100l", "rain12"): (36.66, 0.961),
}
STEM = "prenet"


def calibrate(say: Callable[[str], None] = print) -> pd.DataFrame:
    """Score the published weights and the unprocessed rainy input: columns method, test_set, image, protocol, psnr, ssim."""
    parts = []
    for model, test_set in PUBLISHED:
        say(f"{model} on {test_set}")
        network = load_model(model)
        outputs = score_images((pair, derain(network, pair.rainy)) for pair in benchmark_pairs(test_set))
        inputs = score_images((pair, pair.rainy) for pair in benchmark_pairs(test_set))
        parts += [inputs.assign(method="input", test_set=test_set), outputs.assign(method=model, test_set=test_set)]
    return pd.concat(parts, ignore_index=True)[["method", "test_set", "image", "protocol", "psnr", "ssim"]]


def table(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each test set and method, a column "PSNR / SSIM" for each protocol, and last the authors' numbers."""
    means = mean_scores(scores, ["test_set", "method"])
    means["cell"] = [f"{psnr:.2f} / {ssim:.4f}" for psnr, ssim in zip(means.psnr, means.ssim, strict=True)]
    wide = means.pivot(index=["test_set", "method"], columns="protocol", values="cell")[list(PROTOCOLS)]
    printed = {(test_set, model): f"{psnr} / {ssim}" for (model, test_set), (psnr, ssim) in PUBLISHED.items()}
    return wide.assign(printed=[printed.get(key, "") for key in wide.index])


def main() -> None:
    """Run the calibration and write its files."""
    from rainmer_lib.experiments.records import markdown

    folder = paths.results_root() / "calibration"
    scores = calibrate()
    atomic.write(folder / f"{STEM}.csv", lambda part: scores.to_csv(part, index=False, float_format="%.6f"))
    atomic.write_text(folder / f"{STEM}.md", markdown(table(scores)))


if __name__ == "__main__":
    main()
