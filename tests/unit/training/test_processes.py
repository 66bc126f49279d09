"""Several processes: what they compute together is what one computes; if one ends, all end; a run goes on where it was."""

import subprocess
import sys

import pytest
import shared_run
import shared_steps
import torch
from safetensors.torch import load_file
from shared_steps import SHARED, small

from rainmer_lib.data.batches import Batch
from rainmer_lib.training import processes

MEAN = [name for name, method in SHARED.items() if not method.sharing.apart(small(method))]
APART = [name for name in SHARED if name not in MEAN]
# Rounding in single precision, of the largest value, as Adam's division by small moments enlarges it in three steps
ROUNDING = 1e-4


def torchrun(script, *words, options=()):
    """Start two processes of a script; return exit code and what was printed."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *options]
    done = subprocess.run([*command, script.__file__, *map(str, words)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """Folder of what two processes made: they are started once for all methods."""
    folder = tmp_path_factory.mktemp("processes") / "whole"
    code, printed = torchrun(shared_steps, folder)
    assert code == 0, printed
    return folder


@pytest.fixture(scope="module")
def ranks(together):
    return [torch.load(together / f"{rank}.pt") for rank in range(2)]


def farthest(one, two):
    """Largest difference of the gradients of an update, of the largest gradient of one; at least 1e-6."""
    pairs = zip(one["gradients"], two["gradients"], strict=True)
    return max(float((a - b).abs().max() / a.abs().max().clamp(min=1e-6)) for a, b in pairs)


@pytest.mark.slow
@pytest.mark.parametrize("name", MEAN)
def test_losses_and_gradients_are_those_of_one_process_with_the_whole_batch(ranks, name):
    one, two = shared_steps.of(SHARED[name], small(SHARED[name])), ranks[0][name]
    assert farthest(one, two) < ROUNDING
    for a, b in zip(one["terms"], two["terms"], strict=True):
        assert b == pytest.approx(a, rel=ROUNDING, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", APART)
def test_what_is_said_to_be_apart_is_another_step(ranks, name):
    """Its number of processes is in the key for a reason."""
    assert farthest(shared_steps.of(SHARED[name], small(SHARED[name])), ranks[0][name]) > 10 * ROUNDING


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARED)
def test_every_process_has_the_same_weights(ranks, name):
    weights, others = (rank[name]["weights"] for rank in ranks)
    assert list(weights) == list(others) and all(torch.equal(weights[key], others[key]) for key in weights)


@pytest.mark.slow
def test_a_run_of_two_processes_is_that_of_one(together, tmp_path):
    """The same key, log and network: only process 0 writes, and the terms are means over both."""
    run = shared_steps.mean_run(tmp_path)
    shared = together / run.path.name
    logs = [type(run)(path.parent, run.identity).read_log() for path in (run.path, shared)]
    assert [entry["step"] for entry in logs[1]] == [2, 3, 4, 6]
    for a, b in zip(*logs, strict=True):
        assert b == pytest.approx(a, rel=ROUNDING)
    one, two = (load_file(path / "derain.safetensors") for path in (run.path, shared))
    for name in one:
        torch.testing.assert_close(one[name].float(), two[name].float(), rtol=2e-3, atol=2e-3)  # half precision


def own_run(folder):
    (found,) = folder.glob("layer_gan-*")
    return found


def assert_ends_alike(folder, whole):
    """Bit for bit, each process's earlier images and random state included."""
    one, two = (torch.load(own_run(place) / "checkpoint.pt") for place in (folder, whole))
    assert len(one["processes"]) == 2 and own_run(folder).name == own_run(whole).name
    for a, b in zip(one["processes"], two["processes"], strict=True):
        assert torch.equal(a["replay"]["generator"], b["replay"]["generator"])
        assert all(torch.equal(a["replay"]["images"][kind], b["replay"]["images"][kind]) for kind in a["replay"]["images"])
    assert all(torch.equal(one["model"][name], two["model"][name]) for name in one["model"])
    first, second = (part["replay"]["images"]["derained"] for part in one["processes"])
    assert not torch.equal(first, second), "each process has images of its own"
    logs = [(own_run(place) / "log.jsonl").read_text() for place in (folder, whole)]
    assert logs[0] == logs[1]


@pytest.mark.slow
def test_a_killed_process_ends_all_with_a_message_and_the_next_start_goes_on(together, tmp_path):
    code, printed = torchrun(shared_run, "killed", tmp_path)
    assert code != 0 and processes.LOST in printed and "Signal 9 (SIGKILL)" in printed
    assert not (own_run(tmp_path) / "finished.json").exists()
    code, printed = torchrun(shared_run, "again", tmp_path)
    assert code == 0 and printed.count("going on from step 3 of 9") == 1, printed
    assert_ends_alike(tmp_path, together)


@pytest.mark.slow
def test_torchrun_starts_a_run_again_that_lost_a_process(together, tmp_path):
    code, printed = torchrun(shared_run, "killed", tmp_path, options=["--max-restarts", "1"])
    assert code == 0 and (tmp_path / "killed").exists() and printed.count("going on from step 3 of 9") == 1, printed
    assert_ends_alike(tmp_path, together)


def test_one_process_does_nothing_of_all_this(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    batch, values = Batch(torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)), [torch.ones(2)]
    processes.average(values)
    processes.wait()
    assert processes.join() == processes.count() == 1 and processes.rank() == 0 and processes.share(batch) is batch
    assert values[0].tolist() == [1, 1] and processes.agreed("a") == "a" and processes.gathered({"a": 1}) == [{"a": 1}]


@pytest.mark.parametrize("count", [2, 3])
def test_shares_are_the_batch_and_every_part_of_it_is_shared_evenly(monkeypatch, count):
    """Parts of `count` and of `2 * count` images, as a batch and the crops of a rehearsal are."""
    parts = torch.arange(count), 100 + torch.arange(2 * count)
    images = torch.cat(parts).float()
    monkeypatch.setattr(processes, "count", lambda: count)
    shares = []
    for rank in range(count):
        monkeypatch.setattr(processes, "rank", lambda rank=rank: rank)
        shares.append(processes.share(Batch(images, -images)))
        assert torch.equal(shares[-1].rainy, -shares[-1].clean)
        assert [len(shares[-1].rainy[shares[-1].rainy < 100]), len(shares[-1].rainy)] == [1, 3]
    assert torch.equal(torch.cat([share.rainy for share in shares]).sort().values, images)


def test_more_processes_than_graphics_cards(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("LOCAL_RANK", "2")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ValueError, match="process 2 has no graphics card of its own: give torchrun --nproc-per-node 2"):
        processes.join()
