"""Rainmer's data, runs and scores: aligned domains, trained once, loaded with their own network, scored by domain."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired import UnpairedRain
from rainmer_lib.experiments import compare as experiment
from rainmer_lib.experiments import profiles
from rainmer_lib.experiments.rainmer import (
    PRINTED,
    beside_printed,
    compare,
    load_network,
    on_domains,
    train_run,
)
from rainmer_lib.experiments.records import published
from rainmer_lib.pretrained.models import load_generator
from rainmer_lib.rainmer import paper
from rainmer_lib.rainmer.aligned import aligned_rain
from rainmer_lib.rainmer.alignment import rain_density
from rainmer_lib.rainmer.model import DerainingNetwork, build_network
from rainmer_lib.rainmer.sizes import PROFILES
from rainmer_lib.rainmer.step import Trainer
from rainmer_lib.workflow.parameters import Settings

IMAGES = 8


@pytest.fixture(scope="module")
def source():
    """A textured scene of 48 x 64 and its mirror images, under vertical streaks, few to many."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:48, :64]
    scene = 60 + 50 * np.sin(x / 9)[..., None] + (y[..., None] * (1.0, 0.8, 0.5)) + rng.uniform(0, 20, (48, 64, 3))
    photo, layers = scene.clip(0, 255).astype(np.uint8), []
    for streaks in (1, 2, 4, 8, 16, 24, 60, 120, 10, 20, 30, 40):
        layer = np.zeros((80, 90), np.uint8)
        for top, left in zip(rng.integers(0, 60, streaks), rng.integers(0, 90, streaks), strict=True):
            layer[top : top + 20, left] = rng.integers(60, 250)
        layers.append(layer)
    held = Pair("held", photo[:, ::-1], photo[:, ::-1])
    return UnpairedRain("embedded", [photo], [photo[::-1]], layers, [held], "f" * 16)


@pytest.fixture(scope="module")
def rain(source):
    return aligned_rain(source, IMAGES, view=16)


@pytest.fixture
def settings(rain, micro):
    changes = {name: getattr(micro, name) for name in ("width", "steps")}
    small = replace(PROFILES["quick"], changes=changes, log_every=2, save_every=100)
    return Settings(small, rain, 1, ("day", "haze", "night"), {"profile": "quick", "data": "auto", "seeds": 0})


def test_the_night_has_the_others_shares_of_density(rain):
    """Against counting by hand in the three bins, from the pairs that training sees."""

    def share(domain):
        values = [rain_density(pair.rainy, pair.clean) for pair in domain.pairs]
        found = [sum(v <= 0.04 for v in values), sum(0.04 < v <= 0.08 for v in values), sum(v > 0.08 for v in values)]
        return np.array(found) / len(values)

    day, haze, night = rain.mixed.domains
    assert [d.name for d in rain.mixed.domains] == ["day", "haze", "night"] == list(rain.held_out)
    assert (len(day.pairs), len(haze.pairs), len(rain.before["night"])) == (IMAGES, 2 * IMAGES, 4 * IMAGES)
    assert len(night.pairs) == len(rain.chosen) < 4 * IMAGES
    kept = len(night.pairs)  # each of the three counts is rounded down, but for the scarcest
    assert np.abs(share(night) - (share(day) + share(haze)) / 2).max() <= 3 / kept
    for number, pair in zip(rain.chosen, night.pairs, strict=True):
        assert pair.name == f"night-{number:05d}"
        assert rain.before["night"][number] == rain_density(pair.rainy, pair.clean)


def test_data_are_named_by_their_content(source, rain):
    again, more = (aligned_rain(source, n, view=16) for n in (IMAGES, IMAGES + 1))
    assert again.fingerprint == rain.fingerprint != more.fingerprint
    one, same = (data.batch(3, 2, 16, seed=1) for data in (rain, again))
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert [tuple(images.shape) for images in one] == [(2, 3, 16, 16)] * 4
    assert rain.summary()["night: pairs before alignment"] == 4 * IMAGES


def test_a_run_is_trained_once_and_loaded_as_it_was_exported(rain, micro, settings, monkeypatch):
    config = replace(micro, steps=4)
    run = train_run("full", config, rain, settings.profile, say=lambda text: None)
    assert run.folder.identity.key.startswith("rainmer-")
    network, exported = run.generator(), load_file(run.folder.path / "derain.safetensors")
    assert isinstance(network, DerainingNetwork) and not network.training
    fresh = build_network(config).state_dict()
    assert all(torch.equal(value.cpu(), exported[name].float()) for name, value in network.state_dict().items())
    assert any(not torch.allclose(fresh[name], value.float(), atol=1e-3) for name, value in exported.items()), "untrained"
    monkeypatch.setattr(Trainer, "start", lambda *args: pytest.fail("trains"))
    again = train_run("the same", config, rain, settings.profile, say=lambda text: None)
    assert again.folder.path == run.folder.path and again.method == "the same"
    with pytest.raises(pytest.fail.Exception, match="trains"):
        train_run("another", replace(config, seed=1), rain, settings.profile, say=lambda text: None)


