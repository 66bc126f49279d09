"""One verdict from many, and the words: the rule at its edges."""

import pandas as pd
import pytest

from rainmer_lib.claims import summary


def comparisons(verdicts, over="seeds", **others):
    same = {"metric": "psnr", "better": "both", "worse": "internal", "spread": 0.2, "seeds": 5, "over": over}
    rows = [same | {"test_set": f"set {i}", "difference": i / 10, "verdict": v} | others for i, v in enumerate(verdicts)]
    return pd.DataFrame(rows)


YES, NO, OPEN = "supported", "contradicted", "inconclusive"


@pytest.mark.parametrize(("seeds", "images", "verdict"), [
    ([YES, YES, OPEN], [], YES),
    ([YES, OPEN], [], OPEN),  # a half is not most
    ([YES, YES, YES, NO], [], OPEN),  # one against
    ([NO, NO, OPEN], [], NO),
    ([NO, NO, NO, YES], [], OPEN),
    ([YES, YES], [YES, YES], YES),
    ([YES, YES], [OPEN, OPEN], OPEN),  # seeds and images disagree
    ([], [NO], NO),
])  # fmt: skip
def test_one_verdict_needs_most_none_against_and_agreement(seeds, images, verdict):
    table = pd.concat([comparisons(seeds), comparisons(images, "images")])
    assert summary.one_verdict(summary.compared(table)) == verdict


def test_a_claim_without_a_comparison_is_an_error():
    with pytest.raises(ValueError, match="no comparison to judge"):
        summary.one_verdict(summary.compared(pd.DataFrame()))


def test_the_words():
    seeds = comparisons([YES, OPEN, YES, YES, OPEN])
    assert summary.in_words(seeds) == ["PSNR, both against internal: supported on 3 of 5 sets, inconclusive on 2."]
    both = pd.concat([comparisons([YES, OPEN], "images"), comparisons([YES, NO])], ignore_index=True)
    assert summary.in_words(both) == [
        "PSNR, both against internal: supported on 1 of 2 sets, contradicted on 1; over images supported on 1 of 2 sets, "
        "inconclusive on 1."
    ]
    assert summary.in_words(comparisons([YES])) == ["PSNR, both against internal: supported."]
    other = comparisons([NO, NO]).drop(columns="over").rename(columns={"test_set": "tap", "metric": "measure"})
    assert summary.in_words(other) == ["PSNR, both against internal: contradicted on 2 of 2 layers."]
    told = summary.compared(other)
    assert summary.in_words(told[told.place == "set 0"]) == ["PSNR, both against internal: contradicted."]


def test_numbers_and_counts():
    table = pd.concat([comparisons([YES, NO, OPEN]), comparisons([YES, YES], "images", difference=9.0)], ignore_index=True)
    table = summary.compared(table)
    assert summary.numbers(table) == "PSNR +0.00 to +0.20 dB", "those over seeds"
    assert summary.numbers(summary.compared(comparisons([YES], metric="ssim"))) == "SSIM +0.000 ± 0.200"
    assert summary.numbers(summary.compared(comparisons([YES], "images", metric="other"))) == "other +0.00 ± 0.20"
    assert summary.counted(table, "seeds") == "1 of 3, 1 against" and summary.counted(table, "images") == "2 of 2"
    assert summary.counted(summary.compared(comparisons([YES])), "images") == ""


@pytest.mark.parametrize(("low", "high", "told"), [
    (-1.2, 3.1, "BRISQUE -1.2 to +3.1"),
    (0.013, 0.041, "BRISQUE +0.01 to +0.04"), (0.0004, 0.5, "BRISQUE +0.0004 to +0.5000"),
    (-0.31, 0.32, "BRISQUE -0.31 to +0.32"), (0.0, 0.2, "BRISQUE +0.0 to +0.2"), (-0.3, 0.3, "BRISQUE -0.3 to +0.3"),
    (0.1, 0.1 + 1e-9, "BRISQUE +0.1 to +0.1"), (0.0, 1e-6, "BRISQUE +0.0 to +0.0"),
])  # fmt: skip
def test_a_range_has_the_digits_that_show_a_difference(low, high, told):
    """One more where a value would read as 0, or both ends as one; three more at most."""
    table = comparisons([YES, YES], metric="brisque").assign(difference=[low, high])
    assert summary.numbers(summary.compared(table)) == told


def test_a_mean_and_its_spread_do_not_read_alike():
    table = summary.compared(comparisons([YES], metric="recall").assign(difference=0.0132, spread=0.0081))
    assert summary.numbers(table) == "recall +0.013 ± 0.008"


def test_gains_by_seed_are_judged_over_their_seeds():
    values = {"day": (4, 4.1, 4.2), "night": (1, -1, 2)}
    gains = [(name, seed, value) for name, found in values.items() for seed, value in enumerate(found)]
    table = summary.compared(pd.DataFrame(gains, columns=["test_set", "seed", "difference"]))
    assert table[["place", "better", "worse", "measure", "over", "seeds", "verdict"]].to_numpy().tolist() == [
        ["day", "full", "input", "psnr", "seeds", 3, YES], ["night", "full", "input", "psnr", "seeds", 3, OPEN],
    ]  # fmt: skip
