"""What recognition is made of in the end: means, scores of objects, verdicts and the table that is printed."""

import pytest

from rainmer_lib.experiments.recognition import EvaluationSet, recognise
from rainmer_lib.experiments.recognition_tables import claims, mean_confidence, scores_of_objects, summary


def test_verdicts_and_the_table_are_those_of_the_rows(street_scenes, six_runs):
    seen = recognise(street_scenes, six_runs, None)
    means, scores = mean_confidence(seen), scores_of_objects(seen)
    ours = seen[(seen.method.eq("ours")) & (seen.test_set == "real")].groupby("seed").confidence.mean()
    plain = seen[(seen.method.eq("input")) & (seen.test_set == "real")].confidence.mean()
    verdicts = claims(means, scores, "ours", ["other"])
    row = verdicts[(verdicts.test_set == "real") & (verdicts.measure == "confidence") & (verdicts.worse == "input")].iloc[0]
    assert row.better == "ours" and row.seeds == 3 and row.difference == pytest.approx((plain - ours).mean(), abs=1e-9)
    pairs = set(zip(verdicts.better, verdicts.worse, strict=True))
    assert pairs == {("ours", "input"), ("other", "input"), ("ours", "other")}
    assert len(verdicts) == 3 * (2 * 2 + 3)
    table = summary(means, scores)
    assert list(table.index) == ["input", "ours", "other", "clean"] and table.loc["clean", ("real", "P(rain)")] == ""
    assert table.loc["ours", ("real", "P(rain)")] == f"{ours.mean():.3f} ± {ours.std():.3f}"
    assert table.loc["clean", ("streets", "f1")] == "1.000"


def test_without_objects_there_are_no_scores(street_scenes, six_runs):
    seen = recognise(EvaluationSet(street_scenes.rainy, street_scenes.clean, "", {}, ()), six_runs, None)
    scores = scores_of_objects(seen)
    assert scores.empty and set(claims(mean_confidence(seen), scores, "ours", ["other"]).measure) == {"confidence", "log_odds"}
    assert list(summary(mean_confidence(seen), scores).columns) == [("real", "P(rain)"), ("streets", "P(rain)")]
