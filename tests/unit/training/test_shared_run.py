"""The folder of a run that several processes train."""

import pytest
import torch

from rainmer_lib.training import processes
from rainmer_lib.training.shared_run import SharedRun, as_shared


@pytest.fixture
def as_process(monkeypatch):
    """Be process `rank` of `count`; the others' states are given."""

    def be(rank, count=2, others=()):
        monkeypatch.setattr(processes, "rank", lambda: rank)
        monkeypatch.setattr(processes, "count", lambda: count)
        monkeypatch.setattr(processes, "gathered", lambda state: [state, *others] if rank == 0 else [])

    return be


def state(own):
    return {"step": 2, "model": {"weight": torch.ones(1)}, "optimisation": {"rate": 1.0}, "history": own}


@pytest.fixture
def saved(tiny, folder, as_process):
    """A checkpoint of two processes."""
    as_process(0, others=[{"history": 11}])
    run = SharedRun(folder(tiny).path.parent, folder(tiny).identity)
    run.prepare(0)
    run.save_checkpoint(state(10))
    return run


def test_each_process_finds_its_own_part_and_what_all_have_alike(saved, as_process):
    for rank in (0, 1):
        as_process(rank)
        found = saved.load_checkpoint("cpu")
        assert (found["history"], found["step"], found["optimisation"]) == (10 + rank, 2, {"rate": 1.0})
    assert "model" not in torch.load(saved.checkpoint)["processes"][1], "what all have alike is kept once"


def test_another_number_of_processes_takes_the_state_of_the_first(saved, as_process):
    as_process(2, count=3)
    assert saved.load_checkpoint("cpu")["history"] == 10


def test_one_process_reads_it_too(saved, tiny, folder):
    assert folder(tiny).load_checkpoint("cpu")["history"] == 10


def test_another_process_writes_nothing(tiny, folder, as_process):
    as_process(1)
    run = SharedRun(folder(tiny).path.parent, folder(tiny).identity)
    with run.locked():
        run.prepare(0)
        run.save_checkpoint(state(1))
        run.append_log({"step": 1})
        run.rewind_log(0)
    assert not run.path.exists()


def test_the_folder_of_one_process_is_as_it_is(tiny, folder, as_process):
    run = folder(tiny)
    assert as_shared(run) is run
    as_process(1)
    assert isinstance(as_shared(run), SharedRun) and as_shared(run).path == run.path
