"""Folders of runs: their names, their logs, their checkpoints."""

import json
import os
from dataclasses import dataclass, replace

import pytest
import torch


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
    with pytest.raises(Exception, match="[Ww]eights.only"):
        run.load_checkpoint("cpu")


def test_equal_configurations_have_one_key_whatever_their_numbers_are_written_as(tiny, folder):
    assert folder(replace(tiny, colour_weight=3)).path == folder(replace(tiny, colour_weight=3.0)).path
