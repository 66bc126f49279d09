"""Adaptation begins where training ended, sees the new domain alone, and what is dropped is counted per method."""

from dataclasses import replace

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from rainmer_lib.data.rain_domains import rain_domain
from rainmer_lib.data.unpaired import embedded
from rainmer_lib.dcdgan import paper
from rainmer_lib.experiments import adaptation
from rainmer_lib.experiments.compare import train_run
from rainmer_lib.experiments.profiles import profile


@pytest.fixture(scope="module")
def data():
    return embedded()


@pytest.fixture
def trained(data, tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_RUNS", str(tmp_path))
    config = replace(
        paper, width=4, blocks=2, critic_width=4, taps=("down1", "block2"), embedding=8, patches=16, crop=32, steps=8,
        global_residual=True, antialias=False,
    )  # fmt: skip
    return train_run("DCD-GAN", config, data, profile("quick"), say=lambda _: None)


def test_it_starts_from_the_trained_weights(trained, data):
    start = adaptation.starting_from(trained.folder.path / "derain.safetensors")
    trainer = start(trained.config, "cpu")
    weights = load_file(trained.folder.path / "derain.safetensors")
    for part in (dict(trainer.model.translation.derain.named_parameters()), trainer.averages["derain"].average):
        assert all(torch.equal(part[name], value.float()) for name, value in weights.items())
    trainer.train_step(*data.batch(0, 1, 32, 0))
    moved = trainer.model.translation.derain.state_dict()
    assert any(not torch.equal(moved[name], value.float()) for name, value in weights.items())


def test_an_adapted_run_is_named_by_its_origin_and_its_domain(trained, data):
    quick, quiet = profile("quick"), lambda _: None
    heavy, dense = rain_domain(data, "rain100h"), rain_domain(data, "rain12")
    one, two = adaptation.adapt(trained, heavy, quick, quiet), adaptation.adapt(trained, dense, quick, quiet)
    assert one.method == "DCD-GAN adapted" and one.config.steps == 2
    assert one.config.learning_rate == trained.config.learning_rate / 2
    assert one.folder.path != two.folder.path
    assert adaptation.adapt(trained, heavy, quick, quiet).folder.path == one.folder.path
    assert trained.folder.identity.key in one.folder.identity.data and heavy.fingerprint in one.folder.identity.data


def test_drops_by_hand():
    rows = [("a", 0, "own", 2.0), ("a", 0, "x", 1.0), ("a", 0, "y", 0.0), ("b", 0, "own", 3.0), ("b", 0, "x", -1.0),
            ("b", 0, "y", 1.0), ("a adapted", 0, "x", 1.5)]  # fmt: skip
    table = adaptation.drops(pd.DataFrame(rows, columns=["method", "seed", "test_set", "psnr"]), own="own")
    assert table.method.tolist() == ["a", "b"]
    assert table.elsewhere.tolist() == [0.5, 0.0] and table.kept.tolist() == [-1.5, -3.0]
