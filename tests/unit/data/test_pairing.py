"""Rainy and clean files are paired by their names: what is found by itself, what must be said, and what is refused."""

from pathlib import Path

import pytest

from rainmer_lib.data.pairing import few, natural, paired

RAINY, CLEAN = Path("/rainy"), Path("/clean")


def found(rainy, clean, by="auto"):
    files = [[folder / f"{name}.png" for name in names] for folder, names in ((RAINY, rainy), (CLEAN, clean))]
    return paired(*files, (RAINY, CLEAN), by)


def pairs(rainy, clean, by="auto"):
    result = found(rainy, clean, by)
    return [tuple(str(p.relative_to(root))[:-4] for p, root in zip(pair, (RAINY, CLEAN), strict=True)) for pair in result.pairs]


BY_THEMSELVES = {
    "equal": (["a", "b"], ["b", "a"], [("a", "a"), ("b", "b")]),
    "input1, norain1": (["input1", "input2", "input10"], ["norain10", "norain1", "norain2"],
                        [("input1", "norain1"), ("input2", "norain2"), ("input10", "norain10")]),
    "rain-001, norain-001": (["rain-001", "rain-002"], ["norain-001", "norain-002"],
                             [("rain-001", "norain-001"), ("rain-002", "norain-002")]),
    "001, 1": (["001", "002", "010"], ["1", "2", "10"], [("001", "1"), ("002", "2"), ("010", "10")]),
    "suffixes": (["cat_rain", "dog_rain"], ["cat", "dog"], [("cat_rain", "cat"), ("dog_rain", "dog")]),
    "both ends": (["in_cat", "in_dog"], ["cat_gt", "dog_gt"], [("in_cat", "cat_gt"), ("in_dog", "dog_gt")]),
    "0, 0gt": (["0", "1"], ["0gt", "1gt"], [("0", "0gt"), ("1", "1gt")]),
    "many to one": (["901_14", "901_2", "902_1"], ["901", "902"], [("901_2", "901"), ("901_14", "901"), ("902_1", "902")]),
    "many to one, names": (["cat_1", "cat_2", "dog_1"], ["cat", "dog"], [("cat_1", "cat"), ("cat_2", "cat"), ("dog_1", "dog")]),
    "1x2": (["norain-1x2", "norain-2x2"], ["norain-1", "norain-2"], [("norain-1x2", "norain-1"), ("norain-2x2", "norain-2")]),
    "the nearest beginning": (["1_1_a", "1_b"], ["1", "1_1"], [("1_1_a", "1_1"), ("1_b", "1")]),
    "number last": (["x2_05", "x2_06"], ["5", "6"], [("x2_05", "5"), ("x2_06", "6")]),
    "folders within": (["a/1", "b/1"], ["a/1", "b/1"], [("a/1", "a/1"), ("b/1", "b/1")]),
    "one clean for two folders": (["heavy/1", "light/1"], ["1"], [("heavy/1", "1"), ("light/1", "1")]),
    "numbers in folders": (["scene1/01", "scene2/01"], ["s1/1", "s2/1"], [("scene1/01", "s1/1"), ("scene2/01", "s2/1")]),
}  # fmt: skip


@pytest.mark.parametrize(("rainy", "clean", "expected"), BY_THEMSELVES.values(), ids=BY_THEMSELVES)
def test_names_that_have_one_answer_are_paired_by_themselves(rainy, clean, expected):
    assert pairs(rainy, clean) == expected and not found(rainy, clean).alone


SAID = {
    "order": (["b", "a", "x10", "x2"], ["1", "2", "3", "4"], "order", [("a", "1"), ("b", "2"), ("x2", "3"), ("x10", "4")]),
    "number": (["p1_a", "p2_a"], ["q2", "q1"], "number", [("p1_a", "q1"), ("p2_a", "q2")]),
    "number of some": (["1", "2", "3"], ["001", "003"], "number", [("1", "001"), ("3", "003")]),
    "pattern": (["s1_2", "s2_1"], ["1", "2"], r"s(\d)_\d=\1", [("s1_2", "1"), ("s2_1", "2")]),
    "pattern of the other number": (["s1_2", "s2_1"], ["1", "2"], r".*_(\d)=\1", [("s1_2", "2"), ("s2_1", "1")]),
    "name": (["1", "a"], ["001", "1", "a"], "name", [("1", "1"), ("a", "a")]),
}  # fmt: skip


@pytest.mark.parametrize(("rainy", "clean", "by", "expected"), SAID.values(), ids=SAID)
def test_what_is_said_is_done(rainy, clean, by, expected):
    assert pairs(rainy, clean, by) == expected


REFUSED = {
    "nothing in common": (["cat", "dog"], ["x", "y"], "auto", "no rule finds a partner"),
    "two answers": (["s1_2", "s2_1"], ["1", "2"], "auto", "give different pairs"),
    "most alone": (["a", "b", "c"], ["a", "x", "y"], "auto", "no rule finds a partner"),
    "a clean one alone": (["901_1", "901_2"], ["901", "902"], "auto", "no rule finds a partner"),
    "one each": (["out"], ["clean"], "auto", "no rule finds a partner"),
    "unequal counts": (["a", "b"], ["x"], "order", "2 and 1 have no order"),
    "no numbers": (["a"], ["b"], "number", "no two belong together by number"),
    "no such way": (["a"], ["a"], "size", "choose one of auto, name, number, order, or a pattern such as"),
    "broken pattern": (["a"], ["a"], r"(\d+_\d+=\1", "expected a pattern such as"),
    "no such group": (["a"], ["a"], r"\d+=\1", "expected a pattern such as"),
    "pattern of nothing": (["a"], ["a"], r"(\d)=\1", "no two belong together"),
}


@pytest.mark.parametrize(("rainy", "clean", "by", "message"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_answer_or_two_is_refused(rainy, clean, by, message):
    with pytest.raises(ValueError) as refused:
        found(rainy, clean, by)
    assert message in str(refused.value)


def test_a_message_names_three_and_counts_the_others():
    with pytest.raises(ValueError, match=r"^/rainy has r0, r1, r2 and 97 more, /clean has c, d: ") as refused:
        found([f"r{i}" for i in range(100)], ["c", "d"])
    assert len(str(refused.value)) < 250 and "--pair-by" in str(refused.value)
    assert few("ab") == "a, b" and few("abcd") == "a, b, c and 1 more"


def test_equal_names_go_as_far_as_they_go_and_the_others_are_named():
    result = found(["a", "b", "c"], ["a", "b", "x"])
    assert [p.stem for p, _ in result.pairs] == ["a", "b"] and result.alone == (RAINY / "c.png", CLEAN / "x.png")
    assert result.story == "equal names: a.png with a.png"


def test_two_files_of_one_name_are_refused():
    with pytest.raises(ValueError, match="a.bmp and .*a.png share a file stem"):
        paired([RAINY / "a.bmp", RAINY / "a.png"], [CLEAN / "a.png"], (RAINY, CLEAN))
    assert natural("x2") < natural("x10")
