"""Names that the shell completes, and the device of a command."""

import os

import torch

from rainmer_lib.cli import choices
from rainmer_lib.methods import METHODS
from rainmer_lib.pretrained.models import DEFAULT


def test_completion_knows_the_names():
    assert DEFAULT in choices.models(DEFAULT[:3]) and choices.models("aut") == ["auto"] and "auto" in choices.models("")
    assert choices.profiles("q") == ["quick"] and choices.devices("c") == ["cpu", "cuda"]
    assert "rain12" in choices.test_sets("rain1") and choices.notebooks("train_d") == ["train_dcdgan"]
    assert choices.methods("") == list(METHODS) and choices.methods("dcd") == ["dcdgan"]
    assert choices.published("pre") == ["prenet", "prenet_r"] and "dcdgan" not in choices.published("")


def test_a_device_is_that_of_the_command_and_of_what_it_starts(run, refused, photo, tmp_path, monkeypatch):
    """Of the network, and of notebooks, which read the variable."""
    monkeypatch.setenv("RAINMER_DEVICE", "auto")  # so that the test leaves it as it was
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    refused(["derain", "a.png", "b.png", "--device", "cuda"], "device cuda: torch")
    refused(["train", "--device", "tpu"], "device 'tpu': choose one of auto, cpu, cuda, mps")
    placed, to = [], torch.nn.Module.to
    monkeypatch.setattr(torch.nn.Module, "to", lambda network, *where, **options: placed.append(where) or to(network, *where))
    assert run("derain", tmp_path / "a.png", tmp_path / "b.png", "--device", "cpu") == 0
    assert os.environ["RAINMER_DEVICE"] == "cpu" and ("cpu",) in placed


def test_an_operator_that_a_device_lacks_is_one_message(refused, monkeypatch):
    def lacking(*_, **__):
        raise NotImplementedError("The operator 'aten::x' is not implemented for the MPS device")

    monkeypatch.setattr("rainmer_lib.inference.derain.derain", lacking)
    refused(["derain", "a.png", "b.png"], "'aten::x' is not implemented for the MPS device): give --device cpu")
