"""Time and peak memory of deraining a 481x321 photo with Rainmer at the paper's size: block by block, whole, and other masks.

independent  block by block (`rainmer.blockwise`), every mask from the scores, all of them from one sort: this library
whole        the same without blocks, as in training
loop         the same masks and numbers, one after the other: top-k, softmax and scatter for each
chained      each mask from the softmax before, as in the authors' code; other numbers

Masks act on c x c matrices, however large the image is.  So they are also timed by themselves: all attention matrices of one
pass, the three ways taking turns.  Ratios are of this run.  Random weights: time and memory depend on none.  It tests nothing.

    OMP_NUM_THREADS=1 python benchmarks/rainmer_inference.py [--repeat 3] [--masks 40] [--size paper]
"""

import argparse
import statistics
import sys
import time

import numpy as np
import torch
from measuring import child, peak_gib, turns

from rainmer_lib.data import photos
from rainmer_lib.rainmer import attention, config
from rainmer_lib.rainmer.attention import SparseChannelAttention, mix_topk
from rainmer_lib.rainmer.model import DerainingNetwork, build_network
from rainmer_lib.training.threads import choose_threads

KINDS = ("independent", "whole", "loop", "chained")
PLAIN = "whole"


def looped(scores: torch.Tensor, counts, shares: torch.Tensor, rule: str = "independent") -> torch.Tensor:
    """The independent masks once more, one at a time."""
    total = torch.zeros_like(scores)
    for count, share in zip(counts, shares, strict=True):
        values, places = scores.topk(count, dim=-1)
        total = total + share * torch.zeros_like(scores).scatter(-1, places, values.softmax(-1))
    return total


MIX = {"independent": mix_topk, "loop": looped, "chained": lambda *given: mix_topk(*given[:3], "chained")}


def network_of(size: str) -> DerainingNetwork:
    torch.manual_seed(0)
    return build_network(getattr(config, size)).eval()


def measure(kind: str, options: argparse.Namespace) -> None:
    """Passes of one kind in this process."""
    if kind in MIX:
        attention.mix_topk = lambda scores, counts, shares, rule: MIX[kind](scores, counts, shares)
    photo = np.ascontiguousarray(photos.load_photo("sklearn/china.jpg")[:321, :481])
    network, image = network_of(options.size), torch.from_numpy(photo).permute(2, 0, 1)[None] / 255
    before, seconds = peak_gib(), []
    for _ in range(options.repeat):
        began = time.process_time()
        with torch.no_grad() if kind == PLAIN else torch.inference_mode():  # blocks are for inference mode alone
            network(image)
        seconds.append(time.process_time() - began)
    print(statistics.median(seconds), peak_gib(), peak_gib() - before)


def mask_seconds(options: argparse.Namespace) -> dict[str, float]:
    """Median processor time of the masks of one pass, by kind, taking turns."""
    blocks = [m for m in network_of(options.size).modules() if isinstance(m, SparseChannelAttention)]
    widths = [(block.heads, block.project.weight.shape[0] // block.heads) for block in blocks]
    scores = [torch.rand(1, heads, width, width) * 2 - 1 for heads, width in widths]

    def every(kind: str) -> None:
        for block, score in zip(blocks, scores, strict=True):
            MIX[kind](score, block.counts, block.shares)

    with torch.no_grad():
        return turns({kind: lambda kind=kind: every(kind) for kind in MIX}, options.masks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3, help="passes of each kind")
    parser.add_argument("--masks", type=int, default=40, help="turns of the masks by themselves")
    parser.add_argument("--size", choices=["paper", "small", "tiny"], default="paper")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="passes to measure")
    parser.add_argument("--kind", choices=KINDS, help="measure passes of this one kind in this process")
    options = parser.parse_args()
    threads = choose_threads()
    if options.kind:
        return measure(options.kind, options)
    print(f"481x321, {options.size}, threads {threads}; processor time")
    rows = {}
    for kind in options.kinds:  # a process each, so that peaks do not mix
        rows[kind], peak, work = child(__file__, [*sys.argv[1:], "--kind", kind])
        print(f"{kind:12s} pass {rows[kind]:7.2f} s, {rows[kind] / rows[options.kinds[0]]:.2f} x; peak {peak:.2f} GiB, "
              f"{work:.2f} of it grown", flush=True)  # fmt: skip
    for kind, seconds in mask_seconds(options).items():
        print(f"{kind:12s} masks alone {1e3 * seconds:6.1f} ms")


if __name__ == "__main__":
    main()
