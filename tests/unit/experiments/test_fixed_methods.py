"""Methods with given weights: which, how they are scored, kept, shown, and compared with the trained ones."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rainmer_lib.data.test_sets import BENCHMARKS
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.experiments import fixed_methods
from rainmer_lib.experiments.compare import Comparison, score_input
from rainmer_lib.experiments.fixed_methods import (
    PRENET,
    WEIGHTS,
    check_against_fixed,
    example_with_fixed,
    kept_table,
    score_model,
    with_fixed,
)
from rainmer_lib.experiments.kept import scores_of
from rainmer_lib.experiments.profiles import profile
from rainmer_lib.experiments.registry import rows
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import PROTOCOLS, evaluate
from rainmer_lib.pretrained.models import MODELS, Model, load_model


@pytest.fixture
def settings(noise_pair, quick):
    return quick(UnpairedRain("tiny", [], [], [], [noise_pair("7", 0), noise_pair("8", 1)], "fingerprint"))


@pytest.fixture
def comparison(settings):
    return Comparison([], score_input("held-out", settings.data), settings)


def test_the_shipped_network_is_scored_as_any_other(comparison):
    scores = with_fixed(comparison).scores
    row = scores.query("method == 'dcdgan-small' and image == '8' and protocol == 'rgb'").iloc[0]
    two = comparison.settings.data.held_out[1]
    expected = evaluate(derain(load_model("dcdgan-small"), two.rainy), two.clean, "rgb")
    assert (row.psnr, row.ssim) == pytest.approx(expected, abs=1e-6) and row.seed == -1
    assert len(scores) == 2 * 2 * len(PROTOCOLS) and set(scores.method) == {"input", "dcdgan-small"}


def test_weights_that_are_not_here_are_left_out_aloud(comparison, tmp_path, monkeypatch):
    monkeypatch.setitem(MODELS, "dcdgan-small", Model(None, lambda: tmp_path / "lost.safetensors", "", None))
    said = []
    assert set(with_fixed(comparison, said.append).scores.method) == {"input"}
    assert said == ["dcdgan-small on held-out: left out, because lost.safetensors of dcdgan-small is not on the data root"]


def test_scores_are_kept_until_weights_data_or_protocols_change(settings, tmp_path, monkeypatch):
    weights = tmp_path / "weights"
    weights.write_text("one")
    monkeypatch.setitem(MODELS, "net", Model(None, lambda: weights, "", None))
    table = pd.DataFrame({"image": ["01"] * len(PROTOCOLS), "protocol": list(PROTOCOLS), "psnr": 1.0, "ssim": 0.5})
    calls = []

    def ask(chosen, made=table):
        return kept_table("net", "held-out", chosen, lambda: calls.append(1) or made, scores_of(lambda: ["01"]))

    assert ask(settings).image.tolist() == ["01"] * len(PROTOCOLS) and len(calls) == 1
    assert ask(settings).equals(table) and len(calls) == 1, "asked twice, measured once"
    ask(replace(settings, data=replace(settings.data, fingerprint="other")))
    weights.write_text("two")
    ask(settings, table.iloc[1:])
    assert len(calls) == 3
    with pytest.warns(UserWarning, match="measured again"):
        ask(settings)
    assert len(calls) == 4, "a protocol was missing"
    kept = replace(settings, profile=profile("laptop"))
    ask(kept), ask(kept)
    assert len(calls) == 5 and len(list((tmp_path / "results" / "laptop" / "models").glob("net-*/scores-held-out.csv"))) == 1


def test_the_calibration_serves_prenet_without_its_weights(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    table = score_model("prenet-rain100l", "rain100l", settings)
    means = table[table.protocol == "prenet"][["psnr", "ssim"]].mean()
    assert (round(means.psnr, 2), round(means.ssim, 3)) == (37.48, 0.979) and table.image.nunique() == 100
    assert score_model("prenet-rain1400", "raincityscapes60", settings) is None


def test_every_entry_names_a_model_and_prenet_sees_no_photo_that_it_may_have_trained_on():
    assert {model for models in WEIGHTS.values() for model in models.values()} <= set(MODELS)
    assert set(BENCHMARKS) <= set(WEIGHTS[PRENET]) and "held-out" not in WEIGHTS[PRENET]
    assert not set(WEIGHTS) & set(rows("benchmarks", profile("laptop")))


def test_an_example_shows_them_before_the_clean_image(comparison):
    gains = comparison.scores.image.map({"7": 2, "8": 1})
    trained = comparison.scores.assign(method="ours", psnr=comparison.scores.psnr + gains)
    shown = example_with_fixed(comparison.extended([], [trained]), "held-out", of="ours")
    assert list(shown.images) == list(shown.captions) == ["rainy", "dcdgan-small", "clean"] and shown.pair.name == "8"
    output = derain(load_model("dcdgan-small"), shown.pair.rainy)
    assert shown.captions["dcdgan-small"] == f"{evaluate(output, shown.pair.clean, 'prenet')[0]:.2f} dB"
    assert np.array_equal(shown.images["dcdgan-small"], (output * 255).astype(np.uint8)), "truncated, as the protocol does"


def means(**by_method):
    rows = [(m, s, v, v / 40) for m, values in by_method.items() for s, v in values.items()]
    return pd.DataFrame(rows, columns=["method", "seed", "psnr", "ssim"]).assign(test_set="t", protocol="prenet")


def test_a_trained_method_against_given_weights():
    table = means(ours={0: 30.0, 1: 31.0, 2: 30.5}, other={0: 1.0, 1: 2.0, 2: 3.0}, **{PRENET: {-1: 36.0}})
    elsewhere = means(ours={0: 30.0, 1: 31.0, 2: 30.5}).assign(test_set="u")
    found = check_against_fixed(pd.concat([table, elsewhere]), "ours", PRENET, "prenet")
    assert found[["test_set", "metric", "worse", "verdict"]].to_numpy().tolist() == [
        ["t", "psnr", PRENET, "contradicted"], ["t", "ssim", PRENET, "contradicted"],
    ]  # fmt: skip
    assert found.difference[0] == pytest.approx(-5.5)
    assert check_against_fixed(elsewhere, "ours", PRENET, "prenet").empty
    assert fixed_methods.fixed_on(("mwd",)) == [(PRENET, "mwd", "prenet-rain1400")]
