"""Folders of runs: their names, their logs, their checkpoints."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace

import pytest
import torch
from safetensors.torch import save_file

from rainmer_lib.training.run import EXPORT
from rainmer_lib.training.seal import sums


def test_everything_that_changes_numbers_changes_the_key(tiny, folder):
    keys = [
        folder(tiny).path, folder(replace(tiny, seed=1)).path, folder(tiny, data="x").path,
        folder(tiny, version=2).path, folder(replace(tiny, negatives="internal")).path,
    ]  # fmt: skip
    assert len(set(keys)) == 5
    assert folder(replace(tiny)).path == keys[0]


def test_an_option_that_is_added_later_leaves_the_names_of_older_runs(folder):
    @dataclass(frozen=True)
    class Old:
        steps: int = 1

    @dataclass(frozen=True)
    class New(Old):
        option: str = "off"

    assert folder(Old(5)).path == folder(New(5)).path != folder(New(5, "on")).path


def test_a_line_cut_by_a_crash_is_ignored(tiny, folder):
    run = folder(tiny)
    run.path.mkdir(parents=True)
    run.log.write_text(json.dumps({"step": 2}) + "\n" + '{"step": 4, "col')
    assert run.read_log() == [{"step": 2}]
    run.rewind_log(1)
    assert run.log.read_text() == ""


def test_a_checkpoint_executes_nothing(tiny, folder):
    class Evil:
        def __reduce__(self):
            return os.system, ("touch evil",)

    run = folder(tiny)
    run.path.mkdir(parents=True)
    torch.save({"step": Evil()}, run.checkpoint)
    with pytest.raises(Exception, match="damaged, or not a file that torch.save wrote"):
        run.load_checkpoint("cpu")
    assert not os.path.exists("evil")


def test_equal_configurations_have_one_key_whatever_their_numbers_are_written_as(tiny, folder):
    assert folder(replace(tiny, colour_weight=3)).path == folder(replace(tiny, colour_weight=3.0)).path


class Given:
    """A trainer at a step, of one weight."""

    def __init__(self, step=0):
        self.step, self.weight = step, torch.ones(3)

    def state(self):
        return {"step": self.step, "model": {"weight": self.weight}}

    def restore(self, state):
        self.step, self.weight = state["step"], state["model"]["weight"][:3]


@pytest.fixture
def run(tiny, folder):
    """A run with a checkpoint at step 4 of 8 and a log."""
    made = folder(tiny)
    made.prepare(needed_bytes=0)
    made.save_checkpoint(Given(4).state())
    made.append_log({"step": 4, "colour": 0.5})
    return made


def test_a_checkpoint_goes_on_where_it_was(run):
    trainer = Given()
    assert run.restore(trainer, "cpu") and trainer.step == 4
    run.checkpoint.unlink()
    assert not run.restore(trainer, "cpu") and run.load_checkpoint("cpu") is None


def saved(value):
    return lambda path, whole: torch.save(value, path)


CHECKPOINTS = {
    "a flipped bit": lambda path, whole: path.write_bytes(whole.replace(torch.ones(3).numpy().tobytes(), b"\1" * 12)),
    "cut": lambda path, whole: path.write_bytes(whole[: len(whole) // 2]), "empty": lambda path, whole: path.write_bytes(b""),
    "text": lambda path, whole: path.write_bytes(b"101\n"), "a list": saved([1]), "no step": saved({"model": {}}),
    "step 99": saved({"step": 99, "model": {}}), "step -1": saved({"step": -1, "model": {}}),
    "a word as step": saved({"step": "4"}), "no model": saved({"step": 4}), "nothing in it": saved({"step": 4, "model": {}}),
    "another type": saved({"step": 4, "model": 3}), "another shape": saved({"step": 4, "model": {"weight": torch.tensor(3.0)}}),
}  # fmt: skip


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_a_checkpoint_that_is_none_of_this_run_is_named_with_the_remedy(run, name):
    CHECKPOINTS[name](run.checkpoint, run.checkpoint.read_bytes())
    with pytest.raises(ValueError, match=rf"^{run.checkpoint}: .*\. Put the right file there, or delete it to train"):
        run.restore(Given(), "cpu")


def test_the_checkpoint_of_another_seed_is_refused_and_one_without_a_key_taken(run, tiny, folder):
    other = folder(replace(tiny, seed=1))
    other.prepare(needed_bytes=0)
    other.save_checkpoint(Given(4).state())
    run.checkpoint.write_bytes(other.checkpoint.read_bytes())
    with pytest.raises(ValueError, match="checkpoint.pt: the checkpoint of another run. Put"):
        run.restore(Given(), "cpu")
    torch.save(Given(2).state(), run.checkpoint)  # as before checkpoints had the key of their run
    assert run.load_checkpoint("cpu")["step"] == 2


@pytest.mark.slow
def test_a_disk_that_fills_during_a_checkpoint_is_said_and_the_one_before_stays(run):
    """In a process of its own, which may write files of 9 kB."""
    script = f"""
