"""Comparisons: scores against evaluating by hand, what is computed again, what of a run is recorded."""

import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from rainmer_lib import paths
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.experiments import compare as module
from rainmer_lib.experiments.compare import RECORDED, Comparison, compare, record_runs, score_input, score_run, scored
from rainmer_lib.experiments.experiment import Row
from rainmer_lib.inference.derain import derain
from rainmer_lib.methods import METHODS
from rainmer_lib.metrics.protocols import PROTOCOLS, evaluate
from rainmer_lib.rainmer.aligned import aligned_rain
from rainmer_lib.training.seal import SEAL, sums

RAINMER = METHODS["rainmer"]


@pytest.fixture
def two_pairs(noise_pair):
    return UnpairedRain("tiny", [], [], [], [noise_pair("7", 0), noise_pair("8", 1)], "fingerprint")


@pytest.mark.slow
def test_rows_are_scored_on_each_domain(streaked, micro, quick):
    """Scores against evaluating the run's network by hand; the input's against doing nothing."""
    rows = {
        "backbone alone": Row(RAINMER, replace(micro, steps=2, views=(), interaction=False)),
        "full": Row(RAINMER, replace(micro, steps=2)),
    }
    settings = quick(aligned_rain(streaked, images=8, view=16), ("day", "haze", "night"))
    comparison = compare(rows, settings, say=lambda text: None)
    scores = comparison.scores.query("protocol == 'rainmer'").set_index(["method", "test_set"])
    assert {(m, t) for m, t in scores.index} == {(m, t) for m in ("input", *rows) for t in ("day", "haze", "night")}
    for run in comparison.runs:
        for name, pairs in settings.data.held_out.items():
            found = scores.loc[[(run.label, name)]]
            expected = [evaluate(derain(run.network(), pair.rainy), pair.clean, "rainmer") for pair in pairs]
            np.testing.assert_allclose(found[["psnr", "ssim"]].to_numpy(float), expected, atol=1e-4)
    pair = settings.data.held_out["haze"][0]
    assert np.isclose(scores.loc[[("input", "haze")]].psnr.iloc[0], evaluate(pair.rainy, pair.clean, "rainmer")[0])
    assert set(comparison.example("night", of="full").images) == {"rainy", *rows, "clean"}


def psnr(**methods):
    """Scores of images; the input's are 20 dB."""
    found = {"input": dict.fromkeys(next(iter(methods.values())), 20.0)} | methods
    rows = [(method, 0, image, value, value / 50) for method, values in found.items() for image, value in values.items()]
    table = pd.DataFrame(rows, columns=["method", "seed", "image", "psnr", "ssim"])
    return table.assign(test_set="held-out", protocol="prenet")


def test_the_image_shown_is_the_one_of_the_median_gain_over_seeds(quick, two_pairs):
    """Not of the median score, of another protocol, or of one seed; of an even number of images, the lower of the two."""
    first = psnr(ours={"a": 29.0, "b": 24.0, "c": 22.0}, input={"a": 20.0, "b": 22.0, "c": 21.0})
    second = psnr(ours={"a": 23.0, "b": 24.0, "c": 40.0}).query("method != 'input'").assign(seed=1)
    other = psnr(ours={"a": 1.0, "b": 50.0, "c": 2.0}).assign(protocol="rgb")
    scores = pd.concat([first, second, other], ignore_index=True)
    comparison = Comparison([], scores, quick(two_pairs))
    assert comparison.median_image("held-out", "ours") == "a", "gains 6, 2, 10"
    assert Comparison([], first, quick(two_pairs)).median_image("held-out", "ours") == "b", "gains 9, 2, 1"
    even = psnr(ours={"a": 29.0, "b": 24.0, "c": 22.0, "d": 25.0})
    assert Comparison([], even, quick(two_pairs)).median_image("held-out", "ours") == "b", "gains 9, 4, 2, 5"


