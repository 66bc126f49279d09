"""The loop: what stops it, what it leaves behind."""

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from nbconvert.preprocessors.coalescestreams import CR_PAT
from safetensors.torch import load_file

from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.dcdgan.step import Trainer
from rainmer_lib.training import progress
from rainmer_lib.training.loop import TrainingDiverged, _summarise, export, train


@pytest.fixture
def tiny(tiny):
    return replace(tiny, steps=6)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 256, (40, 48, 3), dtype=np.uint8) for _ in range(2)]
    return UnpairedRain("noise", photos, photos[::-1], [photos[0][..., 0]], [], "0")


def test_a_finished_run_is_not_trained_again(tiny, data, folder, capsys):
    train(Trainer.start, tiny, data, folder(tiny), log_every=2)
    first = capsys.readouterr().out

    def never(*_):
        raise AssertionError("trained again")

    run = train(never, tiny, data, folder(tiny))
    assert capsys.readouterr().out == first, "a finished run prints what its training printed"
    assert [entry["step"] for entry in run.read_log()] == [2, 4, 6]
    assert {p.name for p in run.path.iterdir()} >= {"config.json", "derain.safetensors", "rerain.safetensors", "finished.json"}


def test_numbers_below_the_normal_ones_count_as_zero_while_it_trains(tiny, data, folder):
    small = torch.full((4,), 2e-38)
    torch.set_flush_denormal(False)
    assert (small * 0.1 != 0).all(), "this processor has no such numbers"
    try:
        train(Trainer.start, replace(tiny, steps=1), data, folder(tiny), say=None)
        assert (small * 0.1 == 0).all()
    finally:
        torch.set_flush_denormal(False)


def test_a_notebook_sees_the_time_left_and_keeps_the_lines_of_the_log(tiny, data, folder, capsys, monkeypatch):
    train(Trainer.start, tiny, data, folder(tiny), log_every=2, say=print)
    lines = capsys.readouterr().out
    shutil.rmtree(folder(tiny).path)
    monkeypatch.setattr(progress, "in_notebook", lambda: True)
    monkeypatch.setattr(progress, "EVERY", 0.0)
    train(Trainer.start, tiny, data, folder(tiny), log_every=2, name="full, seed 0")
    shown = capsys.readouterr().out
    assert "\rfull, seed 0: 1 of 6 steps, about " in shown and "6 of 6" not in shown
    assert CR_PAT.sub("", shown) == lines, "as an executed notebook keeps it"


def test_an_entry_has_the_terms_of_its_steps_and_their_means_over_those_that_have_them():
    entry = _summarise([{"a": torch.tensor(1.0)}, {"a": torch.tensor(2.0), "b": torch.tensor(5.0)},
                        {"a": torch.tensor(6.0), "b": torch.tensor(6.0), "c": torch.tensor(0.5)}], 30)  # fmt: skip
    assert entry == {"step": 30, "a": 3.0, "b": 5.5, "c": 0.5} and list(entry) == ["step", "a", "b", "c"]
    assert _summarise([{"b": torch.tensor(0.12345678)}], 7) == {"step": 7, "b": 0.123457}


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_of_several_terms_the_first_that_is_not_finite_is_named_with_its_step(bad):
    """Also where the steps before have other terms."""
    fine, lost = torch.tensor(1.0), torch.tensor(bad)
    pending = [{"a": fine}, {"a": fine, "b": fine}, {"a": fine, "b": lost}, {"a": lost, "b": fine}]
    with pytest.raises(TrainingDiverged, match=f"^step 12: the term 'b' is {bad}. "):
        _summarise(pending, 13)


def test_a_run_with_a_warm_up_logs_what_there_is(tiny, data, folder, capsys):
    """Lines of the warm-up have the discriminators alone; the crops that a step asks for are drawn."""
    asked = []

    class Counting(UnpairedRain):
        def batch(self, step, size, crop, seed):
            asked.append(size)
            return super().batch(step, size, crop, seed)

    config = replace(tiny, warm_up=3, warm_up_batch=5, rehearsals=1, rehearsal_crops=4)
    run = train(Trainer.start, config, Counting(**vars(data)), folder(config), log_every=2)
    log = run.read_log()
    assert asked == [5, 5, 5, 6, 6, 6] and [entry["step"] for entry in log] == [2, 4, 6]
    assert set(log[0]) == {"step", "discriminators"} and {"total", "colour", "rehearsal"} < set(log[1]) == set(log[2])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split()[:-1] == ["step", "2/6", "discriminators"] and "rehearsal" in printed[-1]


def test_the_export_is_the_moving_average(tiny, data, folder):
    run = train(Trainer.start, tiny, data, folder(tiny), say=None)
    state = run.load_checkpoint("cpu")
    exported = load_file(run.path / "derain.safetensors")
    for name, value in state["optimisation"]["averages"]["derain"].items():
        assert torch.equal(exported[name], value.half())


