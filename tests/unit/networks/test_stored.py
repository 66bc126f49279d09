"""Files of weights: whole ones are read, damaged ones are named, whatever the damage."""

import random

import pytest
import torch
from safetensors.torch import save_file

from rainmer_lib.networks.stored import not_finite, read_exported, read_torch

STATE = {"step": 3, "model": {"a": torch.arange(600.0).reshape(20, 30), "b": torch.arange(7)}}


def same(state):
    return state["step"] == 3 and all(torch.equal(state["model"][name], value) for name, value in STATE["model"].items())


@pytest.fixture
def saved(tmp_path):
    torch.save(STATE, tmp_path / "a.pt")
    return tmp_path / "a.pt"


def test_what_was_saved_is_read(saved):
    assert same(read_torch(saved))
    torch.save(STATE, saved, _use_new_zipfile_serialization=False)  # as files of 2019 are
    assert same(read_torch(saved))


def test_no_flipped_bit_changes_what_is_read(saved):
    """torch alone reads most of these files without a word."""
    whole, rng, refused = saved.read_bytes(), random.Random(0), 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        saved.write_bytes(damaged)
        try:
            assert same(read_torch(saved)), "another content was read"  # a bit of the padding, of which nothing is read
        except ValueError as error:
            assert str(error).startswith(f"{saved}: damaged, or not a file that torch.save wrote")
            refused += 1
    assert refused > 200


GARBAGE = {
    "empty": b"", "text": b"<!DOCTYPE html>", "zeros": bytes(999), "zip": b"PK\x03\x04" + bytes(99), "pickle": b"\x80\x02",
    "numbers": b"101\n", "quotes": b"'''", "tuple": b"(lp0\n.", "utf": b"\xff\xfe\x00",
}  # fmt: skip


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_named(tmp_path, name):
    for path, read in ((tmp_path / "a.pt", read_torch), (tmp_path / "a.safetensors", read_exported)):
        path.write_bytes(GARBAGE[name])
        with pytest.raises(ValueError, match=f"{path}: damaged"):
            read(path)


def test_bytes_at_random_are_named(saved):
    rng = random.Random(1)
    for _ in range(200):
        start = rng.choice([b"", b"\x80\x02", b"PK\x03\x04", b"(lI1\n"])
        saved.write_bytes(start + bytes(rng.choice(b"(){}lid0123.\n]tRqabc\x80\x02\xff") for _ in range(rng.randrange(300))))
        with pytest.raises(ValueError, match="damaged"):
            read_torch(saved)


def test_a_truncated_file_is_named_and_an_absent_one_absent(saved):
    whole = saved.read_bytes()
    for length in range(0, len(whole), 97):
        saved.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="damaged"):
            read_torch(saved)
    with pytest.raises(FileNotFoundError):
        read_torch(saved.with_name("absent.pt"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_exported_weights_that_are_not_finite_are_refused(tmp_path, value):
    weights = {"first": torch.ones(3), "second": torch.tensor([1.0, value]), "count": torch.tensor(3)}
    assert not_finite(weights) == "second" and not_finite({"first": weights["first"]}) == ""
    save_file(weights, tmp_path / "a.safetensors")
    with pytest.raises(ValueError, match=r"a\.safetensors: the weights 'second' are not finite"):
        read_exported(tmp_path / "a.safetensors")
