"""Killed with SIGKILL at any moment and started again, a run ends with bit-identical weights."""

import hashlib
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch

from rainmer_lib.dcdgan import paper
from rainmer_lib.dcdgan.model import DCDGAN

CONFIG = dict(
    width=4, blocks=2, discriminator_width=4, taps=("down1", "down2", "block1", "block2"), embedding=8, patches=16, crop=32,
    steps=60, learning_rate=1e-3, heads_learning_rate=1e-3, discriminators_learning_rate=1e-3, discriminator_replay=3,
)  # fmt: skip
SCRIPT = f"""
import sys, torch
from dataclasses import replace
from pathlib import Path
from rainmer_lib.dcdgan import paper
from rainmer_lib.dcdgan.step import Trainer
from rainmer_lib.data.unpaired import embedded
from rainmer_lib.training.loop import train
from rainmer_lib.training.run import RunFolder, RunIdentity
config = replace(paper, **{CONFIG!r})
run = RunFolder(Path(sys.argv[1]), RunIdentity("test", config, "embedded", 1))
train(Trainer.start, config, embedded(), run, log_every=3, save_every=5, say=None)
"""


def start(folder):
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder)])


def only_run(folder):
    found = list(folder.glob("test-*"))
    return found[0] if found else None


def digest(folder):
    state = torch.load(only_run(folder) / "checkpoint.pt", weights_only=True)
    exact = b"".join(value.numpy().tobytes() for value in state["model"].values())
    files = [(only_run(folder) / f"{name}.safetensors").read_bytes() for name in ("derain", "rerain")]
    return hashlib.sha256(exact + b"".join(files)).hexdigest()


@pytest.mark.slow
def test_sigkill_and_start_again_changes_no_bit(tmp_path):
    assert start(tmp_path / "whole").wait() == 0
    kills, deadline = 0, time.monotonic() + 120
    while time.monotonic() < deadline:
        process = start(tmp_path / "cut")
        before = position(tmp_path / "cut")
        if kills == 3:
            assert process.wait() == 0
            break
        while process.poll() is None and position(tmp_path / "cut") <= before:
            time.sleep(0.01)  # let it get past at least one more checkpoint or log line
        time.sleep(0.03 * kills)  # at another moment of a step each time
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills == 3, "the run ended before it was killed three times: make it longer"
    assert digest(tmp_path / "cut") == digest(tmp_path / "whole")
    logs = [(only_run(tmp_path / name) / "log.jsonl").read_text() for name in ("cut", "whole")]
    assert logs[0] == logs[1]
    steps = [json.loads(line)["step"] for line in logs[0].splitlines()]
    assert steps == sorted(set(steps)) and steps[-1] == CONFIG["steps"]


def position(folder):
    """Lines logged so far; -1 before the first."""
    run = only_run(folder)
    return len((run / "log.jsonl").read_text().splitlines()) if run and (run / "log.jsonl").exists() else -1


def test_another_seed_gives_other_weights():
    """Guards the test above: equal digests mean something."""
    a, b = (DCDGAN(replace(paper, **{**CONFIG, "seed": seed})).state_dict() for seed in (0, 1))
    assert any((a[name] != b[name]).any() for name in a)
