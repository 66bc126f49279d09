"""The device on which networks run."""

import os
import re

import torch

CHOICES = ("auto", "cpu", "cuda", "mps")
VARIABLE = "RAINMER_DEVICE"  # for notebooks, and for commands without --device


def device(asked: str = "") -> str:
    """Return the device to run on: what is `asked`, else that of RAINMER_DEVICE, else `auto`.

    `auto` is a CUDA GPU where there is one, else the CPU; Apple's `mps` runs only where it is asked for, because some operators
    are missing there.  `cuda:1` is the second GPU.  Raises ValueError on another word, and on a device that is not there.
    """
    source, name = ("device", asked) if asked else (VARIABLE, os.environ.get(VARIABLE) or "auto")
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cpu":
        return name
    if number := re.fullmatch(r"cuda(?::(\d+))?", name):
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if int(number[1] or 0) < count:
            return name
        why = f"there are {count} CUDA GPUs" if count else f"torch {torch.__version__} finds no CUDA GPU"
    elif name == "mps":
        if torch.backends.mps.is_available():
            return name
        why = f"torch {torch.__version__} finds no Apple GPU"
    else:
        raise ValueError(f"{source} {name!r}: choose one of {', '.join(CHOICES)}, or a GPU by number, such as cuda:1")
    raise ValueError(f"{source} {name}: {why}; choose auto or cpu")


def missing_operator(error: NotImplementedError) -> str:
    """Return what to do about an operator that torch does not have on a device, such as some on `mps`."""
    named = (str(error).splitlines() or ["unknown"])[0]
    return (
        f"an operator is missing on this device ({named}): give --device cpu, or on mps set "
        "PYTORCH_ENABLE_MPS_FALLBACK=1, which runs that operator alone on the CPU"
    )
