"""The calibration of the metrics: its table, and the numbers that the documentation shows."""

import pandas as pd
import pytest

from rainmer_lib import paths
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.experiments import calibration
from rainmer_lib.experiments.calibration import PUBLISHED, calibrate, table
from rainmer_lib.experiments.compare import score_input
from rainmer_lib.metrics.protocols import PROTOCOLS

ROOT = paths.REPOSITORY


def test_the_documentation_shows_the_calibration():
    scores = pd.read_csv(ROOT / "results" / "calibration" / "prenet.csv").query("protocol == 'prenet'")
    text = (ROOT / "docs" / "using.md").read_text()
    for (model, test_set), (psnr, ssim) in PUBLISHED.items():
        ours = scores[(scores.method.eq(model)) & (scores.test_set == test_set)][["psnr", "ssim"]].mean()
        assert f" | {ours.psnr:.2f} / {ours.ssim:.4f} | {psnr} / {ssim} |".replace(" 0.", " .") in text


def test_the_published_weights_and_the_input_are_scored_on_every_set(noise_pair, generator, monkeypatch):
    pairs = [noise_pair("01", 0), noise_pair("2", 1)]
    monkeypatch.setattr(calibration, "benchmark_pairs", lambda name: iter(pairs))
    monkeypatch.setattr(calibration, "load_model", lambda name: generator)
    said = []
    scores = calibrate(said.append)
    assert said == [f"{model} on {test_set}" for model, test_set in PUBLISHED] and list(scores.image.unique()) == ["01", "2"]
    asked = {(model, test_set) for model, test_set in PUBLISHED} | {("input", test_set) for _, test_set in PUBLISHED}
    assert set(zip(scores.method, scores.test_set, strict=True)) == asked and len(scores) == 2 * len(asked) * len(PROTOCOLS)
    row = scores.query("method == 'input' and test_set == 'rain12' and image == '2' and protocol == 'rgb'")
    plain = score_input("held-out", UnpairedRain("tiny", [], [], [], pairs, ""))
    assert row.psnr.item() == pytest.approx(plain.query("image == '2' and protocol == 'rgb'").psnr.item())


def test_the_authors_numbers_stand_last():
    rows = [(m, t, i, p, 30.0 + k, 0.9) for m, t in (("input", "rain12"), ("prenet-rain100l", "rain12")) for p in PROTOCOLS
            for k, i in enumerate("ab")]  # fmt: skip
    found = table(pd.DataFrame(rows, columns=["method", "test_set", "image", "protocol", "psnr", "ssim"]))
    assert list(found.columns) == [*PROTOCOLS, "printed"]
    assert found.printed.to_dict() == {("rain12", "prenet-rain100l"): "36.66 / 0.961", ("rain12", "input"): ""}
    assert set(found["rgb"]) == {"30.50 / 0.9000"}
