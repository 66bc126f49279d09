"""Time and peak memory of deraining whole, in tiles with statistics of their own, and in tiles with those of the image.

The network of the `laptop` profile (ResNet, 16 wide, 4 blocks, instance norm) or PReNet, which has no norm: the kinds of
statistics are the same to it.  Fewer of its stages take less time and the same memory.  The image is an embedded photo,
mirrored to each size.  `needed` is the memory that `derain` expects an untiled pass to take; `peak` is that of the whole
process, `work` what it grew by.  Prints one table; it tests nothing.  Random weights: time and memory depend on none.

    python benchmarks/inference_memory.py [--megapixels 0.25 1 4 24] [--side 768] [--most 4] [--network resnet]
    python benchmarks/inference_memory.py --network prenet --stages 1 --kinds default untiled
"""

import argparse
import resource
import subprocess
import sys
import time

import numpy as np
from sklearn.datasets import load_sample_image
from torch import nn

from rainmer_lib.baselines.prenet import PReNet
from rainmer_lib.inference.derain import derain
from rainmer_lib.inference.memory import needed
from rainmer_lib.networks.resnet_generator import ResNetGenerator
from rainmer_lib.training.threads import choose_threads

KINDS = {
    "default": {},
    "untiled": {"memory_limit": 2**60},
    "per-tile": {"statistics": "per-tile"},
    "whole-image, sampled": {"statistics": "whole-image"},
    "whole-image, exact": {"statistics": "whole-image", "sample": None},
}


def photo(megapixels: float) -> np.ndarray:
    """An embedded photo, mirrored to three by two."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    small = load_sample_image("china.jpg")
    sides = [(0, max(0, size - have)) for size, have in zip((height, round(1.5 * height)), small.shape[:2], strict=True)]
    return np.pad(small, [*sides, (0, 0)], mode="symmetric")[:height, : round(1.5 * height)]


def network_of(options: argparse.Namespace) -> nn.Module:
    if options.network == "resnet":
        return ResNetGenerator(16, 4, antialias=False, global_residual=True).eval()
    return PReNet(options.stages).eval()


def peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measure(options: argparse.Namespace) -> None:
    network, image = network_of(options), photo(options.megapixels[0])
    expected = needed(network, image.shape[0] * image.shape[1])
    chosen = dict(KINDS[options.kind])
    if options.kind not in ("default", "untiled"):
        chosen["tile"] = options.side
    before, began = peak_gib(), time.perf_counter()
    derain(network, image, **chosen)
    print(time.perf_counter() - began, peak_gib(), peak_gib() - before, expected / 2**30)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[0.25, 1, 4, 24])
    parser.add_argument("--side", type=int, default=768, help="side of the tiles")
    parser.add_argument("--most", type=float, default=4, help="megapixels up to which untiled and exact are run")
    parser.add_argument("--network", choices=["resnet", "prenet"], default="resnet")
    parser.add_argument("--stages", type=int, default=6, help="of PReNet")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--kind", help="measure this one kind, at the first size, in this process")
    options = parser.parse_args()
    threads = choose_threads()
    if options.kind:
        return measure(options)
    print(f"{options.network}, tiles of {options.side}, threads {threads}")
    print(f"{'megapixels':>10s}  {'kind':22s} {'seconds':>8s} {'peak GiB':>9s} {'work GiB':>9s} {'needed GiB':>11s}")
    for size in options.megapixels:
        for kind in options.kinds:
            if size > options.most and kind in ("untiled", "whole-image, exact"):
                continue
            words = [sys.executable, __file__, "--megapixels", str(size), "--side", str(options.side)]
            # a process each, so that peaks do not mix
            words += ["--network", options.network, "--stages", str(options.stages), "--kind", kind]
            output = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
            seconds, peak, work, expected = map(float, output.split())
            print(f"{size:10g}  {kind:22s} {seconds:8.1f} {peak:9.2f} {work:9.2f} {expected:11.2f}", flush=True)


if __name__ == "__main__":
    main()
