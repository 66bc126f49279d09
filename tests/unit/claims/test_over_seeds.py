"""A claim is seen, not seen, or not decidable."""

import numpy as np
import pandas as pd
import pytest

from rainmer_lib.claims.over_seeds import VERDICTS, by_chance, check_best, check_order, check_table, verdict_counts


def means(**by_method):
    rows = [(m, s, v, v / 30) for m, values in by_method.items() for s, v in enumerate(values)]
    return pd.DataFrame(rows, columns=["method", "seed", "psnr", "ssim"]).assign(test_set="t", protocol="prenet")


def verdicts(table, order=("a", "b")):
    return check_order(table, list(order), "psnr").verdict.tolist()


def test_the_three_verdicts():
    assert verdicts(means(a=[3.0, 2.0, 2.0], b=[2.0, 1.1, 1.0])) == ["seen"]
    assert verdicts(means(a=[2.0, 1.1, 1.0], b=[3.0, 2.0, 2.0])) == ["not seen"]
    assert verdicts(means(a=[2.0, 1.0, 1.0], b=[1.0, 1.2, 0.0])) == ["not decidable"], "signs differ"
    assert verdicts(means(a=[3.0, 1.0, 1.0], b=[1.0, 0.9, 0.9])) == ["not decidable"], "the spread exceeds the mean"
    assert verdicts(means(a=[2.0, 2.0], b=[1.0, 1.0])) == ["not decidable"], "two seeds decide nothing"


def test_differences_are_taken_within_a_seed():
    row = check_order(means(a=[30.0, 20.0], b=[29.0, 19.0]), ["a", "b"], "psnr").iloc[0]
    assert (row.difference, row.spread, row.seeds) == (1.0, 0.0, 2)


def test_the_order_of_each_metric_is_that_of_the_printed_table():
    printed = pd.DataFrame({"psnr": [25.4, 25.6], "ssim": [0.9, 0.8]}, index=["a", "b"])
    table = check_table(means(a=[1.0, 2.0, 3.0], b=[3.0, 4.0, 5.1]), printed, "prenet")
    assert table[["metric", "better", "verdict"]].to_numpy().tolist() == [["psnr", "b", "seen"], ["ssim", "a", "not seen"]]


def test_one_method_against_each_of_the_others():
    table = check_best(means(a=[3.0, 3.0, 3.1], b=[2.0, 2.0, 2.0], c=[3.2, 3.0, 2.9]), "a", ["b", "c"], "prenet")
    assert table[["metric", "worse", "verdict"]].to_numpy().tolist() == [
        ["psnr", "b", "seen"], ["psnr", "c", "not decidable"], ["ssim", "b", "seen"], ["ssim", "c", "not decidable"],
    ]  # fmt: skip


def test_the_rule_finds_what_is_not_there_as_often_as_it_says():
    """Two methods without a difference, compared by the rule itself; three seeds also in closed form."""
    rng = np.random.default_rng(1)
    pairs = (means(a=a.tolist(), b=b.tolist()) for a, b in rng.normal(size=(1500, 2, 3)))
    found = pd.Series([verdicts(pair)[0] for pair in pairs]).value_counts(normalize=True)
    margin = 4 * np.sqrt(0.1 * 0.9 / 1500)
    assert found[["seen", "not seen"]].tolist() == pytest.approx([by_chance(3)] * 2, abs=margin)
    assert by_chance(3) == pytest.approx((1 - 1 / np.sqrt(3)) / 4, abs=0.001)
    assert by_chance(2) == 0 < by_chance(5) < by_chance(4) < by_chance(3)


def test_verdicts_are_counted_for_each_method_that_one_is_compared_with():
    given = [("b", "seeds", "seen"), ("b", "seeds", "seen"), ("b", "images", "not decidable"), ("c", "seeds", "not seen")]
    table = verdict_counts(pd.DataFrame(given, columns=["worse", "over", "verdict"]), ["c", "b", "d"])
    assert table.index.tolist() == ["c", "b", "d"] and table.columns.tolist() == [
        (over, verdict) for over in ("seeds", "images") for verdict in VERDICTS
    ]
    assert table.to_numpy().tolist() == [[0, 1, 0, 0, 0, 0], [2, 0, 0, 0, 0, 1], [0] * 6]
