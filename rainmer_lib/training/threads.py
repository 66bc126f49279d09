"""How the processor computes: number of torch threads, and numbers too small for its fast path."""

import os

import torch


def choose_threads() -> int:
    """Set torch's threads to OMP_NUM_THREADS if given, else to the cores that are free, and return the number.

    Two threads on a machine whose two cores are busy can be forty times slower than one (they spin while they wait).
    Therefore the load of the last minute is subtracted from the number of cores, and two cores or fewer mean one thread.
    """
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        threads = int(wanted)
    else:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        threads = 1 if cores <= 2 else max(1, int(cores - load))
    torch.set_num_threads(threads)
    return threads


def flush_denormals() -> None:
    """Take numbers below 1e-38 as 0 in this thread, where the processor can.

    Gradients and activations of a saturated sigmoid get there, and the processor computes with such numbers by microcode: a
    step of DerainCycleGAN took 3.5 times as long after 500 steps as at the start.  They are far below rounding in any sum.
    """
    torch.set_flush_denormal(True)
