"""Trained networks by name: shipped, published, or of a run."""

import json
import shutil

import pytest
import torch

from rainmer_lib import paths
from rainmer_lib.models import DEFAULT, MODELS, SHIPPED, load_model, read_config


def test_the_default_ships_and_derains():
    assert MODELS[DEFAULT].present
    network = load_model(DEFAULT)
    image = torch.rand(1, 3, 32, 32)
    assert network(image)[0].shape == image.shape and not network.training


@pytest.mark.parametrize("folder", sorted(p for p in SHIPPED.iterdir() if p.is_dir()), ids=lambda p: p.name)
def test_what_ships_is_a_recorded_run_with_its_card(folder):
    """The weights are those of a run whose scores stand in results/; the card names it."""
    weights = (folder / "derain.safetensors").read_bytes()
    kept = (paths.REPOSITORY / "results").glob("*/runs/*/derain.safetensors")
    same = [p.parent.name for p in kept if p.read_bytes() == weights]
    card = (folder / "README.md").read_text()
    assert same and same[0] in card, "the card does not name the run that the weights are from"
    assert len(weights) < 4e6


def test_the_folder_of_a_run_is_a_model(tmp_path):
    for file in ("config.json", "derain.safetensors"):
        shutil.copy(SHIPPED / DEFAULT / file, tmp_path)
    image = torch.rand(1, 3, 32, 32)
    assert torch.equal(load_model(tmp_path)(image)[0], load_model(DEFAULT)(image)[0])
    assert json.loads((tmp_path / "config.json").read_text())["config"]["width"] == read_config(tmp_path).width
    damages = [("derain.safetensors", b"\x08" * 100)]  # then no configuration, an unknown field, another width
    damages += [("config.json", text) for text in (b"{}", b'{"config": {"depth": 3}}', b'{"config": {"width": 8}}')]
    for file, damaged in damages:
        whole = (tmp_path / file).read_bytes()
        (tmp_path / file).write_bytes(damaged)
        with pytest.raises(ValueError, match=r"damaged|not the configuration"):
            load_model(tmp_path)
        (tmp_path / file).write_bytes(whole)
    (tmp_path / "derain.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="holds no derain.safetensors"):
        load_model(tmp_path)


def test_a_shared_folder_is_a_model_and_what_is_wrong_with_one_is_said(tmp_path):
    shutil.copy(SHIPPED / DEFAULT / "derain.safetensors", tmp_path / "model.safetensors")
    whole = {"width": 16, "blocks": 4, "antialias": False, "global_residual": True, "run": {"other": "things"}}
    (tmp_path / "config.json").write_text(json.dumps(whole))
    image = torch.rand(1, 3, 32, 32)
    assert torch.equal(load_model(str(tmp_path))(image)[0], load_model(DEFAULT)(image)[0])
    wrong = [("width", "16"), ("width", True), ("blocks", 0), ("antialias", 1), ("global_residual", None)]
    for name, value in wrong:
        (tmp_path / "config.json").write_text(json.dumps(whole | {name: value}))
        with pytest.raises(ValueError, match=f"missing or wrong: {name} "):
            load_model(tmp_path)
    for damaged, message in ((b"{", "damaged, no JSON"), (b"\xff\xfe", "damaged, no JSON"), (b"[1]", "found list")):
        (tmp_path / "config.json").write_bytes(damaged)
        with pytest.raises(ValueError, match=message):
            load_model(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(FileNotFoundError, match="holds no config.json"):
        load_model(tmp_path)


def test_names_that_do_not_exist_are_answered_with_those_that_do(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="choose one of dcdgan-small, prenet-rain100l"):
        load_model("restormer")
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    assert not MODELS["prenet-rain100l"].present
    with pytest.raises(FileNotFoundError, match="csdwren/PReNet"):
        load_model("prenet-rain100l")
