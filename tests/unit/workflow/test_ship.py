"""What ships: files of a finished run, what is measured of it, and the limits that a person wrote."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from random_runs import random_run
from safetensors.torch import save_file

from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.experiments.damage import damage_table
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import evaluate
from rainmer_lib.pretrained import model_card, models
from rainmer_lib.pretrained.models import load_folder
from rainmer_lib.workflow import ship as module
from rainmer_lib.workflow.ship import ship

pytestmark = pytest.mark.slow  # most of them score a network

SHIPPED = ["README.md", "SHA256SUMS", "config.json", "damage.csv", "derain.safetensors"]


@pytest.fixture
def source():
    """The embedded set, of three held-out pairs of noise under bright streaks and nothing else."""
    rng, held = np.random.default_rng(0), []
    for name in ("a", "b", "c"):
        clean = rng.integers(0, 200, (36, 40, 3), dtype=np.uint8)
        rainy = clean.copy()
        rainy[:, ::5] += np.uint8(40)
        held.append(Pair(name, rainy, clean))
    return UnpairedRain("embedded", [], [], [], held, "f" * 16)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """An empty folder in place of that of the package; training data are not searched for."""
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "weights")
    monkeypatch.setattr(models, "SHIPPED", tmp_path / "weights")
    monkeypatch.setattr(model_card, "_data", lambda folder: "made up")
    return tmp_path / "weights"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_run_ships_whole_and_is_then_a_model(source, weights, tmp_path):
    run, said = random_run(tmp_path / "runs"), []
    assert ship(run, "new-small", source, said.append) == weights / "new-small"
    assert names(weights) == ["new-small"], "nothing else, nothing half written"
    assert names(weights / "new-small") == [*SHIPPED, "held-out-a.png", "held-out-b.png", "held-out-c.png", "input.csv"]
    for file in ("config.json", "derain.safetensors", "damage.csv", "input.csv"):
        assert (weights / "new-small" / file).read_bytes() == (run / file).read_bytes()
    assert models.shipped() == ["new-small"]
    image = torch.rand(1, 3, 32, 32)
    assert torch.equal(load_folder(weights / "new-small")(image), load_folder(run)(image))
    assert said[:3] == ["scores on held-out", "scores of the rainy input", "damage on the held-out photos"]
    assert "to do: record" in said[-1]


def test_the_card_has_what_was_measured_on_the_held_out_photos(source, weights, tmp_path):
    run = random_run(tmp_path / "runs")
    ship(run, "new-small", source, lambda text: None)
    card, network = (weights / "new-small" / "README.md").read_text(encoding="utf-8"), load_folder(run)
    psnr = [evaluate(derain(network, pair.rainy), pair.clean, "prenet")[0] for pair in source.held_out]
    gains = {p.name: v - evaluate(p.rainy, p.clean, "prenet")[0] for p, v in zip(source.held_out, psnr, strict=True)}
    assert f"| held-out photos | `prenet` | {np.mean(psnr):.2f} | " in card and f"| run | `{run.name}`, seed 0 |" in card
    rainy = np.mean([evaluate(pair.rainy, pair.clean, "prenet")[0] for pair in source.held_out])
    assert f" | {rainy:.2f}, " in card and f"{np.mean(psnr) - rainy:+.2f} dB on held-out photos." in model_card.limits(card)
    best = max(gains, key=gains.get)
    assert f"Photo {best}, the largest gain of 3: {gains[best]:+.2f} dB\n\n![" in card and f"](held-out-{best}.png)" in card
    table = damage_table(network, source.held_out)
    assert f"| rain left | {100 * table.rain_left.mean():.0f} % |" in card
    assert f"{100 * table.rain_left.mean():.0f} % of the rain stays" in model_card.limits(card)
    assert "1,234 seconds of one core" in card and card.startswith("# new-small\n") and "--model new-small\n" in card


def test_scores_and_damage_of_the_run_are_not_computed_again(source, weights, tmp_path):
    run = random_run(tmp_path / "runs")
    ship(run, "one", source, lambda text: None)
    scores, damage = run / "scores-held-out.csv", run / "damage.csv"
    table = pd.read_csv(scores)
    table.assign(psnr=table.psnr.where(table.protocol != "prenet", 77.0)).to_csv(scores, index=False)
    pd.read_csv(damage).assign(rain_left=0.123).to_csv(damage, index=False)
    (run / "SHA256SUMS").unlink()  # as of a run from before there were seals
    ship(run, "two", source, lambda text: None)
    card = (weights / "two" / "README.md").read_text(encoding="utf-8")
    assert "| held-out photos | `prenet` | 77.00 |" in card and "| rain left | 12 % | 12 % |" in card


def test_limits_are_kept_where_a_person_wrote_them_and_renewed_where_not(source, weights, tmp_path):
    """Shipping another run in place of the first, whose pictures and numbers go."""
    first, second = random_run(tmp_path / "runs"), random_run(tmp_path / "runs", steps=4200)
    card = ship(first, "it", source, lambda text: None) / "README.md"
    (card.parent / "held-out-old.png").touch()
    before, said = model_card.limits(card.read_text(encoding="utf-8")), []
    ship(second, "it", source, said.append)
    assert model_card.limits(card.read_text(encoding="utf-8")) != before and not any("kept" in text for text in said)
    assert second.name in card.read_text(encoding="utf-8") and not (card.parent / "held-out-old.png").exists()
    card.write_text(f"# it\n\n**Limits.** It squints\nat night.\n\n{first.name}\n", encoding="utf-8")
    ship(second, "it", source, said.append)
    after = card.read_text(encoding="utf-8")
    assert model_card.limits(after) == "It squints at night." and first.name not in after
    assert any("see that it holds for this run:\nIt squints at night." in text for text in said)


def test_what_fails_leaves_what_shipped_before(source, weights, tmp_path, monkeypatch):
    run = random_run(tmp_path / "runs")
    ship(run, "it", source, lambda text: None)
    before = {path.name: path.read_bytes() for path in (weights / "it").iterdir()}
    monkeypatch.setattr(module, "draw_pictures", lambda *_: (_ for _ in ()).throw(ValueError("no picture")))
    with pytest.raises(ValueError, match="no picture"):
        ship(random_run(tmp_path / "runs", steps=4200), "it", source, lambda text: None)
    assert {path.name: path.read_bytes() for path in (weights / "it").iterdir()} == before and names(weights) == ["it"]


def test_on_other_data_every_test_set_is_scored(source, weights, tmp_path, monkeypatch):
    """And a missing one is reported before anything is computed."""
    asked = []
    monkeypatch.setattr(module, "benchmark_pairs", lambda name: asked.append(name))
    monkeypatch.setattr(module, "score_run", lambda run, name, data: asked.append(f"score {name}") or 1 / 0)
    real = UnpairedRain("bsd-streaks", [], [], [], source.held_out, "f" * 16)
    with pytest.raises(ZeroDivisionError):
        ship(random_run(tmp_path / "runs"), "it", real, lambda text: None)
    assert asked == ["rain100l", "rain100h", "rain12", "raincityscapes60", "score held-out"]


@pytest.mark.parametrize("name", ["auto", "prenet-rain100l", "Small", "a/b", "", ".hidden", "two words", "-a"])
def test_a_name_that_cannot_be_given_is_refused(name, source, weights, tmp_path):
    """Before the run is looked at."""
    with pytest.raises(ValueError, match=f"name {name!r}: (use lower-case|taken by)"):
        ship(tmp_path / "no run", name, source)
    assert not weights.exists()


def test_a_folder_that_is_no_finished_run_is_refused(source, weights, tmp_path):
    unfinished = random_run(tmp_path / "runs", finished=False)
    with pytest.raises(FileNotFoundError, match="not the folder of a finished run"):
        ship(unfinished, "it", source)
    run = random_run(tmp_path / "runs")
    shutil.copytree(run, tmp_path / "copy")
    with pytest.raises(ValueError, match=f"this run is {run.name}; give the folder of that name"):
        ship(tmp_path / "copy", "it", source)
    (run / "derain.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="only the scores of this run are kept"):
        ship(run, "it", source)
    save_file({"a": torch.zeros(2_000_000, dtype=torch.float16)}, run / "derain.safetensors")
    with pytest.raises(ValueError, match=r"4\.0 MB; what ships has less than 4 MB"):
        ship(run, "it", source)
    assert not weights.exists()


def test_the_command_ends_with_a_message(source, weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "unpaired", {"embedded": source, "bsd-streaks": source}.get)
    monkeypatch.setattr(module, "use_style", lambda: None)  # it would hold for the tests that follow
    assert module.main([str(tmp_path / "nothing"), "it"]) == 2
    assert "ship: " in capsys.readouterr().err
    assert module.main([str(random_run(tmp_path / "runs")), "it", "--data", "embedded"]) == 0
    assert f"shipped: {weights / 'it'}" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        module.main(["run", "it", "--data", "rain900"])
