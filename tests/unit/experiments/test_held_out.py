"""The averaged weights are scored on held-out pairs while a run is trained; whoever scores changes nothing."""

import json
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from rainmer_lib.data.test_sets import Pair
from rainmer_lib.experiments import runs
from rainmer_lib.experiments.held_out import HELD_OUT, HeldOutScores, held_out_of
from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.inference.derain import derain
from rainmer_lib.methods import METHODS
from rainmer_lib.metrics.protocols import evaluate, quantise
from rainmer_lib.training.loop import train
from rainmer_lib.training.run import RunFolder

METHOD = METHODS["dcdgan"]


@pytest.mark.slow
def test_a_run_of_the_gpu_profile_is_whole_on_a_cpu(tiny, streaked, tmp_path, monkeypatch):
    """With the profile's networks in small, all of its options that a CPU has, and a clock that goes a second at each look."""
    monkeypatch.setenv("RAINMER_RUNS", str(tmp_path))
    seconds = iter(range(10_000))
    monkeypatch.setattr(runs, "train", partial(train, clock=lambda: next(seconds)))
    names = ("width", "blocks", "discriminator_width", "taps", "embedding", "patches", "crop", "batch")
    config = METHOD.at("gpu", **{name: getattr(tiny, name) for name in names}, minutes=1.0, compile=False)
    run = runs.train_run("gpu", METHOD, config, streaked, PROFILES["gpu"], lambda text: None)
    log = run.folder.read_log()
    assert log[-1]["minutes"] >= 1 and run.folder.is_finished() and run.folder.load_checkpoint("cpu")["seconds"] >= 60
    [last] = [json.loads(line) for line in (run.folder.path / HELD_OUT).read_text().splitlines()]
    assert last["step"] == log[-1]["step"] and last["psnr"] > 0
    assert (config.precision, config.channels_last) == ("bfloat16", True)
    assert runs.train_run("gpu", METHOD, config, streaked, PROFILES["gpu"], lambda text: None).folder.path == run.folder.path


def test_the_average_is_scored_when_it_is_due_and_at_the_end(tiny, streaked, tmp_path):
    """The last score is that of the network under its average; lines of steps that are made again are dropped."""
    folder, now, said = RunFolder(tmp_path, METHOD.identity(tiny, "f" * 16)), [0.0], []
    folder.path.mkdir(parents=True)
    pair = Pair("held", streaked.held_out[0].rainy, streaked.clean_photos[0])
    scores = HeldOutScores(folder, METHOD, [pair], said.append, every=100, clock=lambda: now[0])
    trainer = METHOD.start(tiny, "cpu")
    state = torch.get_rng_state()
    for step, seconds in ((2, 50), (4, 110), (6, 120), (8, 130)):
        now[0] = seconds
        scores(trainer, {"step": step})
    lines = [json.loads(line) for line in (folder.path / HELD_OUT).read_text().splitlines()]
    assert [line["step"] for line in lines] == [4, 8] and len(said) == 2 and torch.equal(torch.get_rng_state(), state)
    network = METHOD.network(tiny).eval()
    network.load_state_dict(trainer.averages["derain"].weights())
    psnr, ssim = evaluate(quantise(derain(network, pair.rainy), "truncate"), pair.clean, "prenet")
    assert (lines[1]["psnr"], lines[1]["ssim"]) == (psnr, ssim) and f"{psnr:.2f} dB" in said[1]
    now[0] = 300
    scores(trainer, {"step": 6})
    assert [json.loads(line)["step"] for line in (folder.path / HELD_OUT).read_text().splitlines()] == [4, 6]


def test_pairs_of_all_domains_are_held_out():
    assert list(held_out_of(SimpleNamespace(held_out={"day": [1, 2], "night": [3]}))) == [1, 2, 3]
    assert list(held_out_of(SimpleNamespace(held_out=[4]))) == [4] and list(held_out_of(object())) == []
