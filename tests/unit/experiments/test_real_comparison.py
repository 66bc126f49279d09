"""Methods on photos without truth: the lower score as the better one, changes of the input's, photos to be shown."""

from types import SimpleNamespace

import pandas as pd
import pytest

from rainmer_lib.experiments import real_comparison, real_rain
from rainmer_lib.experiments.experiment import Row
from rainmer_lib.experiments.real_comparison import RealComparison, changes, check_lower, compare_real, quality_table
from rainmer_lib.experiments.real_rain import STAND_IN, quality_of_input, quality_of_run
from rainmer_lib.metrics.niqe import niqe, niqe_parameters
from rainmer_lib.pretrained.models import MODELS


def means(**by_method):
    rows = [(m, s, v, 10 * v) for m, values in by_method.items() for s, v in values.items()]
    return pd.DataFrame(rows, columns=["method", "seed", "niqe", "brisque"]).assign(test_set="mwd")


def test_lower_is_better():
    table = means(ours={0: 3.0, 1: 3.1, 2: 3.2}, other={0: 4.0, 1: 4.2, 2: 4.4}, input={-1: 3.5})
    found = check_lower(table, [("ours", "other"), ("other", "input"), ("ours", "absent")])
    assert found[["metric", "better", "worse", "verdict"]].to_numpy().tolist() == [
        ["niqe", "ours", "other", "supported"], ["niqe", "other", "input", "contradicted"],
        ["brisque", "ours", "other", "supported"], ["brisque", "other", "input", "contradicted"],
    ]  # fmt: skip
    assert found.difference[0] == pytest.approx(1.1) and found.difference[3] == pytest.approx(-7)


def test_changes_and_table():
    table = means(**{"ours": {0: 3.0, 1: 4.0}, "input": {-1: 3.5}, "blurred input": {-1: 5.0}})
    assert changes(table).set_index(["method", "seed"]).niqe.to_dict() == {
        ("ours", 0): -0.5, ("ours", 1): 0.5, ("blurred input", -1): 1.5,
    }  # fmt: skip
    shown = quality_table(table, ["ours", "PReNet"])[("mwd", "NIQE")]
    assert shown.to_dict() == {"input": "3.500", "blurred input": "5.000", "ours": "3.500 ± 0.707", "PReNet": "not run"}


def test_means_and_shown_photos(two_crops, given_run, generator, quick, monkeypatch):
    run = given_run("ours", 0, generator)
    scores = pd.concat([quality_of_run(run, STAND_IN, two_crops), quality_of_input(STAND_IN, two_crops)])
    comparison = RealComparison([run, given_run("ours", 1)], scores, quick(two_crops, (STAND_IN,)))
    row = comparison.means().query("method == 'ours'").iloc[0]
    assert row.niqe == scores.niqe[scores.method.eq("ours")].mean() and row.images == 2
    monkeypatch.setattr(real_comparison, "SHOWN", {STAND_IN: ("right",)})
    (test_set, name, images), = real_comparison.shown_photos(comparison)
    assert (test_set, name) == ("rendered", "right") and list(images) == ["rainy", "blurred input", "ours", "dcdgan-small"]
    labels = real_comparison.captions(images, two_crops)
    assert labels["rainy"] == f"NIQE {niqe(two_crops.held_out[1].rainy, niqe_parameters('refit')):.1f}"


def test_a_comparison_has_the_photos_their_control_every_run_and_what_is_given(
    two_crops, given_run, generator, quick, monkeypatch
):
    trained = [given_run("ours", 0, generator)]
    monkeypatch.setattr(real_comparison, "train_rows", lambda rows, settings, say: trained)
    monkeypatch.setitem(MODELS, "absent", SimpleNamespace(present=False))
    given = [("PReNet", STAND_IN, "absent"), ("small", STAND_IN, "dcdgan-small")]
    monkeypatch.setattr(real_comparison, "fixed_on", lambda test_sets: given)
    said = []
    found = compare_real({"ours": Row(None, None)}, quick(two_crops), said.append)
    assert found.settings.test_sets == (STAND_IN,) and set(found.scores.method) == {"input", "blurred input", "ours", "small"}
    assert (found.scores.groupby("method").image.nunique() == 2).all()
    assert said == [f"PReNet on {STAND_IN}: left out, because the weights of absent are not on the data root"]


@pytest.mark.data
def test_the_shown_photos_are_there():
    for name in real_rain.REAL_SETS:
        assert set(real_comparison.SHOWN[name]) <= set(real_rain.names(name, None))
