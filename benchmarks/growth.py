"""How cost grows with image size, batch, number of negatives and processes; written to results/benchmarks.

images      deraining by the networks that ship, square images
batch       a training step of DCD-GAN at profile laptop
negatives   its contrastive term, forward and backward, for n patches an image: n - 1 internal, n external negatives, or both
processes   training by one process and by two (`processes.py`); 1 / images a second

Processor time of one thread, except for processes, which are measured by the clock; medians of turns, and each median over that
of the smallest size, so that the machine cancels.  It tests nothing.  `make readme` makes docs/benchmarks.md of what it wrote.

    OMP_NUM_THREADS=1 python benchmarks/growth.py [--repeat 5] [--only images ...] [--tiny] [--out results/benchmarks]
"""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import processes
import torch
import torch.nn.functional as F
from measuring import machine, turns
from megapixels import quick

from rainmer_lib import atomic, paths
from rainmer_lib.data.batches import Batch
from rainmer_lib.losses.patch_contrast import patch_contrast
from rainmer_lib.methods import METHODS
from rainmer_lib.plots.growth import growth_figure
from rainmer_lib.plots.style import use_style
from rainmer_lib.pretrained.models import load_model

SIDES = (128, 192, 256, 384)
BATCHES = (1, 2, 4, 8)
PATCHES = (64, 128, 256, 512, 1024)
EMBEDDING = 256
Rows = list[dict]


def rows_of(panel: str, series: str, medians: dict) -> Rows:
    """Rows of one line: sizes, medians, and their ratios to the first."""
    first = next(iter(medians.values()))
    return [{"panel": panel, "series": series, "size": n, "seconds": t, "ratio": t / first} for n, t in medians.items()]


def images(options) -> Rows:
    rows = []
    for name in quick():
        network = load_model(name).eval()
        runs = {side**2 / 1e6: partial(network, torch.rand(1, 3, side, side)) for side in SIDES[: options.few]}
        with torch.inference_mode():
            rows += rows_of("images", name, turns(runs, options.repeat))
    return rows


def batch(options) -> Rows:
    method, runs = METHODS["dcdgan"], {}
    config = method.at("quick" if options.few else "laptop")
    for size in BATCHES[: options.few]:
        trainer = method.start(replace(config, batch=size), "cpu")
        given = Batch(*(torch.rand(size, 3, config.crop, config.crop) for _ in range(2)))
        runs[size] = partial(trainer.train_step, given)
    return rows_of("batch", "DCD-GAN, a training step", turns(runs, options.repeat))


def negatives(options) -> Rows:
    rows = []
    for kind in ("internal", "external", "both"):
        runs = {}
        for patches in PATCHES[: options.few]:
            query, keys, external = (F.normalize(torch.randn(1, patches, EMBEDDING), dim=2) for _ in range(3))
            query.requires_grad_()
            runs[patches] = lambda given=(query, keys, external), kind=kind: patch_contrast(*given, negatives=kind).backward()
        rows += rows_of("negatives", kind, turns(runs, 4 * options.repeat))
    return rows


def by_processes(options) -> Rows:
    words = ["--rounds", "1" if options.few else "3", "--steps", "1" if options.few else "4", "--batch", "4"]
    rates = processes.rates(processes.read(words), words)
    return rows_of("processes", "PReNet", {number: 1 / rate for number, rate in rates.items()})


PANELS = {"images": images, "batch": batch, "negatives": negatives, "processes": by_processes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5, help="turns of which the median is taken")
    parser.add_argument("--only", nargs="+", choices=PANELS, default=list(PANELS))
    parser.add_argument("--tiny", dest="few", action="store_const", const=2, help="the two smallest sizes")
    parser.add_argument("--out", type=Path, default=paths.results_root() / "benchmarks")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = pd.DataFrame([row for name in options.only for row in PANELS[name](options)])
    print(found.to_string(index=False))
    atomic.write(options.out / "growth.csv", lambda path: found.to_csv(path, index=False, float_format="%.4g"))
    atomic.write_json(options.out / "machine.json", machine())
    use_style()
    atomic.write(options.out / "growth.png", lambda path: growth_figure(found).savefig(path, dpi=110))


if __name__ == "__main__":
    main()
