"""Folders of finished runs that were not trained: the weights are random, a function of the seed."""

import torch

from rainmer_lib import atomic
from rainmer_lib.methods import METHODS
from rainmer_lib.training.loop import export
from rainmer_lib.training.run import RunFolder

TINY = {"width": 8, "blocks": 1, "generator": "resnet", "global_residual": True, "taps": ("down1",)}  # of DCD-GAN


def random_run(root, method="dcdgan", data="f" * 16, finished=True, **changes):
    """The folder of a run below `root`, at the paper's size but for `changes`; for DCD-GAN a tiny generator by default."""
    chosen = METHODS[method]
    config = chosen.config(**((TINY if method == "dcdgan" else {}) | changes))
    folder = RunFolder(root, chosen.identity(config, data))
    folder.prepare(needed_bytes=0)
    torch.manual_seed(5)
    export(chosen.network(config).state_dict(), folder.path / "derain.safetensors")
    if finished:
        atomic.write_json(folder.finished, {
            "steps": config.steps, "seconds_of_last_part": 1234.4, "device": "cpu", "threads": 1, "torch": "2",
        })  # fmt: skip
    return folder.path
