"""Adaptation begins where training ended, sees the new domain alone, and what is dropped is counted per method."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from rainmer_lib.data.rain_domains import rain_domain
from rainmer_lib.data.unpaired import embedded
from rainmer_lib.dcdgan import paper
from rainmer_lib.experiments import adaptation
from rainmer_lib.experiments import runs as experiment_runs
from rainmer_lib.experiments.compare import Comparison
from rainmer_lib.experiments.experiment import row_of
from rainmer_lib.experiments.profiles import profile
from rainmer_lib.experiments.runs import train_run
from rainmer_lib.methods import METHODS


@pytest.fixture(scope="module")
def data():
    return embedded()


@pytest.fixture
def trained(data, tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_RUNS", str(tmp_path))
    config = replace(
        paper, width=4, blocks=2, discriminator_width=4, taps=("down1", "block2"), embedding=8, patches=16, crop=32, steps=8,
        global_residual=True, antialias=False,
    )  # fmt: skip
    return train_run("DCD-GAN", METHODS["dcdgan"], config, data, profile("quick"), say=lambda _: None)


def test_it_starts_from_the_trained_weights(trained, data):
    start = adaptation.starting_from(trained.folder.path / "derain.safetensors")
    trainer = start(trained.config, "cpu")
    weights = load_file(trained.folder.path / "derain.safetensors")
    for part in (dict(trainer.model.translation.derain.named_parameters()), trainer.averages["derain"].average):
        assert all(torch.equal(part[name], value.float()) for name, value in weights.items())
    trainer.train_step(data.batch(0, 1, 32, 0))
    moved = trainer.model.translation.derain.state_dict()
    assert any(not torch.equal(moved[name], value.float()) for name, value in weights.items())


def test_adaptation_has_its_share_of_the_warm_up_too(trained, data, monkeypatch):
    """A quarter of the steps must not be less than the whole warm-up."""
    monkeypatch.setattr(adaptation, "train_run", lambda label, method, config, *_, **__: config)
    run = replace(trained, config=replace(trained.config, steps=12, warm_up=5))
    config = adaptation.adapt(run, data, profile("quick"))
    assert (config.steps, config.warm_up) == (3, 1)
    laptop = replace(trained, config=METHODS["dcdgan"].at("laptop"))
    adapted = adaptation.adapt(laptop, data, profile("laptop"))
    assert adapted.steps * adaptation.SHARE == laptop.config.steps and adapted.warm_up < adapted.steps


def test_all_networks_of_a_run_go_on_where_its_checkpoint_left_them(trained):
    checkpoint = trained.folder.load_checkpoint("cpu")["model"]
    exported = load_file(trained.folder.path / "derain.safetensors")
    trainer = adaptation.starting_from(trained.folder.path / "derain.safetensors", trained.folder)(trained.config)
    for name, value in trainer.model.state_dict().items():
        _, _, own = name.partition("translation.derain.")
        assert torch.equal(value, exported[own].float() if own else checkpoint[name]), name
    rerain = trainer.model.translation.rerain.state_dict()
    assert all(torch.equal(rerain[n], value) for n, value in trainer.averages["rerain"].weights().items())
    fresh = type(trainer).start(trained.config).model.translation.rerain.state_dict()
    assert any(not torch.equal(rerain[name], value) for name, value in fresh.items())
    trained.folder.checkpoint.unlink()
    with pytest.raises(FileNotFoundError, match="checkpoint.pt is missing: only a run that was trained on this machine"):
        adaptation.starting_from(trained.folder.path / "derain.safetensors", trained.folder)(trained.config)


def test_with_all_networks_the_warm_up_is_whole_and_the_name_another(trained, data, monkeypatch):
    asked = []
    monkeypatch.setattr(adaptation, "train_run", lambda label, method, config, *_, **o: asked.append((config, o["origin"])))
    laptop = replace(trained, config=METHODS["dcdgan"].at("laptop"))
    for kept in adaptation.KEPT:
        adaptation.adapt(laptop, data, profile("laptop"), kept=kept)
    (one, origin), (other, whole) = asked
    assert (one.steps, one.warm_up, other.steps, other.warm_up) == (300, 100, 600, 400)
    assert (other.steps - other.warm_up) * adaptation.SHARE == laptop.config.steps - laptop.config.warm_up
    assert origin == trained.folder.identity.key and whole == f"{origin}, all networks"
    with pytest.raises(ValueError, match="kept='none': choose one of derain, all"):
        adaptation.adapt(laptop, data, profile("laptop"), kept="none")


@pytest.mark.slow
def test_an_adapted_run_is_named_by_its_origin_and_its_domain(trained, data):
    quick, quiet = profile("quick"), lambda _: None
    heavy, dense = rain_domain(data, "rain100h"), rain_domain(data, "rain12")
    one, two = adaptation.adapt(trained, heavy, quick, quiet), adaptation.adapt(trained, dense, quick, quiet)
    assert one.label == "DCD-GAN adapted" and one.method is trained.method and one.config.steps == 2
    assert one.config.learning_rate == trained.config.learning_rate / 2
    assert one.folder.path != two.folder.path
    assert adaptation.adapt(trained, heavy, quick, quiet).folder.path == one.folder.path
    assert trained.folder.identity.key in one.folder.identity.data and heavy.fingerprint in one.folder.identity.data


@pytest.fixture
def trained_rows(data, quick, monkeypatch):
    """A comparison of two seeds, whose further rows are listed in place of being trained and scored."""
    listed = []

    def train_run(label, method, config, data, profile, say):
        listed.append((label, method.name, config, data, profile.name))
        return SimpleNamespace(label=label, seed=config.seed)

    def score_run(run, test_set, data):
        return pd.DataFrame({"method": [run.label], "seed": run.seed, "test_set": test_set, "data": data.name})

    monkeypatch.setattr(experiment_runs, "train_run", train_run)
    monkeypatch.setattr(adaptation, "score_run", score_run)
    return Comparison([], pd.DataFrame(), quick(data, ("held-out", "rain12"), seeds=2)), listed


def test_a_row_with_real_rain_mixed_in_keeps_all_else(trained_rows, data, monkeypatch):
    comparison, listed = trained_rows
    row, mixed = row_of(METHODS["dcdgan"], profile("quick"), negatives="external"), replace(data, name="mixed")
    asked = []
    monkeypatch.setattr(adaptation, "with_real_rain", lambda *given: asked.append(given) or mixed)
    found = adaptation.with_mixed_rain(comparison, "external", row)
    assert [crop for _, crop in asked] == [row.config.crop] and asked[0][0] is data
    assert [entry[:3] for entry in listed] == [("external, mixed rain", "dcdgan", replace(row.config, seed=s)) for s in (0, 1)]
    assert all(entry[3] is mixed for entry in listed) and set(found.scores.data) == {"embedded"}, "scored as the others are"


def test_drops_by_hand():
    rows = [("a", 0, "own", 2.0), ("a", 0, "x", 1.0), ("a", 0, "y", 0.0), ("b", 0, "own", 3.0), ("b", 0, "x", -1.0),
            ("b", 0, "y", 1.0), ("a adapted", 0, "x", 1.5)]  # fmt: skip
    table = adaptation.drops(pd.DataFrame(rows, columns=["method", "seed", "test_set", "psnr"]), own="own")
    assert table.method.tolist() == ["a", "b"]
    assert table.elsewhere.tolist() == [0.5, 0.0] and table.kept.tolist() == [-1.5, -3.0]


def test_claims_against_every_supervised_row_and_on_each_new_domain():
    """DCD-GAN keeps all but 1 dB; DDN, with three runs, loses 5, and SPANet, with one, gains .5 elsewhere."""
    drop = {"DCD-GAN": (3.0, 2.0), "DDN": (6.0, 1.0), "SPANet": (2.0, 2.5)}
    rows = [
        (name, seed, test_set, gain + 0.01 * seed)
        for name, gains in drop.items()
        for seed in range(1 if name == "SPANet" else 3)
        for test_set, gain in zip(("own", "x"), gains, strict=True)
    ]
    rows += [(name, seed, "under y", gain) for name, gain in (("DCD-GAN", 1.0), ("DCD-GAN adapted", 2.0)) for seed in range(3)]
    gains = pd.DataFrame(rows, columns=["method", "seed", "test_set", "psnr"])
    found = adaptation.check_claims(gains[gains.test_set != "under y"], "own", "DCD-GAN", ["DDN", "SPANet"])
    assert found.verdict.tolist() == ["supported", "contradicted"] and set(found.metric) == {"gain kept"}
    assert found.difference.tolist() == pytest.approx([4.0, -1.5])
    adapted = adaptation.check_claims(gains, "own", "DCD-GAN", [])
    assert adapted[["test_set", "metric", "verdict"]].values.tolist() == [["under y", "psnr", "supported"]]
