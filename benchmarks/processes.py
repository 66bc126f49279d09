"""Images a second of training by one process and by two, as a ratio, measured in one go.

Both train the same run, the same batch of all processes together, on this machine: so the ratio says what a second process
gains where the first one leaves a core or a graphics card free.  Rounds take turns, and the median of each is compared, because
other work on the machine changes from minute to minute.  It prints and tests nothing.

    python benchmarks/processes.py [--method prenet] [--batch 8] [--steps 20] [--rounds 3] [--processes 2]
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

import torch

from rainmer_lib.data.batches import to_device
from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.experiments.runs import device
from rainmer_lib.methods import method
from rainmer_lib.training import processes

FIRST = 2  # steps before the clock starts


def measure(options) -> None:
    """Print images a second (process 0)."""
    processes.join()
    torch.set_num_threads(1)
    chosen = method(options.method)
    config = chosen.at(options.profile, batch=options.batch)
    trainer = chosen.start(chosen.sharing.part(config, processes.count()), device())
    data = chosen.data(unpaired("embedded"), "quick")
    for step in range(FIRST + options.steps):
        if step == FIRST:
            processes.wait()
            began = time.perf_counter()
        batch = data.batch(step, trainer.crops * processes.count(), config.crop, 0)
        terms = trainer.train_step(to_device(processes.share(batch), device()))
    float(sum(terms.values()))  # waits for a graphics card
    processes.wait()
    print(options.steps * options.batch / (time.perf_counter() - began))


def rates(options, words: list[str]) -> dict[int, float]:
    """Median images a second by number of processes, measured by this script with these words."""
    found: dict[int, list[float]] = {1: [], options.processes: []}
    for _ in range(options.rounds):
        for number, values in found.items():
            start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(number)]
            environment = os.environ | {"RAINMER_MEASURE": "1", "OMP_NUM_THREADS": "1"}
            command = [*start, __file__, *words]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            values.append(float(done.stdout.split()[-1]))
    return {number: statistics.median(values) for number, values in found.items()}


def read(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", default="prenet", help="whose loss is a mean over its batch")
    parser.add_argument("--profile", default="laptop")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args(words)


def main() -> None:
    options = read()
    if "RAINMER_MEASURE" in os.environ:
        return measure(options)
    print(f"{options.method} at {options.profile}, batch {options.batch}, {device()}, {os.cpu_count()} cores, "
          f"load {os.getloadavg()[0]:.1f}")  # fmt: skip
    found = rates(options, sys.argv[1:])
    for number, rate in found.items():
        print(f"{number} process{'es' * (number > 1):2s} {rate:8.2f} images a second, {rate / found[1]:.2f} times one process")


if __name__ == "__main__":
    main()
