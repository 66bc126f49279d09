"""How long evaluating takes: 100 images of 481x321 under all protocols, NumPy beside batched torch, model excluded.

Prints one table; it tests nothing.  `python benchmarks/evaluation_speed.py [--images 100]`
"""

import argparse
import time

import numpy as np
import torch

from rainmer_lib.metrics.batched import evaluate_batch
from rainmer_lib.metrics.protocols import PROTOCOLS, evaluate


def seconds(run) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=100)
    count = parser.parse_args().images
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    clean = rng.integers(0, 256, (321, 481, 3), dtype=np.uint8)
    output = (clean / 255 + rng.normal(0, 0.05, clean.shape)).astype(np.float32)
    pair = (output, clean.astype(np.float32) / 255)
    outputs, truths = (torch.from_numpy(np.stack([image] * 10)).permute(0, 3, 1, 2) for image in pair)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    outputs, truths = outputs.to(device), truths.to(device)
    print(f"seconds for {count} images of 481x321, one thread; torch on {device}, batches of 10")
    total = 0.0
    for name in PROTOCOLS:
        exact = seconds(lambda name=name: [evaluate(output, clean, name) for _ in range(count)])
        batched = seconds(lambda name=name: [evaluate_batch(outputs, truths, name)[0].sum().item() for _ in range(count // 10)])
        total += exact
        print(f"{name:12s} NumPy {exact:6.2f}   torch {batched:6.2f}   ratio {exact / batched:5.2f}")
    print(f"all protocols, NumPy: {total:.1f}")


if __name__ == "__main__":
    main()
