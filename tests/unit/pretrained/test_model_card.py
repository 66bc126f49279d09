"""Model cards say what the files of a run say."""

import json
import re
from dataclasses import asdict, replace

import pandas as pd
import pytest
from random_runs import random_run
from safetensors.torch import save_file

from rainmer_lib import paths
from rainmer_lib.baselines.rain_layer import varied_pairs_of
from rainmer_lib.data import varied_rain
from rainmer_lib.data.unpaired import embedded
from rainmer_lib.methods import METHODS
from rainmer_lib.metrics.damage import MEASURES
from rainmer_lib.pretrained import model_card
from rainmer_lib.pretrained.models import DEFAULT, SHIPPED, shipped
from rainmer_lib.rainmer.config import tiny
from rainmer_lib.rainmer.model import build_network


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_card_has_the_recorded_scores_the_ways_to_load_and_the_limits(name):
    card = model_card.card_of_run(SHIPPED / name)
    key = re.search(r"^\| run \| `([a-z_]+-[0-9a-f]{12})`", card, re.MULTILINE)[1]
    run = next((paths.REPOSITORY / "results").glob(f"*/runs/{key}"))
    assert json.loads((run / "config.json").read_text()) == json.loads((SHIPPED / name / "config.json").read_text())
    recorded = model_card.scores_section(run).splitlines()
    scores = re.search(r"^## Scores$(.*?)^## ", card, re.MULTILINE | re.DOTALL)[1]
    shown = [line for line in scores.splitlines() if "| `" in line]
    assert set(shown) <= set(recorded), "a score that the run does not have; it may have been tested on more since"
    assert {line.split(" | ")[0] for line in shown} >= {"| Rain100L", "| Rain100H", "| Rain12", "| RainCityscapes60"}
    assert model_card.own_limits(card) or model_card.limits(card) == model_card._limits_of(run)
    assert model_card.loading(name) in card and "| licence | MIT" in card and model_card.limits(card)


@pytest.mark.parametrize("name", shipped())
def test_what_a_shipped_card_says_of_damage_and_shows_lies_beside_it(name):
    """The section is that of the table beside the card; every picture is there, small, and none is there for nothing."""
    card, folder = model_card.card_of_run(SHIPPED / name), SHIPPED / name
    assert ("## Damage" in card) == (folder / "damage.csv").is_file() and model_card.damage_section(folder) in card
    pictures = {path.name: path.stat().st_size for path in folder.glob("*.png")}
    assert set(re.findall(r"!\[[^]]*\]\(([^)]*)\)", card)) == set(pictures) and all(s < 150_000 for s in pictures.values())


@pytest.mark.slow
def test_a_card_is_made_of_the_files_of_the_run(tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path / "nothing"))
    folder = random_run(tmp_path, data="894327179edd2964", finished=False, identity_weight=1.0, crop=48)
    config = json.loads((folder / "config.json").read_text())
    card = model_card.card_of_run(folder)
    assert "None are recorded" in card and "## Damage" not in card and "## Pictures" not in card
    config["config"] |= {"steps": 2400, "batch": 8}
    (folder / "config.json").write_text(json.dumps(config))
    rows = [("a", "prenet", 20.0, 0.5), ("b", "prenet", 30.0, 0.7), ("a", "rgb", 18.0, 0.4), ("b", "rgb", 19.0, 0.6)]
    pd.DataFrame(rows, columns=["image", "protocol", "psnr", "ssim"]).to_csv(folder / "scores-rain12.csv", index=False)
    (folder / "scores-real147.csv").write_text("image,niqe,brisque\n1,2.9,16.3\n")
    (folder / "scores-detection-day.csv").write_text("psnr,ssim,map,frames\n22.9,0.82,0.77,a b\n")
    card = model_card.card_of_run(folder)
    assert "real147" not in card.lower(), "scores without a clean partner have no place in the table"
    assert "detection" not in card, "nor have those of a detector, which follow no protocol"
    assert "| Rain12 | `prenet` | 25.00 | 0.6000 | 2 |" in card and "| Rain12 | `rgb` | 18.50 | 0.5000 | 2 |" in card
    assert "| budget | 2,400 steps of 8 crops of 48 pixels |" in card and "`identity_weight=1.0`" in card
    assert "fingerprint `894327179edd2964`; none of the training sets" in card and "0.03 million parameters" in card
    assert "`steps" not in card and "`temperature" not in card
    assert model_card.limits(card).startswith("It saw ") and model_card.loading("FOLDER") in card


FINISHED = {"seconds_of_last_part": 1234.4, "device": "cpu", "threads": 1}


@pytest.mark.parametrize(("changed", "words"), [
    ({}, "; 1,234 seconds of one core (from its last start)"),
    ({"threads": 2}, "; 1,234 seconds (from its last start)"),
    ({"device": "cuda"}, "; 1,234 seconds (from its last start)"),
    ({"seconds_of_last_part": [600.0, 34.6]}, "; 635 seconds of one core (from its last start)"),
])  # fmt: skip
def test_the_time_of_training_is_that_of_one_core_where_there_was_one(tmp_path, changed, words):
    (tmp_path / "finished.json").write_text(json.dumps(FINISHED | changed))
    assert model_card._time(tmp_path) == words
    (tmp_path / "finished.json").unlink()
    assert model_card._time(tmp_path) == ""


