"""A few small steps of every method, and runs, made by one process or by several: `python shared_steps.py FOLDER`."""

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import shared_run
import torch

from rainmer_lib.data.batches import Batch, PairedBatch, SemiSupervisedBatch
from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.experiments.runs import train_run
from rainmer_lib.methods import METHODS
from rainmer_lib.training import processes
from rainmer_lib.training.method import Method

SMALL = {"steps": 3, "batch": 4, "warm_up": 1, "warm_up_batch": 4, "patches": 8, "memory_bank": 8, "crop": 32}
SHARED = {name: method for name, method in METHODS.items() if not method.sharing.refused}


def small(method, **changes):
    known = method.config.__dataclass_fields__
    return method.at("quick", **{name: value for name, value in SMALL.items() if name in known} | changes)


def batch_of(method, config, size, step):
    """Noise under streaks, the batch of all processes together: a function of the step."""
    generator = torch.Generator().manual_seed(step)

    def pair(side):
        clean = 0.6 * torch.rand(size, 3, side, side, generator=generator)
        return clean + 0.4 * (torch.rand(size, 1, side, side, generator=generator) > 0.8), clean

    rainy, clean = pair(config.crop)
    if hasattr(config, "view_size"):
        return PairedBatch(rainy, clean, *pair(config.view_size))
    return SemiSupervisedBatch(rainy, clean, pair(config.crop)[0]) if "semi" in method.supervision else Batch(rainy, clean)


def of(method, config):
    """Terms of each step, as means over the processes; gradients of each update, as they are applied; weights at the end."""
    trainer = method.start(method.sharing.part(config, processes.count()), "cpu")
    terms, gradients = [], []

    def remember(optimiser, *_):
        found = [p.grad.flatten() for group in optimiser.param_groups for p in group["params"] if p.grad is not None]
        gradients.append(torch.cat([torch.zeros(1), *found]))  # an objective may leave a network out

    for optimiser in trainer.optimisation.optimisers.values():
        optimiser.register_step_pre_hook(remember)
    for step in range(config.steps):
        batch = batch_of(method, config, trainer.crops * processes.count(), step)
        values = trainer.train_step(processes.share(batch))
        row = torch.stack([value.float() for value in values.values()])
        processes.average([row])
        terms.append(dict(zip(values, row.tolist(), strict=True)))
    return {"terms": terms, "gradients": gradients, "weights": dict(trainer.model.named_parameters())}


@dataclass(frozen=True)
class Noise:
    """Training data of a method."""

    method: Method
    config: Any
    fingerprint = "noise"

    def batch(self, step, size, crop, seed):
        return batch_of(self.method, self.config, size, step)


def mean_run(folder):
    """Train a small run in which a step is a mean over its batch; return its folder."""
    os.environ["RAINMER_RUNS"] = str(folder)
    method = replace(SHARED["ddn"], sizes={"quick": replace(SHARED["ddn"].sizes["quick"], log_every=2, save_every=3)})
    config = small(SHARED["ddn"], statistics="image", steps=6)
    return train_run("mean", method, config, Noise(method, config), PROFILES["quick"]).folder


def main(folder):
    torch.set_num_threads(1)
    processes.join()
    folder.mkdir(exist_ok=True)
    torch.save({name: of(method, small(method)) for name, method in SHARED.items()}, folder / f"{processes.rank()}.pt")
    mean_run(folder)
    shared_run.main(False, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
