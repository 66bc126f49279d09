"""Megapixels a second and peak memory of deraining, against image size, side of the tiles and threads.

Networks are those that ship (`rainmer list`), and two with random weights: `resnet`, which has instance norms, and `prenet`,
which has none and fewer stages if wished.  A prior-based network solves every image anew and takes minutes a megapixel, so it
is measured only if it is named.  The image is an embedded photo, mirrored to each size.  `kind` says how statistics of instance
norms are taken in tiles; `default` leaves tiling to `derain`, which makes tiles only of what does not fit.
A process each: `peak` is its whole memory, `work` what it grew by, `needed` what `derain` expects an untiled pass to take.
Rates are per second of processor time, and per second of the clock, which counts where there are threads.  It tests nothing.

    python benchmarks/megapixels.py [--models derain-small ...] [--megapixels 0.15 1] [--tiles 0 256] [--threads 1 2]
    python benchmarks/megapixels.py --models resnet --megapixels 0.25 1 4 24 --tiles 768 --kinds per-tile exact sampled --most 4
    python benchmarks/megapixels.py --models prenet --stages 1 --kinds default untiled
"""

import argparse
import time

import numpy as np
from measuring import child, peak_gib
from sklearn.datasets import load_sample_image
from torch import nn

from rainmer_lib.baselines.prenet import PReNet
from rainmer_lib.inference.derain import derain
from rainmer_lib.inference.memory import needed
from rainmer_lib.networks.resnet_generator import ResNetGenerator
from rainmer_lib.pretrained.models import MODELS, load_model, shipped
from rainmer_lib.training.threads import choose_threads

KINDS = {
    "default": {}, "untiled": {"memory_limit": 2**60}, "per-tile": {"statistics": "per-tile"},
    "sampled": {"statistics": "whole-image"}, "exact": {"statistics": "whole-image", "sample": None},
}  # fmt: skip
WHOLE = ("untiled", "exact")  # of large images these take very much memory or time


def photo(megapixels: float) -> np.ndarray:
    """An embedded photo, mirrored to three by two."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    small = load_sample_image("china.jpg")
    sides = [(0, max(0, size - have)) for size, have in zip((height, round(1.5 * height)), small.shape[:2], strict=True)]
    return np.pad(small, [*sides, (0, 0)], mode="symmetric")[:height, : round(1.5 * height)]


def network_of(name: str, stages: int) -> nn.Module:
    if name == "resnet":
        return ResNetGenerator(16, 4, antialias=False, global_residual=True).eval()
    return PReNet(stages).eval() if name == "prenet" else load_model(name).eval()


def measure(options: argparse.Namespace) -> None:
    """Print what one pass takes, in this process."""
    network, image = network_of(options.models[0], options.stages), photo(options.megapixels[0])
    expected, chosen = needed(network, image.shape[0] * image.shape[1]), dict(KINDS[options.kinds[0]])
    if options.tiles[0]:
        chosen["tile"] = options.tiles[0]
    before, clock, began = peak_gib(), time.perf_counter(), time.process_time()
    derain(network, image, **chosen)
    taken = time.process_time() - began, time.perf_counter() - clock
    size = image.shape[0] * image.shape[1] / 1e6
    print(*(size / seconds for seconds in taken), peak_gib(), peak_gib() - before, expected / 2**30)


def quick() -> list[str]:
    """Networks that ship and solve nothing anew."""
    return [name for name in shipped() if not MODELS[name].method().prior_based]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=[*shipped(), "resnet", "prenet"], default=quick())
    parser.add_argument("--megapixels", type=float, nargs="+", default=[0.15, 1])
    parser.add_argument("--tiles", type=int, nargs="+", default=[0], help="sides of the tiles; 0 leaves it to `derain`")
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["default"])
    parser.add_argument("--most", type=float, default=4, help=f"megapixels up to which {' and '.join(WHOLE)} are run")
    parser.add_argument("--stages", type=int, default=6, help="of prenet")
    parser.add_argument("--one", action="store_true", help="measure the first of each in this process")
    options = parser.parse_args()
    if options.one:
        choose_threads()
        return measure(options)
    columns = f"{'MP/s proc.':>11s} {'MP/s clock':>11s} {'peak GiB':>9s} {'work GiB':>9s} {'needed GiB':>11s}"
    print(f"{'network':14s} {'megapixels':>10s} {'kind':9s} {'tile':>5s} {'threads':>7s} {columns}")
    wanted = [
        (model, size, kind, tile, threads)
        for model in options.models for size in options.megapixels for kind in options.kinds
        for tile in options.tiles for threads in options.threads if size <= options.most or kind not in WHOLE
    ]  # fmt: skip
    for model, size, kind, tile, threads in wanted:
        words = ["--models", model, "--megapixels", size, "--kinds", kind, "--tiles", tile, "--stages", options.stages, "--one"]
        by_processor, by_clock, peak, work, expected = child(__file__, words, threads)
        print(f"{model:14s} {size:10g} {kind:9s} {tile or '-':>5} {threads:7d} {by_processor:11.3f} {by_clock:11.3f} "
              f"{peak:9.2f} {work:9.2f} {expected:11.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