def test_weights_of_another_network_are_refused(rain, micro, settings):
    run = train_run("full", replace(micro, steps=4), rain, settings.profile, say=lambda text: None)
    with pytest.raises(ValueError, match="not the weights of this configuration"):
        load_network(replace(micro, views=()), run.folder.path / "derain.safetensors")


def test_a_run_of_dcdgan_is_loaded_as_before(micro):
    assert experiment.Run("full", 0, micro, None).load is load_generator


def test_methods_are_scored_on_each_domain(micro, settings):
    """Scores against evaluating the run's network by hand; the input's against doing nothing."""
    from rainmer_lib.inference.derain import derain
    from rainmer_lib.metrics.protocols import evaluate

    methods = {"backbone alone": replace(micro, steps=2, views=(), interaction=False), "full": replace(micro, steps=2)}
    comparison = compare(methods, settings, say=lambda text: None)
    scores = comparison.scores.query("protocol == 'rainmer'").set_index(["method", "test_set"])
    assert {(m, t) for m, t in scores.index} == {(m, t) for m in ("input", *methods) for t in ("day", "haze", "night")}
    for run in comparison.runs:
        for name, pairs in settings.data.held_out.items():
            found = scores.loc[[(run.method, name)]]
            expected = [evaluate(derain(run.generator(), pair.rainy), pair.clean, "rainmer") for pair in pairs]
            np.testing.assert_allclose(found[["psnr", "ssim"]].to_numpy(float), expected, atol=1e-4)
    pair = settings.data.held_out["haze"][0]
    assert np.isclose(scores.loc[[("input", "haze")]].psnr.iloc[0], evaluate(pair.rainy, pair.clean, "rainmer")[0])
    assert set(comparison.example("night", 0).images) == {"rainy", *methods, "clean"}


def test_settings_of_a_notebook(source, monkeypatch):
    given = {"profile": "quick", "data": "auto", "seeds": 0}
    plain = Settings(profiles.PROFILES["quick"], source, 2, ("held-out",), given)
    found = on_domains(plain, printed=True)
    assert found.test_sets == ("day", "haze", "night"), "who chooses embedded photos is tested on those alone"
    assert found.suffix() == "" and replace(found, seeds=3).suffix() == "__seeds-3"
    assert found.data.mixed.view == found.profile.apply(paper).view_size
    monkeypatch.setattr("rainmer_lib.experiments.rainmer.aligned_rain", lambda *args: found.data)
    real = on_domains(replace(plain, test_sets=("held-out", "rain12")))
    assert real.test_sets == ("day", "haze", "night", "rain12")


def test_profiles():
    """Sizes as documented, contrast within the training, and nothing changed at `paper`."""
    counts = {name: sum(p.numel() for p in build_network(profile.apply(paper)).parameters())
              for name, profile in PROFILES.items() if name != "paper"}  # fmt: skip
    assert counts == {"quick": 131_868, "laptop": 933_064}
    for name, profile in PROFILES.items():
        config = profile.apply(paper)
        assert config.archive / config.batch < config.steps / 2, "the archive fills too late"
        assert config.steps % profile.log_every == 0 and profile.name == name
    assert PROFILES["paper"].apply(paper) == paper
    assert not PROFILES["quick"].keeps_runs and PROFILES["laptop"].keeps_runs


def scored_sets(names):
    rows = [("full", seed, name, "rainmer", 30.0 + seed, 0.9) for name in names for seed in range(2)]
    rows += [("full", 0, name, "prenet", 1.0, 0.1) for name in names] + [("input", -1, n, "rainmer", 2.0, 0.2) for n in names]
    return pd.DataFrame(rows, columns=["method", "seed", "test_set", "protocol", "psnr", "ssim"])


def test_the_printed_average_is_formed_over_all_its_sets_or_not_at_all(monkeypatch):
    printed = published("rainmer_results").set_index("test_set")
    assert list(printed.index) == [*PRINTED, "average"]
    some = beside_printed(scored_sets(["rain100l", "rain12", "day"]), "full")
    assert some.loc["Rain100L", "PSNR, here"] == "30.50" and some.loc["Rain100H", "PSNR, here"] == "absent"
    assert some.loc["average", "PSNR, here"] == some.loc["average", "SSIM, here"] == "not formed: 6 of 7 sets absent"
    assert (some["PSNR, printed"] == printed.psnr).all() and (some["SSIM, printed"] == printed.ssim).all()
    monkeypatch.setitem(PRINTED, "GTAV-balance", "gtav")
    every = scored_sets(PRINTED.values())
    every.loc[every.test_set == "gtav", "psnr"] += 7
    assert beside_printed(every, "full").loc["average", "PSNR, here"] == "31.50"
