"""A claim is seen, not seen, or not decidable."""

import numpy as np
import pandas as pd
import pytest

from rainmer_lib.claims.over_seeds import (
    FIXED,
    VERDICTS,
    by_chance,
    chance_told,
    check_best,
    check_measures,
    check_order,
    check_table,
    each_seed,
    verdict_counts,
)


def means(**by_method):
    rows = [(m, s, v, v / 30) for m, values in by_method.items() for s, v in enumerate(values)]
    return pd.DataFrame(rows, columns=["method", "seed", "psnr", "ssim"]).assign(test_set="t", protocol="prenet")


def verdicts(table, order=("a", "b")):
    return check_order(table, list(order), "psnr").verdict.tolist()


def test_the_three_verdicts():
    assert verdicts(means(a=[3.0, 2.0, 2.0], b=[2.0, 1.1, 1.0])) == ["supported"]
    assert verdicts(means(a=[2.0, 1.1, 1.0], b=[3.0, 2.0, 2.0])) == ["contradicted"]
    assert verdicts(means(a=[2.0, 1.0, 1.0], b=[1.0, 1.2, 0.0])) == ["inconclusive"], "signs differ"
    assert verdicts(means(a=[3.0, 1.0, 1.0], b=[1.0, 0.9, 0.9])) == ["inconclusive"], "the spread exceeds the mean"
    assert verdicts(means(a=[2.0, 2.0], b=[1.0, 1.0])) == ["inconclusive"], "two seeds decide nothing"


def test_differences_are_taken_within_a_seed():
    row = check_order(means(a=[30.0, 20.0], b=[29.0, 19.0]), ["a", "b"], "psnr").iloc[0]
    assert (row.difference, row.spread, row.seeds) == (1.0, 0.0, 2)


def test_the_order_of_each_metric_is_that_of_the_printed_table():
    printed = pd.DataFrame({"psnr": [25.4, 25.6], "ssim": [0.9, 0.8]}, index=["a", "b"])
    table = check_table(means(a=[1.0, 2.0, 3.0], b=[3.0, 4.0, 5.1]), printed, "prenet")
    found = table[["metric", "better", "verdict"]].to_numpy().tolist()
    assert found == [["psnr", "b", "supported"], ["ssim", "a", "contradicted"]]


def test_one_method_against_each_of_the_others():
    table = check_best(means(a=[3.0, 3.0, 3.1], b=[2.0, 2.0, 2.0], c=[3.2, 3.0, 2.9]), "a", ["b", "c"], "prenet")
    assert table[["metric", "worse", "verdict"]].to_numpy().tolist() == [
        ["psnr", "b", "supported"], ["psnr", "c", "inconclusive"], ["ssim", "b", "supported"], ["ssim", "c", "inconclusive"],
    ]  # fmt: skip


@pytest.mark.slow
def test_the_rule_finds_what_is_not_there_as_often_as_it_says():
    """Two methods without a difference, compared by the rule itself; three seeds also in closed form."""
    rng = np.random.default_rng(1)
    pairs = (means(a=a.tolist(), b=b.tolist()) for a, b in rng.normal(size=(1500, 2, 3)))
    found = pd.Series([verdicts(pair)[0] for pair in pairs]).value_counts(normalize=True)
    margin = 4 * np.sqrt(0.1 * 0.9 / 1500)
    assert found[["supported", "contradicted"]].tolist() == pytest.approx([by_chance(3)] * 2, abs=margin)
    assert by_chance(3) == pytest.approx((1 - 1 / np.sqrt(3)) / 4, abs=0.001)
    assert by_chance(2) == 0 < by_chance(5) < by_chance(4) < by_chance(3)


def test_verdicts_are_counted_for_each_method_that_one_is_compared_with():
    given = [("b", "seeds", "supported")] * 2 + [("b", "images", "inconclusive"), ("c", "seeds", "contradicted")]
    table = verdict_counts(pd.DataFrame(given, columns=["worse", "over", "verdict"]), ["c", "b", "d"])
    assert table.index.tolist() == ["c", "b", "d"] and table.columns.tolist() == [
        (over, verdict) for over in ("seeds", "images") for verdict in VERDICTS
    ]
    assert table.to_numpy().tolist() == [[0, 1, 0, 0, 0, 0], [2, 0, 0, 0, 0, 1], [0] * 6]


