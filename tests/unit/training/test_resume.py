"""Killed with SIGKILL at any moment and started again, a run ends with bit-identical weights."""

import hashlib
import json
import time
from dataclasses import replace

import pytest
import torch
from cut_run import CONFIG, trained
from forked import CONTEXT

from rainmer_lib.dcdgan.model import DCDGAN


def start(folder):
    process = CONTEXT.Process(target=trained, args=(folder,))
    process.start()
    return process


def ended(process):
    process.join()
    return process.exitcode


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
    assert ended(start(tmp_path / "whole")) == 0
    kills, deadline = 0, time.monotonic() + 120
    while time.monotonic() < deadline:
        process = start(tmp_path / "cut")
        before = position(tmp_path / "cut")
        if kills == 3:
            assert ended(process) == 0
            break
        while process.exitcode is None and position(tmp_path / "cut") <= before:
            time.sleep(0.01)  # let it get past at least one more checkpoint or log line
        time.sleep(0.03 * kills)  # at another moment of a step each time
        if process.exitcode is None:
            process.kill()
            kills += 1
        process.join()
    assert kills == 3, "the run ended before it was killed three times: make it longer"
    assert digest(tmp_path / "cut") == digest(tmp_path / "whole")
    logs = [(only_run(tmp_path / name) / "log.jsonl").read_text() for name in ("cut", "whole")]
    assert logs[0] == logs[1]
    steps = [json.loads(line)["step"] for line in logs[0].splitlines()]
    assert steps == sorted(set(steps)) and steps[-1] == CONFIG.steps


def position(folder):
    """Lines logged so far; -1 before the first."""
    run = only_run(folder)
    return len((run / "log.jsonl").read_text().splitlines()) if run and (run / "log.jsonl").exists() else -1


def test_another_seed_gives_other_weights():
    """Guards the test above: equal digests mean something."""
    a, b = (DCDGAN(replace(CONFIG, seed=seed)).state_dict() for seed in (0, 1))
    assert any((a[name] != b[name]).any() for name in a)