@pytest.mark.slow
def test_training_data_are_recognised_those_that_a_method_makes_too(tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path / "nothing"))
    monkeypatch.setattr(model_card, "_MADE_AT", {"embedded": "quick"})
    monkeypatch.setattr(varied_rain, "RENDERED", {"rain12": 3})
    source = embedded()
    told = model_card._data(random_run(tmp_path, data=source.fingerprint))
    assert told.startswith("embedded (3 photos made rainy, 3 clean exemplars")
    varied = varied_pairs_of(source, "quick")
    told = model_card._data(random_run(tmp_path, "rain_layer", varied.fingerprint))
    assert told.startswith("embedded-varied (6 photos made rainy") and "19 streak layers" in told
    assert "none of the training sets" in model_card._data(random_run(tmp_path, data=varied.fingerprint))


def test_the_measured_limits_are_the_means_of_the_damage(tmp_path):
    """Of two photos; the share of the pixels is that of the paper's size: 1 % of its steps."""
    folder = random_run(tmp_path, steps=METHODS["dcdgan"].at("paper").steps // 100)
    rows = [("1", 0.2, 30.0, 1.0, 0.01, 20.0, 50.0), ("2", 0.4, 40.0, 2.0, None, None, None)]
    pd.DataFrame(rows, columns=["image", *MEASURES]).to_csv(folder / "damage.csv", index=False)
    said = model_card._limits_of(folder)
    assert said.startswith("It saw 1 % of the pixels") and "photos 30 % of the rain stays, 1.0 % of the rainy" in said
    assert "comes back with 35.0 dB and a tint of 1.5 levels." in said and "Against the rainy input" not in said


def test_the_measured_limits_name_the_gain_on_every_set_that_is_scored(tmp_path):
    """A loss among them; so they cannot disagree with the table of scores."""
    folder = random_run(tmp_path)
    columns = ["image", "protocol", "psnr", "ssim"]
    for name, psnr in (("held-out", 30.0), ("rain12", 20.0)):
        pd.DataFrame([("1", "prenet", psnr, 0.5)], columns=columns).to_csv(folder / f"scores-{name}.csv", index=False)
    rainy = [("held-out", "prenet", 27.25, 0.4, 1), ("rain12", "prenet", 21.5, 0.4, 1)]
    pd.DataFrame(rainy, columns=["test_set", *columns[1:], "images"]).to_csv(folder / "input.csv", index=False)
    said = model_card._limits_of(folder)
    assert "PSNR (`prenet`) changes by +2.75 dB on held-out photos, -1.50 dB on Rain12." in said


def test_only_limits_that_a_person_wrote_are_kept(tmp_path, monkeypatch):
    """And a card with them has no mark of being written from numbers."""
    monkeypatch.setattr(model_card, "_data", lambda folder: "made up")
    folder = random_run(tmp_path)
    card = model_card.written_card(folder, "some-name")
    assert model_card.limits(card).startswith("It saw ") and model_card.own_limits(card) == ""
    assert model_card.own_limits("# no card of ours\n") == ""
    by_hand = card.replace(model_card.WRITTEN + "\n", "").replace("It saw ", "I say: it saw ")
    words = model_card.own_limits(by_hand)
    assert words.startswith("I say: it saw ")
    again = model_card.written_card(folder, "some-name", own_words=words)
    assert model_card.own_limits(again) == words and model_card.WRITTEN not in again
    assert again.startswith("# some-name\n") and model_card.loading("some-name") in again


def test_the_sections_of_a_card_stand_in_order_each_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(model_card, "_data", lambda folder: "made up")
    folder = random_run(tmp_path)
    pd.DataFrame([("1", *[0.5] * len(MEASURES))], columns=["image", *MEASURES]).to_csv(folder / "damage.csv", index=False)
    card = model_card.written_card(folder, "a", {"p.png": "Photo 1"})
    marks = ["# a\n", "| run | `", "\n\n<!--", "\n**Limits.** ", "\n\n## Scores\n", "\n\n## Damage\n", "\n\n## Pictures\n",
             "](p.png)\n", "\n\n## Loading\n"]  # fmt: skip
    places = [card.index(mark) for mark in marks]
    assert places == sorted(places) and "\n\n\n" not in card and card.endswith("```\n")


def test_limits_are_one_paragraph_and_a_card_without_them_is_refused():
    assert model_card.limits("# a\n\n**Limits.** Small\nand slow.\n\nMore.\n") == "Small and slow."
    assert model_card.limits("**Limits.** At the end.") == "At the end."
    with pytest.raises(ValueError, match=r"\*\*Limits"):
        model_card.limits("# a\n")


def test_every_kind_of_model_has_limits_to_show(tmp_path):
    expected = model_card.limits((SHIPPED / DEFAULT / "README.md").read_text(encoding="utf-8"))
    assert model_card.limits_of_model(DEFAULT) == model_card.limits_of_model("auto") == expected
    assert "No card comes with these weights" in model_card.limits_of_model("prenet-rain100l")
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "model.safetensors").touch()
    assert "without a card" in model_card.limits_of_model(str(shared))
    (shared / "README.md").write_text("---\nlicense: mit\n---\n# a\n\n**Limits.** Of this one.\n")
    assert model_card.limits_of_model(str(shared)) == "Of this one."


@pytest.mark.slow
def test_a_run_of_rainmer_has_a_card_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path / "nothing"))
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
