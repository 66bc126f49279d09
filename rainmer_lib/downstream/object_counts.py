"""Count objects found and missed, image by image; precision, recall and F1 of the sums with their spread over images."""

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from rainmer_lib.downstream.detection_scores import SURE, match
from rainmer_lib.downstream.detector import Detections

COUNTS = ("hits", "found", "truths")
RESAMPLES = 1000


def count_objects(found: Detections, truth: Detections, sure: float = SURE) -> dict[str, int]:
    """Count hits, found and truths of one image.

    hits: detections above `sure` that match an object of the ground truth; found: all detections above `sure`; truths: all
    objects of the ground truth, which are the detections above `sure` in `truth`, made on the clean frame.  The precision and
    recall of `detection_scores` are hits / found and hits / truths.
    """
    there, objects = truth.above(sure), found.above(sure)
    return dict(zip(COUNTS, (int(match(objects, there).sum()), len(objects), len(there)), strict=True))


def object_scores(counts: pd.DataFrame, resamples: int = RESAMPLES) -> pd.DataFrame:
    """Compute precision, recall and F1 over all images of each method and seed, and their bootstrap spread over images.

    `counts` has a row for each method, seed and image of one test set, with `COUNTS`.  Columns method, seed, test_set,
    precision, recall, f1, then <score>_spread: the standard deviation over `resamples` draws of the images with replacement,
    the same draws for every method; a draw in which nothing is counted has no score and is left out.  nan where nothing is
    counted at all.  Raises ValueError if methods were counted on different images.
    """
    tables = {key: table.sort_values("image") for key, table in counts.groupby(["method", "seed", "test_set"], sort=False)}
    images = {tuple(table.image) for table in tables.values()}
    if len(images) > 1:
        raise ValueError("methods were counted on different images; expected the same images for every method and seed")
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
    """Return hits / found, hits / truths, and 2 hits / (found + truths), for rows of `COUNTS`; nan for 0 / 0."""
    hits, found, truths = sums.astype(float).T
    with np.errstate(invalid="ignore"):
        return np.stack([hits / found, hits / truths, 2 * hits / (found + truths)], axis=1)
