"""Measure how far deraining restores detections: compare them with those on the clean frame, the pseudo ground truth.

The pseudo ground truth is the detector's own result on the clean frame: scores measure how much rain removes and deraining
restores, not how well objects are recognised.  On the clean frames themselves, every score is 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from rainmer_lib.downstream.detector import COCO, Detections, iou

SURE = 0.4  # score above which a detection counts
SAME = 0.5  # IoU from which two boxes of a class count as one object


@dataclass(frozen=True)
class Agreement:
    """Agreement of detections with the ground truth over all images; each value in [0, 1], nan where nothing is counted.

    precision, recall, f1: of the detections that score more than `SURE`.  `average_precision`: by class, of all that were
    passed.  `truths`: number of objects of each class; an average precision of a few objects says little.
    """

    precision: float
    recall: float
    f1: float
    average_precision: dict[str, float]
    truths: dict[str, int]

    def mean_average_precision(self, fewest: int = 1) -> float:
        """Average over the classes with at least `fewest` objects in the ground truth; nan if there is none."""
        values = [value for name, value in self.average_precision.items() if self.truths[name] >= fewest]
        return float(np.mean(values)) if values else float("nan")


def match(found: Detections, truth: Detections, same: float = SAME) -> Bool[np.ndarray, " n"]:
    """Return which detections are true positives.

    Best first, each detection takes the free ground-truth box of its class that it overlaps most, if that IoU is at least
    `same`.  As in COCO's evaluation, a second detection of an object is false.
    """
    overlaps = iou(found.boxes, truth.boxes)
    overlaps[found.classes[:, None] != truth.classes[None]] = 0
    true = np.zeros(len(found), bool)
    if not len(truth):
        return true
    for place in np.argsort(-found.scores, kind="stable"):
        partner = overlaps[place].argmax()
        if overlaps[place, partner] >= same:
            true[place] = True
            overlaps[:, partner] = 0
    return true


def average_precision(scores: Float[np.ndarray, " n"], true: Bool[np.ndarray, " n"], truths: int) -> float:
    """Return the area under precision over recall, with precision made monotone; nan without ground truth.

    This is the mean over the objects of the ground truth of the best precision at the object's recall or beyond, 0 for
    objects not found.  (VOC 2010's definition; COCO's 101 points sample the same curve.)
    """
    if not truths:
        return float("nan")
    hits = true[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[hits].sum() / truths)


def agreement(found: Sequence[Detections], truth: Sequence[Detections], sure: float = SURE, same: float = SAME) -> Agreement:
    """Compare the detections of each image with the ground truth of the same image, the objects above `sure` in `truth`.

    Pass all detections down to a low score (`detect(image, 0.05)`): the average precision needs the uncertain ones, the other
    measures use only those above `sure`.  For the spread over images, call it on resampled lists.  Raises ValueError if the
    two lists differ in length or are empty.
    """
    if len(found) != len(truth) or not found:
        raise ValueError(f"detections of {len(found)} images, ground truth of {len(truth)}; expected one for each image")
    truth = [objects.above(sure) for objects in truth]
    true = np.concatenate([match(objects, there, same) for objects, there in zip(found, truth, strict=True)])
    scores, classes = (np.concatenate([getattr(f, name) for f in found]) for name in ("scores", "classes"))
    existing = np.bincount(np.concatenate([t.classes for t in truth]), minlength=len(COCO))
    # matches of sure detections do not change when unsure ones follow: the best are matched first
    hits = int(true[scores > sure].sum())
    wrong, missed = int((scores > sure).sum()) - hits, int(existing.sum()) - hits
    return Agreement(
        _ratio(hits, hits + wrong),
        _ratio(hits, hits + missed),
        _ratio(2 * hits, 2 * hits + wrong + missed),
        {COCO[k]: average_precision(scores[classes == k], true[classes == k], existing[k]) for k in np.flatnonzero(existing)},
        {COCO[k]: int(existing[k]) for k in np.flatnonzero(existing)},
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
