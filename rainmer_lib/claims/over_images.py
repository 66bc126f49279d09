"""Test whether one method is better than another over the images of a test set, image by image, averaged over runs.

`over_seeds` tests whether a ranking holds from training run to training run; this module tests whether it holds from image to
image, for the runs at hand.  Neither test replaces the other.
"""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd
from jaxtyping import Float

CONFIDENCE = 0.95
RESAMPLES = 9999

Differences = Float[np.ndarray, " n"]


def paired_test(scores: pd.DataFrame, better: str, worse: str, protocol: str) -> pd.DataFrame:
    """Run `compare_images` for PSNR and SSIM under one protocol; `scores` as in `experiments.compare.Comparison`."""
    return compare_images(scores[scores.protocol == protocol], better, worse, {"psnr": 1, "ssim": 1})


def paired_tests(
    scores: pd.DataFrame, pairs: list[tuple[str, str]], protocol: str, within_seeds: bool = False
) -> pd.DataFrame:
    """Run `paired_test` for several pairs (better, worse) and concatenate the tables.

    `within_seeds`: of each pair, only the seeds that both have, even a single one.  For rows that share initial weights and
    batches under a seed, whose runs differ more from seed to seed than from row to row.
    """
    def chosen(pair: tuple[str, str]) -> pd.DataFrame:
        seeds = [set(scores.seed[scores.method.eq(name)]) for name in pair]
        return scores[scores.seed.isin(seeds[0] & seeds[1])] if within_seeds else scores

    return pd.concat([paired_test(chosen(pair), *pair, protocol) for pair in pairs], ignore_index=True)


def paired_table(scores: pd.DataFrame, printed: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """Run `compare_images` on the neighbours of a printed table's ranking: `over_seeds.check_table` over images.

    Each metric has its own ranking.  `printed` is indexed by method and has columns psnr and ssim.
    """
    chosen, parts = scores[scores.protocol == protocol], []
    for metric in ("psnr", "ssim"):
        order = list(printed[metric].sort_values(ascending=False).index)
        parts += [compare_images(chosen, *pair, {metric: 1}) for pair in pairwise(order)]
    return pd.concat(parts, ignore_index=True)


def both_verdicts(over_seeds: pd.DataFrame, over_images: pd.DataFrame) -> pd.DataFrame:
    """Join two tables of claims, with the column `over`: seeds (`claims.over_seeds`) or images (this module)."""
    return pd.concat([over_seeds.assign(over="seeds"), over_images.assign(over="images")], ignore_index=True)


def compare_images(scores: pd.DataFrame, better: str, worse: str, signs: Mapping[str, int]) -> pd.DataFrame:
    """Compare two methods, image by image, on every test set on which both were scored.

    `scores` has a row for each method, seed, test set and image.  `signs`: 1 for a metric where higher is better, -1 where
    lower is.  d = sign (better - worse), each averaged over its seeds.  Returns a row for each test set and metric:
    `test_set`, `metric`, `better`, `worse`, `difference` (mean of d), `low` and `high` (its 95 % interval, `mean_interval`),
    `p` (`signed_rank`), `images`, and `verdict`: "supported" if the interval lies above 0 and p < 0.05, "contradicted" if it
    lies below 0 and p < 0.05, else "inconclusive".

    Images are treated as independent draws.  Where several show one scene (frames of a drive, one photo under many rains),
    intervals are too narrow and p is too small.  p is not corrected for the number of rows: of twenty rows without a
    difference, one falls below 0.05.  Raises ValueError if no test set has both methods, if their images or their seeds
    differ, or if a value is not finite.
    """
    parts = {name: table for name, table in scores.groupby("test_set", sort=False) if {better, worse} <= set(table.method)}
    if not parts:
        raise ValueError(f"no test set has scores of both {better} and {worse}; methods are {', '.join(set(scores.method))}")
    rows = []
    for test_set, table in parts.items():
        for metric, sign in signs.items():
            values = sign * differences(table, better, worse, metric)
            low, high = mean_interval(values)
            p = signed_rank(values)
            surely = p < 1 - CONFIDENCE
            verdict = "supported" if surely and low > 0 else "contradicted" if surely and high < 0 else "inconclusive"
            rows.append((test_set, metric, better, worse, values.mean(), low, high, p, len(values), verdict))
    columns = ["test_set", "metric", "better", "worse", "difference", "low", "high", "p", "images", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def differences(scores: pd.DataFrame, better: str, worse: str, metric: str) -> Differences:
    """Return better - worse on each image of one test set, each averaged over its seeds.

    Of two with several runs, one may have a part of the other's seeds: both are then averaged over these.  Raises ValueError if
    the images or seeds of the two cannot be paired.
    """
    scores = scores.assign(image=scores.image.astype(str))  # names such as 344010 come back from a CSV as numbers
    chosen = (scores[scores.method.eq(method)] for method in (better, worse))
    tables = [table.pivot(index="image", columns="seed", values=metric) for table in chosen]
    seeds = [set(table.columns) for table in tables]
    several, shared = 1 not in map(len, seeds), seeds[0] & seeds[1]  # one: fixed weights, or a single training run
    if several and shared not in seeds:
        raise ValueError(f"{better} has the seeds {sorted(seeds[0])}, {worse} {sorted(seeds[1])}; expected the same")
    tables = [table[sorted(shared)] for table in tables] if several else tables
    if set(tables[0].index) != set(tables[1].index):
        other = sorted(set(tables[0].index) ^ set(tables[1].index))
        names = ", ".join(map(str, other[:5]))
        raise ValueError(f"{better} and {worse} were scored on different images: only one of them has {names}")
    found = tables[0].mean(axis=1, skipna=False) - tables[1].mean(axis=1, skipna=False)
    if not np.isfinite(found).all():
        raise ValueError(f"{metric} of {better} and {worse} on {found.index[~np.isfinite(found)][0]}: expected finite scores")
    return found.to_numpy()


def signed_rank(values: Differences) -> float:
    """Return the two-sided p of Wilcoxon's signed-rank test that differences are symmetric about 0; 1 if all of them are 0.

    W is the sum of the ranks of |d| over d > 0.  If either sign is equally likely for each rank,
    p = P(|W - E W| >= the observed value).  Zeros are left out.
    F. Wilcoxon: Individual comparisons by ranking methods.  Biometrics Bulletin 1(6), 1945.
    """
    from scipy.stats import wilcoxon  # half a second, which a training job does without

    return float(wilcoxon(values).pvalue) if np.any(values) else 1.0


def mean_interval(values: Differences) -> tuple[float, float]:
    """Return the 95 % interval of the mean, by 9,999 bootstrap samples.

    Percentiles of the means of samples drawn with replacement (B. Efron, 1979), from a fixed seed.  With a dozen images the
    interval is a little too narrow.  A single value has no interval: nan, nan.
    """
    from scipy.stats import bootstrap

    if len(values) < 2:
        return float("nan"), float("nan")
    found = bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, confidence_level=CONFIDENCE, method="percentile",
        random_state=np.random.default_rng(0),
    )  # fmt: skip
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
