"""Does deraining bring back what a detector sees?  Detections against those on the clean frame, taken as the truth.

The pseudo-truth is the detector's own opinion of the clean frame: it measures what rain takes away and deraining gives
back, not how well objects are recognised.  On the clean frames themselves, every score is 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from rainmer_lib.downstream.detector import COCO, Detections, iou

SURE = 0.4  # score from which a detection counts
SAME = 0.5  # overlap (IoU) from which two boxes of a class are one object


@dataclass(frozen=True)
class Agreement:
    """How far detections agree with the truth, over all images; each value in [0, 1], nan where nothing is counted.

    precision, recall, f1: of the detections that score more than `SURE`.  `average_precision`: by class, of all that were
    passed.  `truths`: number of objects of each class; an average precision of a few objects says little.
    """

    precision: float
    recall: float
    f1: float
    average_precision: dict[str, float]
    truths: dict[str, int]

    def mean_average_precision(self, fewest: int = 1) -> float:
        """Mean over the classes of which the truth has at least `fewest` objects; nan if there is none."""
        values = [value for name, value in self.average_precision.items() if self.truths[name] >= fewest]
        return float(np.mean(values)) if values else float("nan")


def match(found: Detections, truth: Detections, same: float = SAME) -> Bool[np.ndarray, " n"]:
    """Which detections are true: best first, each takes the free true box of its class that it overlaps most, if >= `same`.

    As in COCO's evaluation; a second detection of an object is false.
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
    """Area under precision over recall, precision made monotone: mean over the truths of the best precision at its recall or
    beyond, 0 for those not found.  (VOC 2010's; COCO's 101 points sample the same curve.)  nan without truths."""
    if not truths:
        return float("nan")
    hits = true[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[hits].sum() / truths)


def agreement(found: Sequence[Detections], truth: Sequence[Detections], sure: float = SURE, same: float = SAME) -> Agreement:
    """Detections of each image against the truth of the same image, which is what scores more than `sure` in `truth`.

    Pass all detections down to a low score (`detect(image, 0.05)`): the average precision needs the unsure ones, the
    other measures take those above `sure` alone.  Spread over images: call it on resampled lists.  ValueError if the two
    differ in length or are empty.
    """
    if len(found) != len(truth) or not found:
        raise ValueError(f"detections of {len(found)} images, truth of {len(truth)}; expected one for each image")
    truth = [objects.above(sure) for objects in truth]
    true = np.concatenate([match(objects, there, same) for objects, there in zip(found, truth, strict=True)])
    scores, classes = (np.concatenate([getattr(f, name) for f in found]) for name in ("scores", "classes"))
    existing = np.bincount(np.concatenate([t.classes for t in truth]), minlength=len(COCO))
    # a match among the sure ones stays what it is when unsure ones follow: the best choose first
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
