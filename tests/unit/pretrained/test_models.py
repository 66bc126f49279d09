"""Trained networks by name: shipped, published, or of a run."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from random_runs import random_run
from safetensors.torch import load_file, save_file

from rainmer_lib import cli, paths
from rainmer_lib.methods import METHODS
from rainmer_lib.networks.resnet_generator import ResNetGenerator
from rainmer_lib.pretrained import models
from rainmer_lib.pretrained.models import (
    AUTO,
    DEFAULT,
    MODELS,
    SHIPPED,
    load_model,
    method_of,
    read_config,
    resolved,
    title_of,
)
from rainmer_lib.rainmer import tiny
from rainmer_lib.rainmer.model import DerainingNetwork, build_network
from rainmer_lib.training import seal
from rainmer_lib.training.loop import export
from rainmer_lib.training.run import RunFolder, RunIdentity


def test_the_default_ships_and_derains():
    assert MODELS[DEFAULT].present and DEFAULT in models.shipped()
    network = load_model(DEFAULT)
    image = torch.rand(1, 3, 32, 32)
    assert network(image).shape == image.shape and not network.training


def test_auto_is_the_default_and_every_other_name_is_itself(monkeypatch):
    assert AUTO not in MODELS and resolved(AUTO) == DEFAULT
    assert all(resolved(name) == name for name in ("prenet-rain100l", "a/folder", "automatic"))
    monkeypatch.setattr(models, "DEFAULT", "chosen")
    monkeypatch.setitem(MODELS, "chosen", models.Model(lambda: "its network", None, None, None))
    assert resolved(AUTO) == "chosen" and load_model(AUTO) == "its network"


def test_a_folder_below_weights_is_a_model(tmp_path, monkeypatch):
    """With a configuration, that is; what is being written, hidden, is none."""
    for name in ("second", "first", ".third.tmp"):
        shutil.copytree(random_run(tmp_path / "runs"), tmp_path / "weights" / name)
    (tmp_path / "weights" / "empty").mkdir()
    monkeypatch.setattr(models, "SHIPPED", tmp_path / "weights")
    assert models.shipped() == ["first", "second"]
    model = models._shipped("first")
    assert model.present and model.title == "DCD-GAN: 0.03 M parameters, trained without pairs"
    assert sum(p.numel() for p in model.load().parameters()) == pytest.approx(0.03e6, abs=5e3)


def test_every_folder_that_ships_is_listed_before_the_published_weights():
    folders = sorted(path.name for path in SHIPPED.iterdir() if path.is_dir())
    assert list(MODELS) == [*folders, "prenet-rain100l", "prenet-rain100h", "prenet-rain1400"]


def test_a_title_says_method_parameters_and_pairs(tmp_path):
    for method in ("dcdgan", "rain_layer", "rescan"):
        folder = random_run(tmp_path, method)
        count = sum(p.numel() for p in load_model(folder).parameters()) / 1e6
        pairs = "without pairs" if method == "dcdgan" else "with pairs"
        assert title_of(folder) == f"{METHODS[method].title}: {count:.2f} M parameters, trained {pairs}"


@pytest.mark.parametrize("folder", sorted(p for p in SHIPPED.iterdir() if p.is_dir()), ids=lambda p: p.name)
def test_what_ships_is_a_recorded_run_with_its_card(folder):
    """The run is one whose scores stand in results/, without a second copy of the weights; the card names it."""
    kept = (paths.REPOSITORY / "results").glob("*/runs/*/finished.json")
    same = [p.parent for p in kept if models.shipped_as(p.parent) == folder]
    card = (folder / "README.md").read_text()
    assert len(same) == 1 and same[0].name in card, "the card does not name the run that the weights are from"
    assert not (same[0] / "derain.safetensors").exists() and models.weights_of(same[0]) == folder / "derain.safetensors"
    assert (folder / "derain.safetensors").stat().st_size < 4e6


def test_the_folder_of_a_run_is_a_model(tmp_path):
    for file in ("config.json", "derain.safetensors"):
        shutil.copy(random_run(tmp_path / "runs") / file, tmp_path)
    image = torch.rand(1, 3, 32, 32)
    assert torch.equal(load_model(tmp_path)(image), load_model(random_run(tmp_path / "runs"))(image))
    stored = json.loads((tmp_path / "config.json").read_text())
    assert stored["config"]["width"] == read_config(tmp_path).width
    # then nothing, no method, no configuration, an unknown field, another width
    others = {}, {"config": stored["config"]}, {"method": "dcdgan"}
    others += tuple({"method": "dcdgan", "config": config} for config in ({"depth": 3}, stored["config"] | {"width": 4}))
    damages = [("derain.safetensors", b"\x08" * 100), *(("config.json", json.dumps(other).encode()) for other in others)]
    for file, damaged in damages:
        whole = (tmp_path / file).read_bytes()
        (tmp_path / file).write_bytes(damaged)
        with pytest.raises(ValueError, match=r"damaged|not the configuration"):
            load_model(tmp_path)
        (tmp_path / file).write_bytes(whole)
    (tmp_path / "derain.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="holds no derain.safetensors and no model.safetensors.$"):
        load_model(tmp_path)
    (tmp_path / "scores-rain12.csv").touch()
    with pytest.raises(FileNotFoundError, match="holds no derain.safetensors.*scores.*train it again"):
        load_model(tmp_path)


@pytest.fixture
def rainmer_run(tmp_path):
    """The folder of a run of Rainmer, as training leaves it, with the network whose weights were exported."""
    config = replace(tiny, width=4, views=("illumination",), prompt_weighting="sum", cycles=(1, 2), cycle_floors=(1e-4, 1e-6))
    folder = RunFolder(tmp_path, RunIdentity("rainmer", config, "f" * 16, 1))
    folder.prepare(needed_bytes=0)
    torch.manual_seed(5)
    network = build_network(config)
    export(network.state_dict(), folder.path / "derain.safetensors")
    return folder.path, config, network


def test_the_folder_of_a_run_of_rainmer_is_a_model(rainmer_run):
    """Its own network with the exported weights; its configuration names the folder again."""
    folder, config, network = rainmer_run
    loaded, image = load_model(str(folder)), torch.rand(1, 3, 20, 27)
    assert isinstance(loaded, DerainingNetwork) and not loaded.training
    for name, value in loaded.state_dict().items():
        assert value.dtype == torch.float32 and torch.equal(value, network.state_dict()[name].half().float())
    assert torch.allclose(loaded(image), network.eval()(image), atol=1e-2) and loaded(image).shape == image.shape
    assert read_config(folder) == config and RunIdentity("rainmer", read_config(folder), "f" * 16, 1).key == folder.name
    assert method_of(folder) is METHODS["rainmer"]


def test_the_command_line_derains_with_a_run_of_rainmer(rainmer_run, tmp_path):
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 27, 3), dtype=np.uint8)).save(source)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["derain", str(source), str(target), "--model", str(rainmer_run[0])])
    assert stopped.value.code == 0 and Image.open(target).size == (27, 20)


def test_what_a_run_is_is_said_by_its_method(rainmer_run, tmp_path):
    """Not by the fields that its configuration happens to have."""
    folder, config, _ = rainmer_run
    stored = json.loads((folder / "config.json").read_text())
    for method, message in (("dcdgan", "unexpected keyword"), ("restormer", "choose one of dcdgan"), (None, "'method'")):
        changed = {k: v for k, v in (stored | {"method": method}).items() if v is not None}
        (folder / "config.json").write_text(json.dumps(changed))
        with pytest.raises(ValueError, match=message):
            load_model(folder)
    for method in ("dcdgan", "cyclegan", "cut", "dclgan"):
        other = random_run(tmp_path)
        built = METHODS[method].network(read_config(other))
        assert isinstance(built, ResNetGenerator)
        assert set(built.state_dict()) == set(load_file(other / "derain.safetensors"))


def test_a_shared_folder_is_a_model_and_what_is_wrong_with_one_is_said(tmp_path):
    run = random_run(tmp_path / "runs")
    shutil.copy(run / "derain.safetensors", tmp_path / "model.safetensors")
    config = {"width": 8, "blocks": 1, "global_residual": True, "taps": ["down1"]}
    whole = {"method": "dcdgan", "config": config, "data": None, "version": None}
    (tmp_path / "config.json").write_text(json.dumps(whole))
    image = torch.rand(1, 3, 32, 32)
    assert torch.equal(load_model(str(tmp_path))(image), load_model(run)(image))
    wrong = [("width", "16"), ("width", True), ("blocks", 0), ("antialias", 1), ("global_residual", None)]
    for name, value in wrong:
        (tmp_path / "config.json").write_text(json.dumps(whole | {"config": config | {name: value}}))
        with pytest.raises(ValueError, match=rf"config\.json: not the configuration of a run of this project .*{name}"):
            load_model(tmp_path)
    no_json = "damaged, not valid JSON"
    for damaged, message in ((b"{", no_json), (b"\xff\xfe", no_json), (b"[1]", "found list")):
        (tmp_path / "config.json").write_bytes(damaged)
        with pytest.raises(ValueError, match=message):
            load_model(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(FileNotFoundError, match="holds no config.json"):
        load_model(tmp_path)


def test_names_that_do_not_exist_are_answered_with_those_that_do(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match=f"choose one of auto, .*{DEFAULT}, .*prenet-rain100l"):
        load_model("restormer")
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    assert not MODELS["prenet-rain100l"].present
    with pytest.raises(FileNotFoundError, match="csdwren/PReNet"):
        load_model("prenet-rain100l")


def flipped(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def not_a_number(path):
    weights = load_file(path)
    next(iter(weights.values())).view(-1)[0] = float("nan")
    save_file(weights, path)


@pytest.fixture
def sealed_run(tmp_path):
    """The folder of a run, sealed, with both generators' weights."""
    folder = random_run(tmp_path)
    export({name: value + 1 for name, value in load_file(folder / "derain.safetensors").items()}, folder / "rerain.safetensors")
    seal.seal(folder, ["config.json", "derain.safetensors", "rerain.safetensors"])
    return folder


