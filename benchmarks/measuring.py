"""What the benchmarks share: turns of processor time, the peak memory of a process, and the machine in words."""

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import torch


def turns(runs: Mapping[object, Callable[[], object]], repeat: int) -> dict[object, float]:
    """Median processor seconds of each run.  All take turns, once unmeasured: the load of the machine then meets all alike."""
    seconds = {name: [] for name in runs}
    for _ in range(repeat + 1):
        for name, run in runs.items():
            began = time.process_time()
            run()
            seconds[name].append(time.process_time() - began)
    return {name: statistics.median(values[1:]) for name, values in seconds.items()}


def peak_gib() -> float:
    """Most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def child(script: str, words: Sequence[object], threads: int = 1) -> list[float]:
    """Numbers that a script prints in a process of its own, so that peaks do not mix."""
    command = [sys.executable, script, *map(str, words)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return [float(word) for word in done.stdout.split()]


def machine() -> dict[str, object]:
    """Cores, instruction set, load and versions; no names and no paths."""
    return {
        "cores": os.cpu_count(), "architecture": platform.machine(), "instructions": torch.backends.cpu.get_cpu_capability(),
        "load": round(os.getloadavg()[0], 1), "torch": torch.__version__, "python": platform.python_version(),
    }  # fmt: skip
