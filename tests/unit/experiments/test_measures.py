"""Verdicts on measures: signs, neighbours and places against plain loops; runs without image scores."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from rainmer_lib.experiments import measures
from rainmer_lib.experiments.measures import check_measures, measured, train_all
from rainmer_lib.workflow.parameters import Settings


def table(values, tap="a"):
    rows = [(method, seed, tap, value) for method, list_ in values.items() for seed, value in enumerate(list_)]
    return pd.DataFrame(rows, columns=["method", "seed", "tap", "size"])


def test_less_is_better_where_it_is_claimed():
    values = table({"ours": [1.0, 2.0, 3.0], "other": [2.0, 3.5, 4.0]})
    more, less = (check_measures(values, "ours", ["other"], {"size": sign}, "tap").iloc[0] for sign in (1, -1))
    assert (more.verdict, less.verdict) == ("not seen", "seen")
    assert less.difference == pytest.approx((1 + 1.5 + 1) / 3) and more.difference == pytest.approx(-less.difference)
    assert less.spread == more.spread == pytest.approx(np.std([1, 1.5, 1], ddof=1))
    assert (less.tap, less.measure, less.better, less.worse, less.seeds) == ("a", "size", "ours", "other", 3)


def test_every_place_measure_and_other_has_its_row():
    rng = np.random.default_rng(0)
    values = {m: rng.normal(size=3) for m in ("ours", "x", "y")}
    both = pd.concat([table(values, "b"), table({m: -v for m, v in values.items()}, "a")]).assign(width=lambda t: 2 * t["size"])
    got = check_measures(both, "ours", ["x", "y"], {"size": 1, "width": -1}, "tap")
    expected = []
    for tap, turn in (("b", 1), ("a", -1)):
        for measure, factor in (("size", 1), ("width", -2)):
            for other in ("x", "y"):
                expected.append((tap, measure, other, turn * factor * np.mean(values["ours"] - values[other])))
    assert [tuple(row) for row in got[["tap", "measure", "worse"]].to_numpy()] == [row[:3] for row in expected]
    assert got.difference.to_numpy() == pytest.approx([row[3] for row in expected])


def test_wrong_signs_and_absent_methods_are_named():
    values = table({"ours": [1.0], "other": [2.0]})
    with pytest.raises(ValueError, match=r"expected 1 \(more is better\) or -1"):
        check_measures(values, "ours", ["other"], {"size": 0}, "tap")
    with pytest.raises(ValueError, match="no rows of third; there are ours, other"):
        check_measures(values, "ours", ["other", "third"], {"size": 1}, "tap")


def test_runs_are_made_for_every_seed_and_nothing_is_scored(monkeypatch):
    from rainmer_lib.dcdgan.config import paper

    made = []
    monkeypatch.setattr(measures, "train_run", lambda method, config, data, profile, say: made.append((method, config.seed)))
    settings = Settings(SimpleNamespace(name="quick"), SimpleNamespace(name="embedded"), 2, ("held-out", "rain12"), {})
    train_all({"a": paper, "b": paper}, settings)
    assert made == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    found = measured([], table({"ours": [1.0]}), settings, ["held-out"])
    assert found.settings.test_sets == ("held-out",) and found.means()["size"].tolist() == [1.0]