def test_counters_are_exported_as_they_are(tmp_path):
    """Half precision holds no integer above 65504; batch norms count their batches."""
    norm = torch.nn.BatchNorm2d(2)
    norm.num_batches_tracked.fill_(70_001)
    export(norm.state_dict(), tmp_path / "norm.safetensors")
    exported = load_file(tmp_path / "norm.safetensors")
    assert exported["num_batches_tracked"].item() == 70_001 and exported["running_var"].dtype == torch.float16


@pytest.mark.parametrize("term", ["colour", "discriminators"])
def test_nan_stops_with_step_and_term_and_no_checkpoint_holds_it(tiny, data, folder, term):
    class Poisoned(Trainer):
        def train_step(self, batch):
            values = super().train_step(batch)
            if self.step == 4:
                values[term] = values[term] * float("nan")
            return values

    run = folder(tiny)
    with pytest.raises(TrainingDiverged, match=f"step 4: the term '{term}' is nan"):
        train(Poisoned.start, tiny, data, run, log_every=6, save_every=3, say=None)
    assert run.load_checkpoint("cpu")["step"] == 3 and not run.finished.exists()


class Exploding(Trainer):
    """Its losses stay finite; at step `when` a weight of `derain` becomes `value`."""

    when, value, averaged = 4, float("nan"), False

    def train_step(self, batch):
        values = super().train_step(batch)
        if self.step == self.when:
            weights = self.averages["derain"].average if self.averaged else self.averages["derain"].source
            next(iter(weights.values())).data.fill_(self.value)
        return {name: torch.tensor(1.0) for name in values}


@pytest.mark.parametrize("averaged", [False, True])
def test_weights_that_are_not_finite_reach_no_checkpoint_although_losses_are(tiny, data, folder, averaged, monkeypatch):
    monkeypatch.setattr(Exploding, "averaged", averaged)
    run = folder(tiny)
    with pytest.raises(TrainingDiverged, match=r"step 6: the weights '.*\.stem\..*' are not finite.*lower the learning rate"):
        train(Exploding.start, tiny, data, run, log_every=6, save_every=3, say=None)
    assert run.load_checkpoint("cpu")["step"] == 3 and not run.finished.exists()


def test_weights_beyond_half_precision_are_not_exported(tiny, data, folder, monkeypatch):
    monkeypatch.setattr(Exploding, "value", 1e6)
    monkeypatch.setattr(Exploding, "averaged", True)
    run = folder(tiny)
    with pytest.raises(TrainingDiverged, match="of derain.safetensors do not fit half precision.*Lower the learning rate"):
        train(Exploding.start, tiny, data, run, log_every=6, save_every=6, say=None)
    assert not run.finished.exists() and not list(run.path.glob("*.safetensors"))


def test_what_a_finished_run_lost_is_made_again_from_its_checkpoint(tiny, data, folder):
    """Bit for bit, without a step; without the checkpoint it is trained anew, to the same bits."""
    run, said = train(Trainer.start, tiny, data, folder(tiny), say=None), []
    whole = {name: (run.path / name).read_bytes() for name in ("derain.safetensors", "rerain.safetensors", "log.jsonl")}

    class Idle(Trainer):
        def train_step(self, batch):
            raise AssertionError("trained again")

    (run.path / "derain.safetensors").write_bytes(whole["rerain.safetensors"])
    train(Idle.start, tiny, data, run, say=said.append)
    assert "derain.safetensors of" in said[0] and said[1] == "going on from step 6 of 6"
    assert all((run.path / name).read_bytes() == content for name, content in whole.items()) and run.is_finished()
    run.checkpoint.unlink()
    (run.path / "derain.safetensors").unlink()
    train(Trainer.start, tiny, data, run, say=None)
    assert all((run.path / name).read_bytes() == content for name, content in whole.items()) and run.is_finished()


def test_everybody_may_read_an_export_whom_the_umask_lets(tiny, tmp_path):
    before = os.umask(0o022)
    try:
        export({"weight": torch.ones(3)}, tmp_path / "a.safetensors")
    finally:
        os.umask(before)
    assert (tmp_path / "a.safetensors").stat().st_mode & 0o777 == 0o644


def test_an_unwritable_folder_is_reported_before_the_first_step(tiny, data, folder, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="cannot write the run folder.*RAINMER_RUNS"):
        train(Trainer.start, tiny, data, folder(tiny, root=tmp_path / "file"), say=None)


def test_a_full_disk_is_reported_before_the_first_step(tiny, data, folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    with pytest.raises(OSError, match="0 MB free, a run like this needs"):
        train(Trainer.start, tiny, data, folder(tiny), say=None)