def of_taps(values, tap="a"):
    rows = [(method, seed, tap, value) for method, list_ in values.items() for seed, value in enumerate(list_)]
    return pd.DataFrame(rows, columns=["method", "seed", "tap", "size"])


def test_less_is_better_where_it_is_claimed():
    values = of_taps({"ours": [1.0, 2.0, 3.0], "other": [2.0, 3.5, 4.0]})
    more, less = (check_measures(values, "ours", ["other"], {"size": sign}, "tap").iloc[0] for sign in (1, -1))
    assert (more.verdict, less.verdict) == ("contradicted", "supported")
    assert less.difference == pytest.approx((1 + 1.5 + 1) / 3) and more.difference == pytest.approx(-less.difference)
    assert less.spread == more.spread == pytest.approx(np.std([1, 1.5, 1], ddof=1))
    assert (less.tap, less.measure, less.better, less.worse, less.seeds) == ("a", "size", "ours", "other", 3)


def test_every_place_measure_and_other_has_its_row():
    rng = np.random.default_rng(0)
    values = {m: rng.normal(size=3) for m in ("ours", "x", "y")}
    both = pd.concat([of_taps(values, "b"), of_taps({m: -v for m, v in values.items()}, "a")])
    both = both.assign(width=2 * both["size"])
    got = check_measures(both, "ours", ["x", "y"], {"size": 1, "width": -1}, "tap")
    expected = []
    for tap, turn in (("b", 1), ("a", -1)):
        for measure, factor in (("size", 1), ("width", -2)):
            for other in ("x", "y"):
                expected.append((tap, measure, other, turn * factor * np.mean(values["ours"] - values[other])))
    assert [tuple(row) for row in got[["tap", "measure", "worse"]].to_numpy()] == [row[:3] for row in expected]
    assert got.difference.to_numpy() == pytest.approx([row[3] for row in expected])


def test_wrong_signs_and_absent_methods_are_named():
    values = of_taps({"ours": [1.0], "other": [2.0]})
    with pytest.raises(ValueError, match=r"expected 1 \(more is better\) or -1"):
        check_measures(values, "ours", ["other"], {"size": 0}, "tap")
    with pytest.raises(ValueError, match="no rows of third; there are ours, other"):
        check_measures(values, "ours", ["other", "third"], {"size": 1}, "tap")


def test_what_was_not_trained_here_stands_beside_every_seed():
    table = each_seed(pd.concat([means(ours=[1.0, 2.0]), means(input=[5.0]).assign(seed=FIXED)], ignore_index=True))
    assert sorted(zip(table.method, table.seed, table.psnr, strict=True)) == [
        ("input", 0, 5.0), ("input", 1, 5.0), ("ours", 0, 1.0), ("ours", 1, 2.0),
    ]  # fmt: skip


def test_a_method_of_one_run_stands_beside_every_seed_of_the_others():
    table = each_seed(pd.concat([means(ours=[1.0, 2.0]), means(prior=[5.0])], ignore_index=True))
    assert sorted(zip(table.method, table.seed, table.psnr, strict=True)) == [
        ("ours", 0, 1.0), ("ours", 1, 2.0), ("prior", 0, 5.0), ("prior", 1, 5.0),
    ]  # fmt: skip


def test_between_two_methods_of_one_run_each_there_is_one_difference_and_no_verdict():
    table = each_seed(pd.concat([means(ours=[1.0, 2.0, 3.0]), means(prior=[5.0], net=[7.0])], ignore_index=True))
    both = check_order(table, ["net", "prior"], "psnr").iloc[0]
    assert (both.difference, both.seeds, both.verdict) == (2.0, 1, "inconclusive") and pd.isna(both.spread)
    one = check_order(table, ["prior", "ours"], "psnr").iloc[0]
    assert (one.difference, one.seeds, one.verdict) == (3.0, 3, "supported")


def test_the_sentence_on_chance_has_the_share_of_its_number_of_seeds():
    assert "2.7 %" in chance_told(5) and "10.6 %" in chance_told(3)
    assert "2 seeds nothing" in chance_told(2) and "1 seed nothing" in chance_told(1)