def test_an_example_shows_the_first_seed_and_its_scores(two_pairs, quick, given_run, generator):
    runs = [given_run("ours", seed, generator) for seed in (1, 0)]
    shown = Comparison(runs, psnr(ours={"7": 30.0, "8": 23.0}), quick(two_pairs)).example("held-out", of="ours")
    pair = two_pairs.held_out[1]
    assert shown.pair is pair and list(shown.images) == list(shown.captions) == ["rainy", "ours", "clean"]
    assert [len(run.asked) for run in runs] == [0, 1] and shown.captions["clean"] == "ground truth"
    output = derain(generator, pair.rainy)
    assert shown.captions["ours"] == f"{evaluate(output, pair.clean, 'prenet')[0]:.2f} dB"
    assert np.array_equal(shown.images["ours"], (output * 255).astype(np.uint8)), "truncated, as the protocol does"


def test_an_example_of_chosen_rows_needs_no_other_weights(two_pairs, quick, given_run, generator):
    runs = [given_run(label, 0, generator) for label in ("ours", "other")]
    scores = psnr(ours={"7": 30.0, "8": 23.0})
    shown = Comparison(runs, scores, quick(two_pairs)).example("held-out", of="ours", labels=("other",))
    assert list(shown.images) == ["rainy", "other", "clean"] and [len(run.asked) for run in runs] == [0, 1]


def test_a_run_is_scored_once_and_again_when_a_protocol_was_added(two_pairs, given_run, generator):
    run = given_run("ours", 2, generator)
    table = score_run(run, "held-out", two_pairs)
    assert set(zip(table.method, table.seed, table.test_set, strict=True)) == {("ours", 2, "held-out")}
    assert len(table) == 2 * len(PROTOCOLS) and table.image.unique().tolist() == ["7", "8"], "names stay text"
    assert score_run(run, "held-out", two_pairs).equals(table) and len(run.asked) == 1
    assert score_run(run, "held-out", two_pairs, stored_as="under/rain").shape == table.shape and len(run.asked) == 2
    kept = {path.name: path for path in run.folder.path.iterdir()}
    assert set(kept) == {"scores-held-out.csv", "scores-under-rain.csv", "SHA256SUMS"}
    kept["SHA256SUMS"].unlink()
    pd.read_csv(kept["scores-held-out.csv"]).query("protocol != 'rgb'").to_csv(kept["scores-held-out.csv"], index=False)
    with pytest.warns(UserWarning, match="measured again"):
        assert score_run(run, "held-out", two_pairs).equals(table) and len(run.asked) == 3


def test_scores_are_those_of_all_runs_and_of_the_input(two_pairs, quick, given_run, generator):
    runs = [given_run("ours", seed, generator) for seed in (0, 1)]
    comparison = scored(runs, quick(two_pairs, seeds=2))
    means = comparison.means().set_index(["method", "seed", "protocol"])
    assert set(means.index) == {(m, s, p) for m, s in (("input", -1), ("ours", 0), ("ours", 1)) for p in PROTOCOLS}
    values = [evaluate(pair.rainy, pair.clean, "rgb")[0] for pair in two_pairs.held_out]
    assert means.loc[("input", -1, "rgb"), "psnr"] == pytest.approx(sum(values) / 2)
    more = comparison.extended([given_run("more", 0)], [score_input("held-out", two_pairs).assign(method="more")])
    assert [run.label for run in more.runs] == ["ours", "ours", "more"] and set(more.scores.method) == {"input", "ours", "more"}
    assert len(comparison.runs) == 2


def test_a_network_is_loaded_once_for_all_test_sets_and_only_where_scores_are_missing(two_pairs, quick, given_run, generator):
    held_out = {"one": two_pairs.held_out[:1], "two": two_pairs.held_out[1:]}
    run, settings = given_run("ours", 0, generator), quick(SimpleNamespace(held_out=held_out), ("one", "two"))
    scores = scored([run], settings).scores
    assert len(run.asked) == 1 and set(scores[["method", "test_set"]].itertuples(index=False, name=None)) == {
        (method, name) for method in ("input", "ours") for name in held_out
    }
    assert scored([run], settings).scores.equals(scores) and len(run.asked) == 1


