"""Files of random weights in the form in which the authors of each compared method published theirs."""

import numpy as np
import torch
from written_checkpoint import write_checkpoint

from rainmer_lib.baselines import brn
from rainmer_lib.methods import METHODS


def _random(name):
    torch.manual_seed(3)
    return METHODS[name].network(METHODS[name].config()).state_dict()


def _plain(name, folder):
    torch.save(_random(name), folder / "net_latest.pth")
    return folder / "net_latest.pth"


def _wrapped(name, folder):
    """Of several GPUs, with the blocks that BRN never uses."""
    stored = _random(name) | {unused: torch.rand(shape) for unused, shape in brn.UNUSED.items()}
    torch.save({f"module.{key}": value for key, value in stored.items()}, folder / "net_latest.pth")
    return folder / "net_latest.pth"


def _trained(name, folder):
    """With step and optimiser beside the weights."""
    torch.save({"net": _random(name), "clock": 40000, "opt": {"state": {0: {"step": 1}}, "param_groups": [{"lr": 1e-3}]}},
               folder / "latest")  # fmt: skip
    return folder / "latest"


def tensorflow_names(copies):
    """Names and values of DDN's tensors; with `copies`, those of SIRR, which has biases and norms twice."""
    random, tensors = np.random.default_rng(0), {"beta1_power": np.array(0.5, "<f4"), "beta2_power": np.array(0.9, "<f4")}
    for k in range(1, 27):
        inputs, outputs = 3 if k == 1 else 16, 3 if k == 26 else 16
        shapes = {"weights": (3, 3, inputs, outputs), "biases": (outputs,), "scale": (outputs,), "beta": (outputs,)}
        for kind, shape in shapes.items():
            for scope in [f"conv_{k}", f"conv_{k}_1"] if copies and kind != "weights" else [f"conv_{k}"]:
                tensors[f"{scope}/{kind}_{k}"] = random.normal(0, 0.1, shape).astype("<f4")
                tensors[f"{scope}/{kind}_{k}/Adam"] = np.zeros(1, "<f4")
                tensors[f"{scope}/{kind}_{k}/Adam_1"] = np.zeros(1, "<f4")
    return tensors


def _checkpoint(name, folder):
    return write_checkpoint(folder / "model-epoch-15", tensorflow_names(copies=name == "sirr")).with_suffix(".index")


FILES = {
    "prenet": _plain, "prn": _plain, "prenet_r": _plain, "prn_r": _plain, "brn": _wrapped, "rescan": _trained,
    "spanet": _trained, "ddn": _checkpoint, "sirr": _checkpoint,
}  # fmt: skip
