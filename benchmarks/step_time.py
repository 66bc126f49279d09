"""Time and peak memory of one full-size DCD-GAN training step, beside a naive step that encodes again.

The paper's networks (ResNet-9, 64 wide, 256x256, batch 1).  The naive step computes the features of the contrastive
loss by four further encoder passes, as the released code does; the released step adds the identity passes of that code.
Both do the same mathematics as ours.  Prints medians and the ratio; it tests nothing.

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
from rainmer_lib.dcdgan import paper
from rainmer_lib.dcdgan.objective import Term
from rainmer_lib.dcdgan.step import Trainer
from rainmer_lib.training.threads import choose_threads


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


def eight_passes(term: Term) -> Term:
    """The released code's four further generator passes of a step, which it runs twice over for its identity loss."""

    def value(model, cycles):
        t = model.translation
        for _ in range(2):
            t.derain(cycles.clean), t.rerain(cycles.rainy)
        return term.value(model, cycles)

    return Term(term.name, term.weight, value)


def measure(kind: str, options) -> None:
    config = replace(paper, width=options.width, discriminator_width=options.width, crop=options.crop)
    trainer = Trainer.start(config, options.device)
    if kind != "ours":
        trainer.objective[0] = encode_again(trainer.objective[0], config.taps)
    if kind == "released":
        trainer.objective[0] = eight_passes(trainer.objective[0])
    batch = Batch(*(torch.rand(1, 3, options.crop, options.crop).to(options.device) for _ in range(2)))
    seconds = []
    for _ in range(options.repeat + 1):
        began = time.perf_counter()
        total = trainer.train_step(batch)["total"].item()  # .item() waits for a GPU
        seconds.append(time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if options.device == "cuda":
        peak = torch.cuda.max_memory_allocated()
    print(kind, statistics.median(seconds[1:]), peak / 2**30, total)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--crop", type=int, default=paper.crop)
    parser.add_argument("--width", type=int, default=paper.width)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--kind", help="measure one of ours, naive, released in this process")
    options = parser.parse_args()
    if options.kind:
        choose_threads()
        return measure(options.kind, options)
    print(f"one training step, width {options.width}, crop {options.crop}, {options.device}, threads {choose_threads()}")
    rows = {}
    for kind in ("ours", "naive", "released"):  # a process each, so that peaks do not mix
        words = [sys.executable, __file__, *sys.argv[1:], "--kind", kind]
        *_, seconds, memory, _ = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
        rows[kind] = float(seconds)
        print(f"{kind:9s} {float(seconds):7.2f} s  {float(memory):5.2f} GiB peak  {rows[kind] / rows['ours']:.2f} x ours")


if __name__ == "__main__":
    main()