CHANGES = {
    "a bit": flipped, "not a number": not_a_number,
    "the other generator": lambda path: shutil.copy(path.with_name("rerain.safetensors"), path),
    "the configuration": lambda path: flipped(path.with_name("config.json")),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_not_as_it_was_sealed_is_refused_by_name(sealed_run, name):
    load_model(sealed_run)
    CHANGES[name](sealed_run / "derain.safetensors")
    with pytest.raises(ValueError, match=rf"{sealed_run}/(derain|config)\..*: damaged, changed or another file.*Restore it"):
        load_model(sealed_run)


def test_without_a_seal_weights_that_are_not_finite_are_refused(sealed_run):
    (sealed_run / "SHA256SUMS").unlink()
    not_a_number(sealed_run / "derain.safetensors")
    with pytest.raises(ValueError, match="derain.safetensors: the weights 'layers.*' are not finite"):
        load_model(sealed_run)


def test_weights_that_were_removed_are_missed(sealed_run):
    (sealed_run / "derain.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="SHA256SUMS lists derain.safetensors: it was removed. Restore it, or delete"):
        load_model(sealed_run)


def test_weights_of_a_parallel_wrapper_are_read_and_a_file_is_no_model(tmp_path):
    folder = random_run(tmp_path / "runs")
    before = load_model(folder).state_dict()
    weights = folder / models.RUN_WEIGHTS
    with pytest.raises(ValueError, match=f"is a file: give its folder, '{folder}'"):
        load_model(weights)
    save_file({f"module.{name}": value for name, value in load_file(weights).items()}, weights)
    with pytest.warns(UserWarning, match="its keys begin with module."):
        after = load_model(folder).state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