def test_a_comparison_trains_what_it_then_scores(two_pairs, quick, given_run, monkeypatch):
    trained = [given_run("a", 0)]
    monkeypatch.setattr(module, "train_rows", lambda rows, settings, say: (say(str(list(rows))), trained)[1])
    monkeypatch.setattr(module, "scored", lambda runs, settings: (runs, settings.seeds))
    said = []
    assert compare({"a": Row(RAINMER, None)}, quick(two_pairs, seeds=3), said.append) == (trained, 3) and said == ["['a']"]


def test_of_one_seed_the_weights_are_recorded_and_of_every_seed_all_else(two_pairs, quick, given_run, tmp_path, monkeypatch):
    """Scores, measures and damage of all; checkpoints and what else lies in a folder of none; weights that ship not again."""
    runs, tables = [given_run("ours", seed) for seed in (0, 1)], ("scores-held-out.csv", "measures-views-1.csv", "damage.csv")
    for run in runs:
        for name in (*RECORDED, *tables, "checkpoint.pt", "rerain.safetensors"):
            run.folder.path.mkdir(parents=True, exist_ok=True)
            (run.folder.path / name).write_text(f'{{"{name}": {run.seed}}}')
    settings = quick(two_pairs)
    record_runs(Comparison(runs, pd.DataFrame(), settings))
    assert not paths.results_root().exists(), "at quick nothing is kept"
    for _ in range(2):  # what lies there already is written again, or left
        record_runs(Comparison(runs, pd.DataFrame(), replace(settings, profile=replace(settings.profile, keeps_runs=True))))
    for run in runs:
        kept = paths.results_root() / "quick" / "runs" / run.folder.identity.key
        expected = {*RECORDED, *tables} - ({"derain.safetensors"} if run.seed else set())
        found = {path.name: path.read_text() for path in kept.iterdir() if path.name != SEAL}
        assert found == {name: f'{{"{name}": {run.seed}}}' for name in expected} and set(sums(kept)) == expected
    shutil.rmtree(paths.results_root())
    shutil.copytree(runs[0].folder.path, tmp_path / "weights" / "ours")
    monkeypatch.setattr("rainmer_lib.pretrained.models.SHIPPED", tmp_path / "weights")
    record_runs(Comparison(runs, pd.DataFrame(), replace(settings, profile=replace(settings.profile, keeps_runs=True))))
    kept = paths.results_root() / "quick" / "runs" / runs[0].folder.identity.key
    assert set(sums(kept)) == {*RECORDED, *tables} - {"derain.safetensors"}


def test_a_table_that_was_cut_between_two_images_is_measured_again(two_pairs, given_run, generator):
    """The mean would be over fewer images; also without a seal."""
    run = given_run("ours", 2, generator)
    table = score_run(run, "held-out", two_pairs)
    path = run.folder.path / "scores-held-out.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[: 1 + len(PROTOCOLS)]))
    path.with_name(SEAL).unlink()
    with pytest.warns(UserWarning, match="scores-held-out.csv: not the rows and columns that are asked for; measured again"):
        assert score_run(run, "held-out", two_pairs).equals(table)


def test_a_damaged_file_is_not_recorded(two_pairs, quick, given_run):
    run = given_run("ours", 0)
    run.folder.prepare(needed_bytes=0)
    run.folder.append_log({"step": 1})
    run.folder.finish([], {"steps": 1})
    run.folder.log.write_text("other")
    settings = quick(two_pairs)
    with pytest.raises(ValueError, match="log.jsonl: damaged, changed"):
        record_runs(Comparison([run], pd.DataFrame(), replace(settings, profile=replace(settings.profile, keeps_runs=True))))
    assert not list(paths.results_root().glob("quick/runs/*/finished.json"))
