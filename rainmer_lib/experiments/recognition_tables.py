"""Summarise the results of `recognition.recognise` in a table, and judge the paper's claims of Fig. 10."""

from collections.abc import Sequence

import pandas as pd

from rainmer_lib.claims.over_seeds import check_measures, each_seed
from rainmer_lib.downstream.object_counts import COUNTS, object_scores
from rainmer_lib.experiments.recognition import INPUT

KEYS = ["method", "seed", "test_set"]
RAIN = {"confidence": -1, "log_odds": -1}  # the log odds still differ where the confidence is near 0 or 1
SCORES = {"precision": 1, "recall": 1, "f1": 1}


def mean_confidence(recognised: pd.DataFrame) -> pd.DataFrame:
    """Average confidence and log_odds over the images: a row for each method, seed and test set."""
    return recognised.groupby(KEYS, sort=False)[["confidence", "log_odds"]].mean().reset_index()


def scores_of_objects(recognised: pd.DataFrame) -> pd.DataFrame:
    """Compute `object_counts.object_scores` on the test set with detections; without such a set there are no rows."""
    return object_scores(recognised[recognised.truths.notna()].astype(dict.fromkeys(COUNTS, int)))


def summary(means: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Return a table: rows are methods, columns P(rain) on each test set, then the scores of objects.

    Cells are the mean over seeds +- their standard deviation.  `scores` comes from `object_counts.object_scores` or is empty.
    """
    columns = {}
    for test_set, rows in means.groupby("test_set", sort=False):
        columns[test_set, "P(rain)"] = _cells(rows, "confidence")
    for test_set, rows in scores.groupby("test_set", sort=False) if len(scores) else ():
        columns |= {(test_set, name): _cells(rows, name) for name in SCORES}
    return pd.DataFrame(columns, index=list(dict.fromkeys(means.method))).fillna("").rename_axis("method")


def _cells(rows: pd.DataFrame, measure: str) -> pd.Series:
    found = rows.groupby("method", sort=False)[measure].agg(["mean", "std", "size"])
    return found.apply(lambda row: f"{row['mean']:.3f}" + (f" ± {row['std']:.3f}" if row["size"] > 1 else ""), axis=1)


def claims(means: pd.DataFrame, scores: pd.DataFrame, ours: str, others: Sequence[str]) -> pd.DataFrame:
    """Judge the claims: every method lowers P(rain) and its log odds, ours most; every method recovers objects, ours most.

    One verdict for each test set and measure, with the columns of `claims.over_seeds.check_measures`.  `means` comes from
    `mean_confidence`; `scores` may be empty.
    """
    parts = []
    for table, signs in ((means, RAIN), (scores, SCORES)):
        if len(table):
            table = each_seed(table)
            parts += [check_measures(table, method, [INPUT], signs, "test_set") for method in (ours, *others)]
            parts.append(check_measures(table, ours, others, signs, "test_set"))
    return pd.concat(parts, ignore_index=True)

