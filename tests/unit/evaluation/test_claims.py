"""A claim is seen, not seen, or not decidable."""

import pandas as pd

from rainmer_lib.evaluation.claims import check_best, check_order, check_table


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
