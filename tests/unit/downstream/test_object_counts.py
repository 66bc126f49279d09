"""Counts and their scores equal those of `detection_scores`; the bootstrap equals a plain loop over resampled lists."""

import numpy as np
import pandas as pd
import pytest

from rainmer_lib.downstream.detection_scores import agreement
from rainmer_lib.downstream.detector import Detections
from rainmer_lib.downstream.object_counts import COUNTS, count_objects, object_scores


def street(seed, truth=None):
    """A few boxes on a line; with a truth, some of its boxes kept, some moved away, some unsure."""
    rng = np.random.default_rng(seed)
    if truth is None:
        left, number = np.arange(6) * 20.0, rng.integers(0, 2, 6)
    else:
        left, number = truth.boxes[:, 0] + rng.choice([0, 1, 9], 6), truth.classes
    boxes = np.stack([left, np.zeros(6), left + 10, np.full(6, 10.0)], axis=1)
    return Detections(boxes, rng.uniform(0.2, 0.9, 6), number)


@pytest.fixture
def scenes():
    truth = [street(seed) for seed in range(12)]
    return truth, {name: [street(100 * k + i, t) for i, t in enumerate(truth)] for k, name in enumerate(("a", "b"), start=1)}


@pytest.fixture
def counts(scenes):
    truth, found = scenes
    rows = [{"method": name, "seed": 0, "test_set": "streets", "image": i} | count_objects(f, t)
            for name, list_ in found.items() for i, (f, t) in enumerate(zip(list_, truth, strict=True))]  # fmt: skip
    return pd.DataFrame(rows)


def test_scores_are_those_of_the_agreement(scenes, counts):
    truth, found = scenes
    for row in object_scores(counts).itertuples():
        whole = agreement(found[row.method], truth)
        assert (row.precision, row.recall, row.f1) == pytest.approx((whole.precision, whole.recall, whole.f1))
        assert 0 < row.recall < 1 and 0 < row.precision < 1 and row.test_set == "streets"


def test_the_spread_is_that_of_resampled_lists(scenes, counts):
    truth, found = scenes
    rng, loops = np.random.default_rng(7), []
    for _ in range(400):
        drawn = rng.integers(0, len(truth), len(truth))
        whole = agreement([found["a"][i] for i in drawn], [truth[i] for i in drawn])
        loops.append((whole.precision, whole.recall, whole.f1))
    row = object_scores(counts, resamples=4000).iloc[0]
    expected = np.std(loops, axis=0, ddof=1)
    assert row[["precision_spread", "recall_spread", "f1_spread"]].astype(float).to_numpy() == pytest.approx(expected, rel=0.15)


def test_every_method_meets_the_same_draws(counts):
    twice = pd.concat([counts[counts.method.eq("a")], counts[counts.method.eq("a")].assign(method="c")[::-1]])
    first, second = object_scores(twice).drop(columns="method").to_numpy().tolist()
    assert first == second


def test_nothing_found_has_no_precision_and_draws_without_are_left_out():
    rows = [("a", 0, "s", i, int(i == 0), int(i == 0), 1) for i in range(4)]
    table = pd.DataFrame(rows, columns=["method", "seed", "test_set", "image", *COUNTS])
    row = object_scores(table).iloc[0]
    assert (row.precision, row.recall) == (1, 0.25) and row.precision_spread == 0 and row.recall_spread > 0
    none = object_scores(table.assign(hits=0, found=0))
    assert np.isnan(none.precision[0]) and none.recall[0] == 0


def test_other_images_are_refused_and_no_rows_give_none(counts):
    with pytest.raises(ValueError, match="counted on different images"):
        object_scores(counts[1:])
    assert object_scores(counts[:0]).empty
