"""Compiled networks: the same function, and the plain one with one message where compiling fails."""

import warnings

import pytest
import torch

from rainmer_lib.training.compiled import compiled


def double(x):
    return 2 * x


@pytest.fixture
def compiler(monkeypatch):
    """In place of `torch.compile`: returns what the test says, and keeps what it was asked for."""
    asked = []

    def use(result):
        monkeypatch.setattr(torch, "compile", lambda function, **options: asked.append(options) or result)
        return asked

    return use


def test_the_trial_decides(compiler):
    asked = compiler(double)
    assert compiled(lambda x: 2 * x, lambda fast: fast(1), graphs=True) is double
    assert asked == [{"dynamic": False, "mode": "reduce-overhead"}]


@pytest.mark.parametrize("error", [kind("no compiler found\nmore") for kind in (RuntimeError, NotImplementedError)])
def test_what_does_not_compile_stays_plain_and_says_so_once(compiler, error):
    def broken(x):
        raise error

    compiler(broken)
    with pytest.warns(UserWarning) as said:
        assert compiled(double, lambda fast: fast(1)) is double
    assert [str(w.message) for w in said] == [
        f"the networks are not compiled ({type(error).__name__}: no compiler found); the run goes on with plain ones"
    ]


def test_memory_that_runs_out_is_no_reason_to_go_on(compiler):
    def full(x):
        raise torch.OutOfMemoryError("CUDA out of memory")

    compiler(full)
    with warnings.catch_warnings(), pytest.raises(torch.OutOfMemoryError):
        warnings.simplefilter("error")
        compiled(double, lambda fast: fast(1))
