"""Wilcoxon's test and the bootstrap against their definitions, and that images are paired rightly."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from rainmer_lib.claims.over_images import (
    both_verdicts,
    compare_images,
    differences,
    mean_interval,
    paired_table,
    paired_test,
    paired_tests,
    signed_rank,
)


def scores(method, values, seeds=(0,), test_set="t", protocol="prenet"):
    """A row for each seed and image; `values`: (seed, image)."""
    rows = [
        (method, seed, test_set, f"{i:02}", protocol, v, v / 40)
        for seed, line in zip(seeds, values, strict=True) for i, v in enumerate(line)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["method", "seed", "test_set", "image", "protocol", "psnr", "ssim"])


def slow_signed_rank(values):
    """All assignments of signs to the ranks are as likely."""
    sizes = sorted(abs(v) for v in values)
    ranks = [sizes.index(abs(v)) + 1 for v in values]
    middle = sum(ranks) / 2
    seen = abs(sum(r for r, v in zip(ranks, values, strict=True) if v > 0) - middle)
    sums = [sum(r for r, sign in zip(ranks, signs, strict=True) if sign) for signs in product((0, 1), repeat=len(ranks))]
    return sum(abs(s - middle) >= seen for s in sums) / len(sums)


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.7, -0.5, 3.0])
def test_the_signed_rank_test_equals_its_enumeration(shift):
    values = np.random.default_rng(5).normal(shift, 1, 10)
    assert signed_rank(values) == pytest.approx(slow_signed_rank(list(values)), rel=1e-12)


def test_the_signed_rank_test_by_hand():
    assert signed_rank(np.array([1.0, 2.0, 3.0, 4.0, 5.0])) == pytest.approx(2 / 32)
    assert signed_rank(np.array([-1.0, 2.0, 3.0, 4.0, 5.0])) == pytest.approx(4 / 32), "W = 0 and 1 from either end"
    assert signed_rank(np.zeros(4)) == 1.0


def test_the_interval_equals_a_loop_of_resamples():
    values = np.random.default_rng(1).exponential(1, 40) - 0.5
    rng = np.random.default_rng(2)
    means = sorted(sum(values[rng.integers(40)] for _ in range(40)) / 40 for _ in range(4000))
    low, high = mean_interval(values)
    assert low == pytest.approx(means[100], abs=0.02) and high == pytest.approx(means[3899], abs=0.02)
    assert (low, high) == mean_interval(values), "the same each time"
    assert mean_interval(np.full(5, 2.0)) == (2.0, 2.0) and np.isnan(mean_interval(np.array([2.0]))).all()


def test_seeds_are_averaged_and_images_matched_by_name():
    good, bad = [[30.0, 20.0, 25.0], [32.0, 22.0, 25.0]], [[29.0, 19.0, 25.0], [29.0, 20.0, 24.0]]
    table = pd.concat([scores("a", good, (0, 1)), scores("b", bad, (0, 1))]).sample(frac=1, random_state=0)
    row = paired_test(table, "a", "b", "prenet").iloc[0]
    assert row.difference == pytest.approx((2.0 + 1.5 + 0.5) / 3) and row.images == 3
    assert paired_test(table, "b", "a", "prenet").iloc[0].difference == -row.difference


def test_names_that_a_csv_made_numbers_are_matched():
    a, b = (scores(method, [[2.0, 1.0]]).assign(image=names) for method, names in (("a", [344010, 7]), ("b", ["344010", "7"])))
    assert paired_test(pd.concat([a, b]), "a", "b", "prenet").iloc[0].images == 2


def test_the_three_verdicts_on_each_set_and_metric():
    rng = np.random.default_rng(0)
    base = rng.normal(25, 3, 20)
    other = {"x": base + rng.normal(1, 0.3, 20), "y": base - rng.normal(1, 0.3, 20), "z": base + rng.normal(0, 0.3, 20)}
    parts = [scores("b", [base], test_set=name) for name in other] + [scores("a", [v], test_set=n) for n, v in other.items()]
    parts += [scores("b", [base - 9], protocol="rgb", test_set="x"), scores("c", [base], test_set="w")]
    table = paired_test(pd.concat(parts), "a", "b", "prenet")
    assert table.test_set.tolist() == ["x", "x", "y", "y", "z", "z"] and set(table.metric) == {"psnr", "ssim"}
    assert table.verdict.tolist() == ["supported"] * 2 + ["contradicted"] * 2 + ["inconclusive"] * 2
    assert ((table.low < table.difference) & (table.difference < table.high)).all()


def test_an_outlier_makes_no_verdict():
    """The mean lies below zero by one image, the ranks say the contrary: neither alone decides."""
    values = np.append(np.full(19, 1.0) + np.arange(19) / 100, -100.0)
    for sign in (1, -1):
        row = paired_test(pd.concat([scores("a", [sign * values]), scores("b", [0 * values])]), "a", "b", "prenet").iloc[0]
        assert sign * row.difference < 0 and row.p < 0.05 and row.verdict == "inconclusive"


def test_four_images_make_no_verdict():
    """All four are better, which chance does once in eight times."""
    row = paired_test(pd.concat([scores("a", [[1.0, 2.0, 3.0, 4.0]]), scores("b", [[0.0] * 4])]), "a", "b", "prenet").iloc[0]
    assert row.low > 0 and row.p == 0.125 and row.verdict == "inconclusive"


def test_lower_is_better_where_the_sign_says_so():
    table = pd.concat([scores("a", [np.arange(12) / 9]), scores("b", [np.arange(12) / 9 + 1])])
    row = compare_images(table, "a", "b", {"psnr": -1}).iloc[0]
    assert row.difference == pytest.approx(1) and row.verdict == "supported"


@pytest.mark.parametrize("seed", [-1, 0])
def test_fixed_weights_and_a_single_run_stand_against_every_seed(seed):
    table = pd.concat([scores("a", [[1.0, 2.0], [3.0, 4.0]], (0, 1)), scores("fixed", [[1.0, 1.0]], (seed,))])
    assert paired_test(table, "a", "fixed", "prenet").iloc[0].difference == pytest.approx(1.5)


def test_what_cannot_be_paired_is_refused():
    a, b = scores("a", [[1.0, 2.0]]), scores("b", [[1.0, 2.0]])
    with pytest.raises(ValueError, match="no test set has scores of both a and c"):
        paired_test(a, "a", "c", "prenet")
    several = [scores(name, [[1, 2], [3, 4]], seeds) for name, seeds in (("a", (0, 2)), ("b", (0, 1)))]
    with pytest.raises(ValueError, match=r"a has the seeds \[0, 2\], b \[0, 1\]"):
        paired_test(pd.concat(several), "a", "b", "prenet")
    with pytest.raises(ValueError, match="different images: only one of them has 01"):
        paired_test(pd.concat([a, b.iloc[:1]]), "a", "b", "prenet")
    with pytest.raises(ValueError, match="psnr of a and b on 01: expected finite"):
        paired_test(pd.concat([a, b.replace(2.0, np.inf)]), "a", "b", "prenet")


@pytest.mark.slow
def test_a_printed_table_gives_each_metric_its_own_order():
    values = np.random.default_rng(1).normal(30, 1, (1, 12))
    table = pd.concat([scores("a", values + 1), scores("b", values), scores("c", values - 1)], ignore_index=True)
    printed = pd.DataFrame({"psnr": [3.0, 2.0, 1.0], "ssim": [0.2, 0.3, 0.1]}, index=["a", "b", "c"])
    found = paired_table(table, printed, "prenet")
    pairs = [("psnr", "a", "b"), ("psnr", "b", "c"), ("ssim", "b", "a"), ("ssim", "a", "c")]
    assert list(found[["metric", "better", "worse"]].itertuples(index=False, name=None)) == pairs
    assert found.difference[:2].round(6).tolist() == [1, 1]
    expected = compare_images(table[table.protocol == "prenet"], "b", "a", {"ssim": 1})
    pd.testing.assert_frame_equal(found.iloc[[2]].reset_index(drop=True), expected)


@pytest.mark.slow
def test_of_fewer_runs_those_with_the_same_seeds_are_compared():
    table = pd.concat([scores("a", [[1, 2], [5, 9], [100, 100]], (0, 1, 2)), scores("b", [[0, 0], [2, 2]], (0, 1))])
    assert differences(table, "a", "b", "psnr").tolist() == [2.0, 4.5]
    assert differences(table, "b", "a", "psnr").tolist() == [-2.0, -4.5]


def test_a_row_with_one_run_is_compared_within_its_seed():
    """Where rows share what a seed decides; the other seeds of the full model say nothing about the row."""
    table = pd.concat([scores("full", [[1.0, 2.0], [7.0, 8.0]], (0, 1)), scores("row", [[1.0, 1.0]], (0,))])
    within, over = (paired_tests(table, [("full", "row")], "prenet", within_seeds=w).iloc[0].difference for w in (True, False))
    assert (within, over) == (pytest.approx(0.5), pytest.approx(3.5))


def test_several_pairs_stand_below_each_other_and_beside_the_verdicts_over_seeds():
    values = np.random.default_rng(1).normal(30, 1, (1, 12))
    table = pd.concat([scores("a", values + 1), scores("b", values), scores("c", values - 1)], ignore_index=True)
    tests = paired_tests(table, [("a", "b"), ("c", "a")], "prenet")
    assert tests[tests.metric == "psnr"].difference.round(6).tolist() == [1, -2]
    assert tests[tests.metric == "psnr"].verdict.tolist() == ["supported", "contradicted"]
    together = both_verdicts(pd.DataFrame({"verdict": ["supported"], "spread": [0.1]}), tests)
    assert together.over.tolist() == ["seeds"] + ["images"] * 4 and together.verdict[2] == tests.verdict[1]
