"""What a detector gains beside PSNR and SSIM: rows against plain loops, scenes that share their frames, runs asked once."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from rainmer_lib.downstream.detector import Detections
from rainmer_lib.experiments import compare, detection_gain
from rainmer_lib.experiments import rainmer as experiment
from rainmer_lib.experiments import runs as experiment_runs
from rainmer_lib.experiments.detection_gain import claims, full_runs, gains, measure, readable, scenes
from rainmer_lib.experiments.rainmer_rows import rows
from rainmer_lib.experiments.recognition import EvaluationSet
from rainmer_lib.metrics.protocols import evaluate

H, W = 256, 256


def corner_objects(image, threshold=0.4):
    """A box where a corner is bright, as sure as it is bright; all of one class."""
    found = [(k, c.mean() / 255) for k, c in enumerate((image[:20, :20], image[-20:, -20:])) if c.mean() / 255 > threshold]
    boxes = np.array([[50.0 * k, 0, 50 * k + 20, 20] for k, _ in found]).reshape(-1, 4)
    return Detections(boxes, np.array([score for _, score in found]), np.zeros(len(found), int))


@pytest.fixture
def shown(monkeypatch):
    monkeypatch.setattr(detection_gain, "detect", corner_objects)
    monkeypatch.setattr(detection_gain, "FEWEST", 1)
    rng = np.random.default_rng(0)
    clean = {name: rng.integers(150, 250, (H, W, 3), dtype=np.uint8) for name in ("x", "y 1", "z")}
    rainy = {name: image // 2 + 20 for name, image in clean.items()}
    rainy["x"][:20, :20] = 20  # an object that the rain hides
    return EvaluationSet({"real": {}, "streets": rainy}, {"streets": clean}, "streets", {}, ())


@pytest.fixture
def data():
    rng = np.random.default_rng(1)
    return SimpleNamespace(layers=[(rng.uniform(0, 1, (300, 300)) > 0.97).astype(np.uint8) * 200 for _ in range(6)])


@pytest.fixture
def runs(given_run, monkeypatch):
    """Runs whose network adds a constant: the seed says which."""
    monkeypatch.setattr(detection_gain, "derain", lambda seed, image: np.clip(image / 255 + 0.1 * (1 + seed), 0, 1))
    return [given_run("Rainmer", seed, network=seed) for seed in range(3)]


def test_day_and_night_show_the_same_frames_under_rain_that_training_did_not_use(shown, data, monkeypatch):
    used = []
    night = detection_gain.weather.night
    monkeypatch.setattr(
        detection_gain.weather, "night", lambda frame, layers, rng: (used.append(layers), night(frame, layers, rng))[1]
    )
    found = scenes(shown, data)
    assert [[pair.name for pair in pairs] for pairs in found.values()] == [["x", "y 1", "z"]] * 2
    assert used == [data.layers[-4:]] * 3
    for day, dark in zip(found["day"], found["night"], strict=True):
        assert np.array_equal(day.clean, shown.clean["streets"][day.name]) and dark.clean.mean() < 0.7 * day.clean.mean()
        assert dark.rainy.mean() > dark.clean.mean()
    assert np.array_equal(found["night"][2].rainy, scenes(shown, data)["night"][2].rainy), "the same each time"


def test_rows_are_those_of_the_loop(shown, data, runs):
    found = scenes(shown, data)
    table = measure(runs, found).set_index(["method", "seed", "test_set"])
    assert set(table.index) == {("input", -1, s) for s in found} | {("Rainmer", i, s) for i in range(3) for s in found}
    for (method, seed, scene), row in table.iterrows():
        hits = truths = wrong = 0
        psnr = []
        for pair in found[scene]:
            image = pair.rainy
            if method == "Rainmer":
                image = np.floor(255 * np.clip(image / 255 + 0.1 * (1 + seed), 0, 1) + 1e-9).astype(np.uint8)
            psnr.append(evaluate(image / 255, pair.clean, "rainmer")[0])
            there = {tuple(box) for box in corner_objects(pair.clean).boxes}
            sure = {tuple(box) for box in corner_objects(image).boxes}
            hits, truths, wrong = hits + len(there & sure), truths + len(there), wrong + len(sure - there)
        assert row.psnr == pytest.approx(np.mean(psnr), abs=0.05)
        assert np.isnan(row.recall) if not truths else row.recall == pytest.approx(hits / truths, abs=1e-5)
        if truths and hits + wrong:
            assert row.f1 == pytest.approx(2 * hits / (2 * hits + truths - hits + wrong), abs=1e-5)
    assert table.loc[("input", -1, "day"), "recall"] < 1 == table.loc[("Rainmer", 0, "day"), "precision"]


def test_a_run_is_asked_once_and_again_for_other_frames(shown, data, runs):
    found = scenes(shown, data)
    first = measure(runs, found)
    assert [len(run.asked) for run in runs] == [2] * 3
    pd.testing.assert_frame_equal(measure(runs, found), first, atol=1e-5)
    assert [len(run.asked) for run in runs] == [2] * 3
    with pytest.warns(UserWarning, match="measured again"):
        measure(runs, {"day": found["day"][:2]})
    assert [len(run.asked) for run in runs] == [3] * 3


def test_gains_and_verdicts():
    rows = [("input", -1, s, 20.0, 0.5, 0.4, 0.5, 0.5, 0.5) for s in ("day", "night")]
    rows += [("Rainmer", i, "day", 22.0 + 0.1 * i, 0.6, 0.5 + 0.01 * i, 0.5, 0.5, 0.6) for i in range(3)]
    rows += [("Rainmer", i, "night", 19.0 - 0.1 * i, 0.5, 0.4 + 0.01 * (i - 1), 0.5, 0.5, 0.3) for i in range(3)]
    columns = ["method", "seed", "test_set", "psnr", "ssim", "map", "precision", "recall", "f1"]
    table = pd.DataFrame(rows, columns=columns)
    found = gains(table)
    assert list(found.psnr) == pytest.approx([2, 2.1, 2.2, -1, -1.1, -1.2])
    assert list(found["map"])[:3] == pytest.approx([0.1, 0.11, 0.12])
    verdicts = claims(table).set_index(["test_set", "measure"]).verdict
    assert verdicts["day"].eq("supported").all()
    read = readable(table.assign(psnr=table.psnr + 0.00004))
    assert list(read.index) == [(s, m, "" if i < 0 else str(i)) for m, i, s, *_ in rows]
    assert read.loc[("day", "Rainmer", "1"), "psnr"] == 22.1 and table.seed.iloc[0] == -1
    assert verdicts["night", "psnr"] == verdicts["night", "f1"] == "contradicted" and verdicts["night", "map"] == "inconclusive"


def test_nothing_is_trained_or_measured_where_nothing_is_sought(data):
    nothing = EvaluationSet({}, {}, "", {}, ())
    assert full_runs(nothing, None) == [] and scenes(nothing, data) == {}
    assert measure([], {}).empty and readable(measure([], {})).empty and claims(measure([], {})).empty


def test_the_runs_are_those_of_train_rainmer(shown, quick, monkeypatch):
    """Configuration, seeds and data as the notebook makes them, so that its runs are found again."""
    asked, aligned = [], SimpleNamespace(held_out=())

    def train_run(label, method, config, data, profile, say):
        return method.identity(config, "f").key, config, data, profile.name

    aligned_rain = "rainmer_lib.rainmer.method.aligned_rain"
    monkeypatch.setattr(aligned_rain, lambda *given, **named: asked.append((given, named)) or aligned)
    monkeypatch.setattr(experiment_runs, "train_run", train_run)
    monkeypatch.setattr(compare, "scored", lambda runs, settings: runs)
    monkeypatch.setattr(experiment, "domains_and_benchmarks", lambda *given: ())
    plain = quick(SimpleNamespace(name="embedded"), seeds=2)
    ours = full_runs(shown, plain)
    theirs = compare.compare(rows("train_rainmer", plain.profile), experiment.on_domains(plain))
    assert ours == theirs and len(ours) == 2 and asked[0] == asked[1]
    assert all(run[2] is aligned for run in ours)
