"""From what `recognition.look` saw to a table, and to verdicts on what the paper claims with Fig. 10."""

from collections.abc import Sequence

import pandas as pd

from rainmer_lib.downstream.object_counts import COUNTS, object_scores
from rainmer_lib.experiments.fixed_methods import each_seed
from rainmer_lib.experiments.measures import check_measures
from rainmer_lib.experiments.recognition import INPUT

KEYS = ["method", "seed", "test_set"]
RAIN = {"confidence": -1, "log_odds": -1}  # the latter tells where the former is near 0 or 1
SCORES = {"precision": 1, "recall": 1, "f1": 1}


def mean_confidence(seen: pd.DataFrame) -> pd.DataFrame:
    """Mean over the images, a row for each method, seed and test set: columns confidence and log_odds."""
    return seen.groupby(KEYS, sort=False)[["confidence", "log_odds"]].mean().reset_index()


def scores_of_objects(seen: pd.DataFrame) -> pd.DataFrame:
    """`object_counts.object_scores` of the set in which objects were sought; no rows where there is none."""
    return object_scores(seen[seen.truths.notna()].astype(dict.fromkeys(COUNTS, int)))


def summary(means: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Rows are methods, columns P(rain) on each test set, then the scores of objects: mean over seeds +- their deviation.

    `scores` as `object_counts.object_scores` makes them, or empty.
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
    """Verdicts: every method lowers P(rain) and its log odds, ours the most; every method brings objects back, ours the most.

    On every test set and score, as `measures.check_measures`; `means` of `mean_confidence`, `scores` maybe empty.
    """
    parts = []
    for table, signs in ((means, RAIN), (scores, SCORES)):
        if len(table):
            table = each_seed(table)
            parts += [check_measures(table, method, [INPUT], signs, "test_set") for method in (ours, *others)]
            parts.append(check_measures(table, ours, others, signs, "test_set"))
    return pd.concat(parts, ignore_index=True)