import resource, torch
from pathlib import Path
from rainmer_lib.dcdgan import paper
from rainmer_lib.training.run import RunFolder, RunIdentity
run = RunFolder(Path({str(run.path.parent)!r}), RunIdentity("test", paper, "noise", 1))
run.path = Path({str(run.path)!r})
run.checkpoint = run.path / "checkpoint.pt"
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
for size in (10**4, 10**6):
    try:
        run.save_checkpoint({{"step": 6, "weight": torch.ones(size)}})
    except OSError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    message = rf"{run.checkpoint}: cannot be written at step 6 \(.*\); \d+ MB are free. Make room and repeat the command"
    assert len(re.findall(message, done.stdout)) == 2, done.stdout
    assert run.load_checkpoint("cpu")["step"] == 4 and not list(run.path.glob(".*"))


LINES = {"text": b"hello", "no JSON": b'{"step": 6', "a list": b"[6]", "no step": b'{"colour": 1}', "number": b"6",
         "a word": b'{"step": "6"}', "a word as value": b'{"step": 6, "colour": "high"}',
         "binary": b"\xff\0", "none": b""}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_bad_line_of_a_log_is_named_with_its_number(run, name):
    run.log.write_bytes(run.log.read_bytes() + LINES[name] + b"\n")
    with pytest.raises(ValueError, match=rf"{run.log}, line 2: damaged.*delete that line"):
        run.rewind_log(4)


def test_the_log_of_a_finished_run_is_as_it_was_sealed(run):
    torch_weights(run)
    run.finish([EXPORT], {"steps": 8})
    assert run.read_log() == [{"step": 4, "colour": 0.5}]
    run.log.write_text(json.dumps({"step": 4, "colour": 0.1}) + "\n")
    with pytest.raises(ValueError, match=f"{run.log}: damaged, changed"):
        run.read_log()


def torch_weights(run, name=EXPORT, value=1.0):
    save_file({"weight": torch.full((3,), value)}, run.path / name)


LOSSES = {
    "export": lambda run: (run.path / EXPORT).unlink(), "another export": lambda run: torch_weights(run, value=2.0),
    "the other export": lambda run: (run.path / "rerain.safetensors").unlink(),
    "half of finished.json": lambda run: run.finished.write_text("{"), "numbers": lambda run: run.finished.write_text("{}"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_a_run_that_lost_what_training_makes_is_not_finished_and_says_so(run, name):
    torch_weights(run), torch_weights(run, "rerain.safetensors")
    said = []
    assert not run.is_finished(said.append)
    run.finish([EXPORT, "rerain.safetensors"], {"steps": 8})
    assert run.is_finished(said.append) and not said
    assert set(sums(run.path)) == {"config.json", "log.jsonl", EXPORT, "rerain.safetensors", "finished.json"}
    LOSSES[name](run)
    assert not run.is_finished(said.append) and len(said) == 1 and "missing or damaged, made again" in said[0]


def test_a_run_from_before_there_were_seals_is_finished_if_its_export_can_be_read(run):
    torch_weights(run)
    run.finished.write_text("{}")
    assert run.is_finished()
    torch_weights(run, value=float("nan"))
    assert not run.is_finished()


def test_what_killed_processes_left_is_swept_by_who_trains(run):
    left = [".checkpoint.123.tmp.pt", ".derain.7.tmp.safetensors", ".log.7.tmp.jsonl", ".finished.7.tmp.json"]
    for name in [*left, ".scores-x.7.tmp.csv"]:  # the last may be another process's, which scores without the lock
        (run.path / name).touch()
    with run.locked():
        assert {path.name for path in run.path.glob(".*")} == {".scores-x.7.tmp.csv"}
    assert run.checkpoint.exists() and run.log.exists()


def test_a_full_disk_names_the_log(run, monkeypatch):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full on this system")
    run.log.unlink()
    run.log.symlink_to("/dev/full")
    with pytest.raises(OSError, match=f"{run.log}: cannot be written.*Make room"):
        run.append_log({"step": 5})
