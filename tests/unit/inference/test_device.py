"""The device: what is asked for, what is there, and what to do about it."""

import pytest
import torch

from rainmer_lib.inference.device import CHOICES, VARIABLE, device, missing_operator


@pytest.fixture
def gpus(monkeypatch):
    """Pretends that there are so many CUDA GPUs, and perhaps an Apple one."""
    monkeypatch.delenv(VARIABLE, raising=False)

    def have(cuda=0, mps=False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return have


def test_auto_is_the_gpu_if_there_is_one_and_never_an_apple_one(gpus):
    gpus()
    assert device() == device("auto") == "cpu"
    gpus(mps=True)
    assert device() == "cpu" and device("mps") == "mps"
    gpus(cuda=2)
    assert device() == "cuda" and device("cpu") == "cpu" and device("cuda:1") == "cuda:1"


def test_the_environment_says_it_for_notebooks_and_an_option_goes_first(gpus, monkeypatch):
    gpus(cuda=1)
    monkeypatch.setenv(VARIABLE, "cpu")
    assert device() == "cpu" and device("cuda") == "cuda"
    monkeypatch.setenv(VARIABLE, "tpu")
    with pytest.raises(ValueError, match=f"RAINMER_DEVICE 'tpu': choose one of {', '.join(CHOICES)}"):
        device()


@pytest.mark.parametrize(("asked", "message"), [
    ("cuda", "device cuda: torch .* finds no CUDA GPU; choose auto or cpu"), ("mps", "finds no Apple GPU"),
    ("gpu", "device 'gpu': choose one of auto, cpu, cuda, mps"), ("cuda:x", "choose one of"),
])  # fmt: skip
def test_a_device_that_is_not_there_is_named_with_the_remedy(gpus, asked, message):
    gpus()
    with pytest.raises(ValueError, match=message):
        device(asked)


def test_a_number_beyond_the_last_gpu_says_how_many_there_are(gpus):
    gpus(cuda=2)
    with pytest.raises(ValueError, match="cuda:2: there are 2 CUDA GPUs"):
        device("cuda:2")


def test_a_missing_operator_is_named():
    error = NotImplementedError("The operator 'aten::x' is not implemented for the MPS device.\nmore")
    assert "'aten::x'" in missing_operator(error) and "--device cpu" in missing_operator(error)
    assert "more" not in missing_operator(error)
