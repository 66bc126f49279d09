"""Check published weights of one's own download: do they reach here what was measured of them elsewhere?

`python -m rainmer_lib.experiments.anchors FOLDER` prints a table.  FOLDER holds weights that `rainmer convert` has written, in
subfolders named as in `results/published/weights_anchors.csv`, such as `brn-rain100l`: the method, and what it was trained on.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from rainmer_lib.data.test_sets import benchmark_pairs
from rainmer_lib.experiments.records import markdown, published
from rainmer_lib.experiments.runs import device
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.scores import mean_scores, score_images
from rainmer_lib.pretrained.models import load_folder

PROTOCOL = "prenet"
TOLERANCE = 0.01  # dB


def check(folder: Path, say: Callable[[str], None] = print) -> pd.DataFrame:
    """Score every known weights that are in `folder`: a row for each and test set, with the PSNR and SSIM expected and found.

    `reached`: the PSNR is within 0.01 dB of the one expected, which was measured under the same protocol with other code.
    `printed` is what the authors print.  Raises FileNotFoundError that lists the names if `folder` holds none of them.
    """
    known = published("weights_anchors")
    there = known[[(folder / name).is_dir() for name in known.weights]]
    if there.empty:
        raise FileNotFoundError(f"{folder} holds no folder of converted weights; known are {', '.join(known.weights.unique())}")
    rows = []
    for row in there.itertuples():
        say(f"{row.weights} on {row.test_set}")
        network = load_folder(folder / row.weights).to(device())
        scores = score_images((pair, derain(network, pair.rainy)) for pair in benchmark_pairs(row.test_set))
        found = mean_scores(scores, []).set_index("protocol").loc[PROTOCOL]
        reached = abs(found.psnr - row.psnr) <= TOLERANCE
        rows.append((row.weights, row.test_set, row.psnr, found.psnr, reached, row.ssim, found.ssim, row.printed, row.source))
    columns = ["weights", "test set", "PSNR expected", "PSNR", "reached", "SSIM expected", "SSIM", "printed", "source"]
    return pd.DataFrame(rows, columns=columns).fillna({"printed": ""}).set_index(["weights", "test set"])


def main() -> None:
    """Print the table of the folder that the command names."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m rainmer_lib.experiments.anchors FOLDER")
    print(markdown(check(Path(sys.argv[1])).round(5)))


if __name__ == "__main__":
    main()
