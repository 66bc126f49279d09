"""Time and peak memory of one full-size DCD-GAN training step, beside the step as the authors' released code takes it.

The paper's networks (ResNet-9, 64 wide, batch 1).

    ours       the paper's objective, as `dcdgan/step.py` takes it
    plain      the same step without the fast layers of training on a CPU (`networks/fast_training.py`)
    released   the released objective, as the authors' code takes it: eight generator passes one by one, all kept until the end
               of the step, four further encoder passes for the contrastive loss, plain layers

Steps are taken in turns, so that other work on the machine slows all alike; prints medians and ratios of processor time (of
time on a GPU), and peaks of processes of their own.  It tests nothing.

    python benchmarks/step_time.py [--repeat 3] [--crop 256] [--width 64] [--device cpu]
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace

import torch

from rainmer_lib.data.batches import Batch
from rainmer_lib.dcdgan import paper, released
from rainmer_lib.dcdgan.objective import Term
from rainmer_lib.dcdgan.step import Trainer
from rainmer_lib.networks import fast_training, instance_norm, winograd
from rainmer_lib.networks.fast_training import trains_on_cpu
from rainmer_lib.training.threads import choose_threads, flush_denormals

KINDS = ("ours", "plain", "released")


def encode_again(term: Term, taps) -> Term:
    """The contrastive term with its four stacks from passes of their own; the rest of the term is ours."""

    def value(model, cycles):
        t = model.translation
        again = {
            "rainy": t.derain.encode(cycles.rainy, taps), "derained": t.rerain.encode(cycles.derained, taps),
            "clean": t.rerain.encode(cycles.clean, taps), "rerained": t.derain.encode(cycles.rerained, taps),
        }  # fmt: skip
        cycles.features.update(again)
        return term.value(model, cycles)

    return Term(term.name, term.weight, value)


def twice(term: Term) -> Term:
    """The released code's second pair of identity passes, which no loss reads; they are held as its attributes hold them."""

    def value(model, cycles):
        t = model.translation
        cycles.held = t.derain(cycles.clean), t.rerain(cycles.rainy)
        return term.value(model, cycles)

    return Term(term.name, term.weight, value)


def one_by_one(translation):
    """Let images of one network go through it one after the other."""

    def together(network, **images):
        found = {name: network.translate(image, translation.config.taps) for name, image in images.items()}
        return {name: image for name, (image, _) in found.items()}, {name: stack for name, (_, stack) in found.items()}

    translation._together = together


def start(kind: str, options) -> Trainer:
    preset = released if kind == "released" else paper
    trainer = Trainer.start(
        replace(preset, width=options.width, discriminator_width=options.width, crop=options.crop), options.device
    )
    if kind == "released":
        one_by_one(trainer.model.translation)
        trainer.objective[0] = twice(encode_again(trainer.objective[0], paper.taps))
    return trainer


def timed_step(kind: str, trainer: Trainer, options) -> float:
    batch = Batch(*(torch.rand(1, 3, options.crop, options.crop).to(options.device) for _ in range(2)))
    for module in (fast_training, winograd, instance_norm):
        module.trains_on_cpu = trains_on_cpu if kind == "ours" else lambda x: False
    clock = time.process_time if options.device == "cpu" else time.perf_counter
    began = clock()
    trainer.train_step(batch)["total"].item()  # .item() waits for a GPU
    return clock() - began


def peak(kind: str, options) -> float:
    trainer = start(kind, options)
    for _ in range(2):
        timed_step(kind, trainer, options)
    if options.device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--crop", type=int, default=paper.crop)
    parser.add_argument("--width", type=int, default=paper.width)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--peak", help="print the peak in GiB of one of ours, plain, released in this process")
    options, threads = parser.parse_args(), choose_threads()
    flush_denormals()
    if options.peak:
        return print(peak(options.peak, options))
    print(f"one training step, width {options.width}, crop {options.crop}, {options.device}, threads {threads}")
    words = [sys.executable, __file__, *sys.argv[1:], "--peak"]  # first: a process inherits the peak of its parent
    peaks = {k: float(subprocess.run([*words, k], capture_output=True, text=True, check=True).stdout) for k in KINDS}
    trainers, seconds = {kind: start(kind, options) for kind in KINDS}, {kind: [] for kind in KINDS}
    for _ in range(options.repeat + 1):
        for kind in KINDS:
            seconds[kind].append(timed_step(kind, trainers[kind], options))
    for kind in KINDS:
        ratio = statistics.median(a / b for a, b in zip(seconds[kind][1:], seconds["ours"][1:], strict=True))
        print(f"{kind:9s} {statistics.median(seconds[kind][1:]):7.2f} s  {ratio:.2f} x ours  {peaks[kind]:5.2f} GiB peak")


if __name__ == "__main__":
    main()
