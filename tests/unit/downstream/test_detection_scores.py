"""Agreement of detections: matching and average precision against loops, cases by hand, and what the clean frame has."""

import math

import numpy as np
import pytest

from rainmer_lib.data.test_sets import benchmark_pairs
from rainmer_lib.downstream.detection_scores import agreement, average_precision, match
from rainmer_lib.downstream.detector import Detections, detect

NOTHING = Detections(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))


def objects(*rows):
    """(left, score, class) of boxes of 10x10 pixels on one line."""
    table = np.array(rows, float).reshape(-1, 3)
    boxes = np.stack([table[:, 0], 0 * table[:, 0], table[:, 0] + 10, 0 * table[:, 0] + 10], axis=1)
    return Detections(boxes, table[:, 1], table[:, 2].astype(int))


def on_a_line(seed, count):
    rng = np.random.default_rng(seed)
    return objects(*zip(rng.uniform(0, 60, count), rng.uniform(0, 1, count), rng.integers(0, 2, count), strict=True))


def slow_match(found, truth, same):
    free, true = list(range(len(truth))), [False] * len(found)
    for k in sorted(range(len(found)), key=lambda k: -found.scores[k]):
        best, partner = same, None
        for t in free:
            shift = abs(found.boxes[k, 0] - truth.boxes[t, 0])
            overlap = max(0, 10 - shift) / (10 + min(shift, 10))
            if found.classes[k] == truth.classes[t] and overlap >= best:
                best, partner = overlap, t
        if partner is not None:
            free.remove(partner)
            true[k] = True
    return true


@pytest.mark.parametrize("seed", range(20))
def test_matching_equals_its_loops(seed):
    found, truth = on_a_line(seed, 15), on_a_line(seed + 100, 9)
    got = match(found, truth, 0.4)
    assert got.tolist() == slow_match(found, truth, 0.4)
    assert 0 < got.sum() < 15


def test_an_object_is_found_once_in_its_class_and_near_enough():
    truth = objects((0, 1, 0), (30, 1, 0))
    found = objects((1, 0.6, 0), (0, 0.9, 0), (30, 0.8, 1), (34, 0.7, 0))
    assert match(found, truth).tolist() == [False, True, False, False]  # twice, true, other class, overlap 3/7
    assert match(found, truth, 0.4).tolist() == [False, True, False, True]
    assert not match(found, NOTHING).any() and len(match(NOTHING, truth)) == 0


def test_the_nearest_free_box_is_taken():
    truth = objects((0, 1, 0), (4, 1, 0))
    assert match(objects((3, 0.9, 0), (1, 0.8, 0)), truth, 0.3).tolist() == [True, True]
    assert match(objects((3, 0.9, 0), (4, 0.8, 0)), truth, 0.5).tolist() == [True, False]


def test_average_precision_by_hand():
    """Found, wrong, found, of three: precisions 1 and 2/3 at recalls 1/3 and 2/3, nothing beyond."""
    scores, true = np.array([0.9, 0.8, 0.7]), np.array([True, False, True])
    assert average_precision(scores, true, 3) == pytest.approx((1 + 2 / 3) / 3)
    assert average_precision(scores[[2, 0, 1]], true[[2, 0, 1]], 3) == pytest.approx((1 + 2 / 3) / 3)
    assert average_precision(np.array([0.9, 0.8]), np.array([False, True]), 1) == 0.5
    assert average_precision(np.zeros(0), np.zeros(0, bool), 2) == 0
    assert math.isnan(average_precision(scores, true, 0))


@pytest.mark.parametrize("seed", range(10))
def test_average_precision_equals_the_area(seed):
    """The area under p(r) = the best precision at a recall of r or more, in small steps of r."""
    rng = np.random.default_rng(seed)
    scores, true = rng.permutation(12) / 12, rng.random(12) < 0.5
    truths = int(true.sum()) + 2
    order = sorted(range(12), key=lambda k: -scores[k])
    points = []
    for n in range(1, 13):
        hits = sum(true[k] for k in order[:n])
        points.append((hits / truths, hits / n))
    steps = [(i + 0.5) / (40 * truths) for i in range(40 * truths)]
    area = sum(max((p for r, p in points if r >= step), default=0) for step in steps) / len(steps)
    assert average_precision(scores, true, truths) == pytest.approx(area, abs=1e-12)


def test_agreement_by_hand():
    """Two images: a car found, another missed, a person found unsurely, a car where none is."""
    truth = [objects((0, 0.9, 2), (30, 0.8, 2), (60, 0.3, 2)), objects((0, 0.6, 0))]
    found = [objects((0, 0.7, 2), (60, 0.65, 2)), objects((0, 0.2, 0), (30, 0.1, 2))]
    got = agreement(found, truth)
    assert (got.precision, got.recall) == (1 / 2, 1 / 3)
    assert got.f1 == pytest.approx(2 * (1 / 2) * (1 / 3) / (1 / 2 + 1 / 3))
    assert got.truths == {"person": 1, "car": 2}
    assert got.average_precision == {"person": 1.0, "car": 0.5}
    assert got.mean_average_precision() == 0.75 and got.mean_average_precision(2) == 0.5
    assert math.isnan(got.mean_average_precision(3))


def test_the_truth_agrees_with_itself_and_nothing_with_nothing():
    truth = [objects((0, 0.9, 2), (30, 0.8, 0), (60, 0.1, 5)), NOTHING]
    same = agreement(truth, truth)
    assert (same.precision, same.recall, same.f1, same.mean_average_precision()) == (1, 1, 1, 1)
    none = agreement([NOTHING, NOTHING], truth)
    assert math.isnan(none.precision) and (none.recall, none.f1, none.mean_average_precision()) == (0, 0, 0)
    assert math.isnan(agreement([NOTHING], [NOTHING]).f1)


def test_lists_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="detections of 1 images, ground truth of 2"):
        agreement([NOTHING], [NOTHING, NOTHING])
    with pytest.raises(ValueError, match="of 0 images"):
        agreement([], [])


@pytest.mark.data
def test_rain_hides_objects():
    pairs = [pair for pair, _ in zip(benchmark_pairs("raincityscapes60"), range(12), strict=False)]
    truth = [detect(pair.clean, 0.05) for pair in pairs]
    rainy = agreement([detect(pair.rainy, 0.05) for pair in pairs], truth)
    assert sum(rainy.truths.values()) > 40
    assert 0.3 < rainy.recall < 0.8 and rainy.precision > rainy.recall
    assert agreement(truth, truth).f1 == 1
