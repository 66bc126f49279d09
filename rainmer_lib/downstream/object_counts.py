"""Objects found and missed, image by image, and precision, recall and F1 of the sums with their spread over images."""

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from rainmer_lib.downstream.detection_scores import SURE, match
from rainmer_lib.downstream.detector import Detections

COUNTS = ("hits", "found", "truths")
RESAMPLES = 1000


def count_objects(found: Detections, truth: Detections, sure: float = SURE) -> dict[str, int]:
    """hits, found, truths of one image: sure detections that are objects of the truth, all of them, all objects there.

    `truth` is what is found with more than `sure` on the clean frame; see `detection_scores`, whose precision and recall
    are hits / found and hits / truths.
    """
    there, objects = truth.above(sure), found.above(sure)
    return dict(zip(COUNTS, (int(match(objects, there).sum()), len(objects), len(there)), strict=True))


def object_scores(counts: pd.DataFrame, resamples: int = RESAMPLES) -> pd.DataFrame:
    """Precision, recall and F1 over all images of each method and seed, and their bootstrap spread over images.

    `counts` has a row for each method, seed, image, with `COUNTS`, of one test set.  Columns method, seed, test_set,
    precision, recall, f1, then <score>_spread: the standard deviation over `resamples` draws of the images with replacement,
    the same draws for every method; a draw in which nothing is counted has no score and is left out.  nan where nothing is
    counted at all.  ValueError if methods saw other images.
    """
    tables = {key: table.sort_values("image") for key, table in counts.groupby(["method", "seed", "test_set"], sort=False)}
    images = {tuple(table.image) for table in tables.values()}
    if len(images) > 1:
        raise ValueError("methods were counted on other images; expected every method and seed on the same ones")
    number = len(images.pop()) if images else 1
    draws = np.random.default_rng(0).multinomial(number, np.full(number, 1 / number), size=resamples)
    rows = []
    for key, table in tables.items():
        values = table[list(COUNTS)].to_numpy()
        spread = pd.DataFrame(scores_of(draws @ values)).std()  # leaves nan out
        rows.append((*key, *scores_of(values.sum(axis=0)[None])[0], *spread))
    names = ("precision", "recall", "f1")
    return pd.DataFrame(rows, columns=["method", "seed", "test_set", *names, *(f"{name}_spread" for name in names)])


def scores_of(sums: Int[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """hits / found, hits / truths, and 2 hits / (found + truths), for rows of `COUNTS`; nan for nothing of nothing."""
    hits, found, truths = sums.astype(float).T
    with np.errstate(invalid="ignore"):
        return np.stack([hits / found, hits / truths, 2 * hits / (found + truths)], axis=1)
