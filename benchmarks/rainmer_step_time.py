"""Time of one training step of Rainmer, beside the step with torch's layers and the step of the authors' released choices.

    ours       the step as `rainmer/step.py` takes it
    plain      the same with torch's layers, and the experts of each mixture one at a time, their answers kept and merged
    released   the released choices (chained top-k and others), with the plain layers

Steps are taken in turns, so that other work on the machine slows all alike; prints medians and ratios of processor time.  It
tests nothing.

    python benchmarks/rainmer_step_time.py [--profile laptop] [--batch 1] [--repeat 3]
"""

import argparse
import statistics
import time
from dataclasses import replace

import torch
import torch.nn.functional as F

from rainmer_lib.data.batches import PairedBatch
from rainmer_lib.networks import fast_training, separable
from rainmer_lib.networks.fast_training import trains_on_cpu
from rainmer_lib.rainmer import backbone, released
from rainmer_lib.rainmer.mefc import MEFC
from rainmer_lib.rainmer.method import METHOD
from rainmer_lib.rainmer.sizes import SIZES
from rainmer_lib.rainmer.step import Trainer
from rainmer_lib.training.config import changed_fields
from rainmer_lib.training.threads import choose_threads, flush_denormals

MERGED = MEFC.forward


def one_by_one(mixture: MEFC, x: torch.Tensor) -> torch.Tensor:
    """The mixture as its equation stands."""
    logits = mixture.weigh(x.mean(dim=(2, 3), keepdim=True)).view(len(x), len(mixture.experts), -1, 1, 1, 1)
    s = F.relu(mixture.enter(x))
    for weight, experts, merge in zip(logits.softmax(dim=2).unbind(1), mixture.experts, mixture.merge, strict=True):
        answers = torch.cat([weight[:, o] * expert(s) for o, expert in enumerate(experts)], dim=1)
        s = F.relu(F.relu(merge(answers)) + s)
    return s


def timed_step(kind: str, trainer: Trainer) -> float:
    c = trainer.config
    crops, wholes = ((c.batch, 3, side, side) for side in (c.crop, c.view_size))
    batch = PairedBatch(*(torch.rand(size) for size in (crops, crops, wholes, wholes)))
    for module in (fast_training, separable, backbone):
        module.trains_on_cpu = trains_on_cpu if kind == "ours" else lambda x: False
    MEFC.forward = MERGED if kind == "ours" else one_by_one
    began = time.process_time()
    trainer.train_step(batch)
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", choices=SIZES, default="laptop")
    parser.add_argument("--batch", type=int, default=0, help="images a step; 0: the profile's")
    parser.add_argument("--repeat", type=int, default=3)
    options, threads = parser.parse_args(), choose_threads()
    flush_denormals()
    own = METHOD.at(options.profile)
    own = replace(own, batch=options.batch or own.batch, memory_bank=max(own.negatives, options.batch or own.batch))
    chosen = {name: getattr(released, name) for name in changed_fields(released) if name not in ("seed", "detail_negatives")}
    configs = {"ours": own, "plain": own, "released": replace(own, **chosen)}
    trainers, seconds = {kind: Trainer.start(config) for kind, config in configs.items()}, {kind: [] for kind in configs}
    print(f"one step at {options.profile}, {own.batch} x {own.crop}, threads {threads}")
    for _ in range(options.repeat + 2):  # the memory bank fills in the first
        for kind, trainer in trainers.items():
            seconds[kind].append(timed_step(kind, trainer))
    for kind, measured in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(measured[2:], seconds["ours"][2:], strict=True))
        print(f"{kind:9s} {statistics.median(measured[2:]):7.2f} s  {ratio:.2f} x ours")


if __name__ == "__main__":
    main()
