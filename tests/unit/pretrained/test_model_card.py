"""Model cards say what the files of a run say."""

import json
import shutil
from dataclasses import asdict, replace

import pandas as pd
import pytest
from safetensors.torch import save_file

from rainmer_lib import paths
from rainmer_lib.methods import METHODS
from rainmer_lib.pretrained import model_card
from rainmer_lib.pretrained.models import DEFAULT, SHIPPED
from rainmer_lib.rainmer.config import tiny
from rainmer_lib.rainmer.model import build_network

RUN = "dcdgan-b9563784bebe"


def test_the_shipped_card_has_the_recorded_scores_the_ways_to_load_and_the_limits():
    card = model_card.card_of_run(SHIPPED / DEFAULT)
    run = next((paths.REPOSITORY / "results").glob(f"*/runs/{RUN}"))
    recorded = model_card.scores_section(run).splitlines()
    shown = [line for line in card[card.index("## Scores") :].splitlines() if "| `" in line]
    assert set(shown) <= set(recorded), "a score that the run does not have; it may have been tested on more since"
    assert {line.split(" | ")[0] for line in shown} >= {"| Rain100L", "| Rain100H", "| Rain12", "| RainCityscapes60"}
    assert RUN in card and model_card.loading(DEFAULT) in card
    assert "| licence | MIT" in card and "small" in model_card.limits(card)


@pytest.mark.slow
def test_a_card_is_made_of_the_files_of_the_run(tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path / "nothing"))
    folder = tmp_path / "a-run"
    folder.mkdir()
    for file in ("config.json", "derain.safetensors"):
        shutil.copy(SHIPPED / DEFAULT / file, folder)
    config = json.loads((folder / "config.json").read_text())
    assert "None are recorded" in model_card.card_of_run(folder)
    config["config"] |= {"steps": 2400, "batch": 8}
    (folder / "config.json").write_text(json.dumps(config))
    rows = [("a", "prenet", 20.0, 0.5), ("b", "prenet", 30.0, 0.7), ("a", "rgb", 18.0, 0.4), ("b", "rgb", 19.0, 0.6)]
    pd.DataFrame(rows, columns=["image", "protocol", "psnr", "ssim"]).to_csv(folder / "scores-rain12.csv", index=False)
    (folder / "scores-real147.csv").write_text("image,niqe,brisque\n1,2.9,16.3\n")
    card = model_card.card_of_run(folder)
    assert "real147" not in card.lower(), "scores without a clean partner have no place in the table"
    assert "| Rain12 | `prenet` | 25.00 | 0.6000 | 2 |" in card and "| Rain12 | `rgb` | 18.50 | 0.5000 | 2 |" in card
    assert "| budget | 2,400 steps of 8 crops of 48 pixels |" in card and "`identity_weight=1.0`" in card
    assert "fingerprint `894327179edd2964`; none of the training sets" in card and "0.35 million parameters" in card
    assert "`steps" not in card and "`temperature" not in card
    assert model_card.limits(card).startswith("It saw ")


@pytest.mark.slow
def test_the_embedded_data_are_recognised(tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path / "nothing"))
    fingerprint = model_card.unpaired("embedded").fingerprint
    assert model_card._data(fingerprint).startswith("embedded (3 photos made rainy, 3 clean exemplars")


def test_limits_are_one_paragraph_and_a_card_without_them_is_refused():
    assert model_card.limits("# a\n\n**Limits.** Small\nand slow.\n\nMore.\n") == "Small and slow."
    assert model_card.limits("**Limits.** At the end.") == "At the end."
    with pytest.raises(ValueError, match=r"\*\*Limits"):
        model_card.limits("# a\n")


def test_every_kind_of_model_has_limits_to_show(tmp_path):
    assert model_card.limits_of_model(DEFAULT).startswith("It is small")
    assert "No card comes with these weights" in model_card.limits_of_model("prenet-rain100l")
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "model.safetensors").touch()
    assert "without a card" in model_card.limits_of_model(str(shared))
    (shared / "README.md").write_text("---\nlicense: mit\n---\n# a\n\n**Limits.** Of this one.\n")
    assert model_card.limits_of_model(str(shared)) == "Of this one."


@pytest.mark.slow
def test_a_run_of_rainmer_has_a_card_of_its_own(tmp_path):
    folder = tmp_path / "rainy-day"
    folder.mkdir()
    config = replace(tiny, width=4, views=("illumination",))
    weights = {name: value.contiguous() for name, value in build_network(config).state_dict().items()}
    save_file(weights, folder / "derain.safetensors")
    stored = {"method": "rainmer", "config": asdict(config), "data": "0123456789abcdef", "version": 1}
    (folder / "config.json").write_text(json.dumps(stored))
    card = model_card.card_of_run(folder)
    assert f"Rainmer ({METHODS['rainmer'].citation}), paired training" in card and "Ran et al.," in card
    assert "views illumination;" in card and "`0123456789abcdef`" in card
    assert model_card.loading("FOLDER") in card and "`embedding=16`" in card
    assert model_card.limits_of_model(str(folder)).startswith("It saw ")
