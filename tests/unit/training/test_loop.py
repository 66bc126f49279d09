"""The loop: identity of runs, what stops it, what it leaves behind."""

import json
import os
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from rainmer_lib import atomic
from rainmer_lib.data.unpaired import UnpairedRain
from rainmer_lib.dcdgan import paper
from rainmer_lib.dcdgan.step import Trainer
from rainmer_lib.training.loop import TrainingDiverged, train
from rainmer_lib.training.run import RunFolder, RunIdentity
from rainmer_lib.training.schedule import constant_then_linear
from rainmer_lib.training.threads import choose_threads


@pytest.fixture
def tiny():
    return replace(
        paper, width=4, blocks=2, critic_width=4, taps=("down1", "block1"), embedding=8, patches=16, crop=32, steps=6,
    )  # fmt: skip


@pytest.fixture
def data():
    import numpy as np

    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 256, (40, 48, 3), dtype=np.uint8) for _ in range(2)]
    return UnpairedRain("noise", photos, photos[::-1], [photos[0][..., 0]], [], "0")


def folder(path, config, data="noise", version=1):
    return RunFolder(path, RunIdentity("test", config, data, version))


def test_everything_that_changes_numbers_changes_the_key(tiny, tmp_path):
    keys = [
        folder(tmp_path, tiny).path, folder(tmp_path, replace(tiny, seed=1)).path, folder(tmp_path, tiny, data="x").path,
        folder(tmp_path, tiny, version=2).path, folder(tmp_path, replace(tiny, negatives="internal")).path,
    ]  # fmt: skip
    assert len(set(keys)) == 5
    assert folder(tmp_path, replace(tiny)).path == keys[0]


def test_an_option_that_is_added_later_leaves_the_names_of_older_runs(tmp_path):
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Old:
        steps: int = 1

    @dataclass(frozen=True)
    class New(Old):
        option: str = "off"

    assert folder(tmp_path, Old(5)).path == folder(tmp_path, New(5)).path != folder(tmp_path, New(5, "on")).path


def test_a_finished_run_is_not_trained_again(tiny, data, tmp_path, capsys):
    train(Trainer.start, tiny, data, folder(tmp_path, tiny), log_every=2)
    first = capsys.readouterr().out

    def never(*_):
        raise AssertionError("trained again")

    run = train(never, tiny, data, folder(tmp_path, tiny))
    assert capsys.readouterr().out == first, "a finished run prints what its training printed"
    assert [entry["step"] for entry in run.read_log()] == [2, 4, 6]
    assert {p.name for p in run.path.iterdir()} >= {"config.json", "derain.safetensors", "rerain.safetensors", "finished.json"}


def test_the_export_is_the_moving_average(tiny, data, tmp_path):
    run = train(Trainer.start, tiny, data, folder(tmp_path, tiny), say=None)
    state = run.load_checkpoint("cpu")
    exported = load_file(run.path / "derain.safetensors")
    for name, value in state["averages"]["derain"].items():
        assert torch.equal(exported[name], value.half())


@pytest.mark.parametrize("term", ["colour", "critics"])
def test_nan_stops_with_step_and_term_and_no_checkpoint_holds_it(tiny, data, tmp_path, term):
    class Poisoned(Trainer):
        def train_step(self, rainy, clean):
            values = super().train_step(rainy, clean)
            if self.step == 4:
                values[term] = values[term] * float("nan")
            return values

    run = folder(tmp_path, tiny)
    with pytest.raises(TrainingDiverged, match=f"step 4: the term '{term}' is nan"):
        train(Poisoned.start, tiny, data, run, log_every=6, save_every=3, say=None)
    assert run.load_checkpoint("cpu")["step"] == 3 and not run.finished.exists()


def test_an_unwritable_folder_is_reported_before_the_first_step(tiny, data, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot write the run folder.*RAINMER_RUNS"):
        train(Trainer.start, tiny, data, folder(tmp_path / "file", tiny), say=None)


def test_a_full_disk_is_reported_before_the_first_step(tiny, data, tmp_path, monkeypatch):
    import shutil

    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    with pytest.raises(OSError, match="0 MB free, a run like this needs"):
        train(Trainer.start, tiny, data, folder(tmp_path, tiny), say=None)


def test_a_line_cut_by_a_crash_is_ignored(tiny, tmp_path):
    run = folder(tmp_path, tiny)
    run.path.mkdir(parents=True)
    run.log.write_text(json.dumps({"step": 2}) + "\n" + '{"step": 4, "col')
    assert run.read_log() == [{"step": 2}]
    run.rewind_log(1)
    assert run.log.read_text() == ""


def test_a_checkpoint_executes_nothing(tiny, tmp_path):
    class Evil:
        def __reduce__(self):
            return os.system, ("touch evil",)

    run = folder(tmp_path, tiny)
    run.path.mkdir(parents=True)
    torch.save({"step": Evil()}, run.checkpoint)
    with pytest.raises(Exception, match="[Ww]eights.only"):
        run.load_checkpoint("cpu")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = atomic.write_text(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError):
        atomic.write(path, lambda part: (part.write_text("half"), (_ for _ in ()).throw(RuntimeError("disk full"))))
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_schedule():
    """Sec. 4.1: 300 epochs constant, 300 linear to zero."""
    factors = [constant_then_linear(step, 10) for step in range(11)]
    assert factors == pytest.approx([1, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0])


def test_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert choose_threads() == 1
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8))
    monkeypatch.setattr(os, "getloadavg", lambda: (5.5, 0, 0))
    assert choose_threads() == 2
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(2))
    assert choose_threads() == 1


@pytest.mark.slow
def test_a_tiny_model_overfits():
    """Two crops, 200 steps, constraints turned down: the reconstructions of both cycles come close to their images."""
    config = replace(
        paper, width=8, blocks=2, critic_width=8, taps=("down1", "block1"), embedding=16, patches=32, crop=32,
        steps=200, learning_rate=2e-3, heads_learning_rate=2e-3,
        critics_learning_rate=2e-3, contrastive_weight=0.2, adversarial_weight=0.1,
    )  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    rainy, clean = (torch.nn.functional.interpolate(torch.rand(1, 3, 5, 5, generator=generator), (32, 32), mode="bilinear")
                    for _ in range(2))  # fmt: skip
    trainer = Trainer.start(config)
    first, last = None, None
    for _ in range(config.steps):
        last = {name: value.item() for name, value in trainer.train_step(rainy, clean).items()}
        first = first or last
    assert last["colour"] < 0.25 * first["colour"]
    assert last["contrastive"] < first["contrastive"]
