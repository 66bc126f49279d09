"""Alignment gives the released result from the released numbers; densities and bins are their definitions."""

import numpy as np
import pytest

from rainmer_lib.data.test_sets import Pair
from rainmer_lib.rainmer import alignment
from rainmer_lib.rainmer.alignment import PUBLISHED, PUBLISHED_TARGET, align_density, rain_density, shares, target_shares


def test_the_published_night_set_comes_out(night):
    chosen = align_density(night, PUBLISHED_TARGET)
    assert alignment.counts(night[chosen]).tolist() == [439, 2842, 9040]
    assert len(chosen) == 12321 == PUBLISHED["GTAV-NightRain, aligned"].images
    assert np.array_equal(shares(night[chosen]).round(3), PUBLISHED["GTAV-NightRain, aligned"].shares)
    assert set(np.flatnonzero(night > 0.08)) <= set(chosen), "all of the scarcest bin are kept"


def test_the_published_shares_are_consistent():
    """The rounded shares of the two sets have the unrounded target as their mean."""
    rounded = np.mean([PUBLISHED["Rain13K"].shares, PUBLISHED["GT-Rain"].shares], axis=0)
    assert np.abs(rounded - PUBLISHED_TARGET).max() < 6e-4


def test_density_is_its_loop():
    rng = np.random.default_rng(1)
    rainy, clean = rng.random((5, 4, 3)), rng.random((5, 4, 3))
    total = 0.0
    for y in range(5):
        for x in range(4):
            difference = max(abs(rainy[y, x, c] - clean[y, x, c]) for c in range(3))
            total += difference / (max(rainy[y, x]) + max(clean[y, x]) + 1e-3)
    assert rain_density(rainy, clean) == pytest.approx(total / 20, rel=1e-6)
    assert rain_density(clean, clean) == 0


def test_density_of_bytes_and_of_the_scale_of_255():
    rng = np.random.default_rng(2)
    rainy, clean = rng.integers(0, 30, (2, 8, 8, 3)).astype(np.uint8)
    assert rain_density(rainy, clean) == pytest.approx(rain_density(rainy / 255, clean / 255), rel=1e-5)
    a, b = rainy.astype(float), clean.astype(float)
    on_255 = np.mean(np.abs(a - b).max(2) / (a.max(2) + b.max(2) + 1e-3))
    assert rain_density(rainy, clean, alignment.EPS_OF_0_255) == pytest.approx(on_255, rel=1e-4)
    assert on_255 > rain_density(rainy, clean)
    with pytest.raises(ValueError, match="one size and type"):
        rain_density(rainy, clean[:4])
    with pytest.raises(ValueError, match="uint8.*float64"):
        rain_density(rainy, clean / 255)
    pairs = [Pair("a", rainy, clean), Pair("b", clean, clean)]
    assert alignment.densities(iter(pairs)) == pytest.approx([rain_density(rainy, clean), 0])


def test_bins_are_closed_above():
    values = np.array([0.0, 0.04, np.nextafter(0.04, 1), 0.08, 0.0801, 0.9])
    slow = [1 if 0.04 < v <= 0.08 else 0 if v <= 0.04 else 2 for v in values]
    assert alignment.bins(values).tolist() == slow == [0, 0, 1, 1, 2, 2]
    assert shares(values) == pytest.approx([1 / 3] * 3)


def test_the_histogram_counts_what_is_inside():
    values = np.array([0.0, 0.039, 0.041, 0.399, 0.4, 0.7])
    heights, edges = alignment.histogram(values)
    slow = [sum(lo <= v < hi for v in values) / 4 for lo, hi in zip(edges, edges[1:], strict=False)]
    assert heights.tolist() == slow and len(heights) == 10 and edges[-1] == pytest.approx(0.4)
    with pytest.raises(ValueError, match=r"no density lies in \[0, 0.4\)"):
        alignment.histogram(np.array([0.5]))


def test_each_set_counts_once_whatever_its_size():
    assert target_shares([np.array([0.01]), np.full(99, 0.5)]) == pytest.approx([0.5, 0, 0.5])


@pytest.mark.parametrize("edges", [alignment.EDGES, alignment.FINE_EDGES])
def test_the_subset_has_the_target_shares(night, edges):
    rng = np.random.default_rng(3)
    others = [np.clip(rng.normal(0.13, 0.06, 5000), 0.01, 0.36), np.clip(rng.normal(0.14, 0.05, 9000), 0.01, 0.36)]
    target = target_shares(others, edges)
    chosen = align_density(night, target, edges, seed=4)
    assert np.abs(shares(night[chosen], edges) - target).max() < len(target) / len(chosen)
    assert len(set(chosen)) == len(chosen) and np.array_equal(chosen, np.sort(chosen))
    assert np.array_equal(chosen, align_density(night, target, edges, seed=4))
    assert not np.array_equal(chosen, align_density(night, target, edges, seed=5))


def test_three_bins_leave_the_tail_unmatched_and_ten_do_not(night):
    """What the released alignment misses: above .08 the night set keeps its own shape."""
    night = np.where(night > 0.08, 0.08 + (night - 0.08) ** 2 / 2 + 1e-4, night)  # most of the rest lies next to .08
    other = np.random.default_rng(5).normal(0.13, 0.05, 20000).clip(0.01, 0.24)

    def gap(edges):
        chosen = align_density(night, shares(other, edges), edges)
        return abs(shares(night[chosen], (0.08, 0.12))[1] - shares(other, (0.08, 0.12))[1])

    assert gap(alignment.EDGES) > 0.2 and gap(alignment.FINE_EDGES[:4]) < 0.01


def test_a_bin_that_is_not_above_may_be_the_scarcest():
    values = np.array([0.01] * 2 + [0.05] * 100 + [0.2] * 100)
    chosen = align_density(values, [0.25, 0.25, 0.5])
    assert alignment.counts(values[chosen]).tolist() == [2, 2, 4]


@pytest.mark.parametrize(
    ("values", "target", "message"),
    [
        ([0.01, 0.05], PUBLISHED_TARGET, "density above 0.08, but the target has 73.4% there"),
        ([0.01, 0.2], PUBLISHED_TARGET, "density from 0.04 to 0.08"),
        ([0.05, 0.2], PUBLISHED_TARGET, "density at or below 0.04"),
        ([0.01, 0.05, 0.2], (0.5, 0.5), "3 bins: expected as many"),
        ([0.01, 0.05, 0.2], (0.5, 0.5, 0.5), "sum to 1"),
        ([0.01, -0.05, 0.2], PUBLISHED_TARGET, "numbers from 0 on"),
        ([0.01, np.nan, 0.2], PUBLISHED_TARGET, "numbers from 0 on"),
    ],
)
def test_messages(values, target, message):
    with pytest.raises(ValueError, match=message):
        align_density(np.array(values), target)


def test_more_messages():
    with pytest.raises(ValueError, match="empty set"):
        target_shares([np.array([])])
    with pytest.raises(ValueError, match="increasing"):
        alignment.bins(np.array([0.1]), (0.08, 0.04))
