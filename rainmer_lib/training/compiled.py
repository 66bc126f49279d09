"""Compiled networks, and the plain ones where compiling fails."""

import warnings
from collections.abc import Callable
from typing import Any

import torch

from rainmer_lib.inference.memory import ran_out


def compiled(function: Callable, trial: Callable[[Callable], Any], graphs: bool = False) -> Callable:
    """Return `function` compiled by `torch.compile`; with `graphs`, its kernels are captured in CUDA graphs on a GPU.

    `trial(compiled function)` calls it as training will, with the same shapes and with a backward pass, because both are
    compiled at their first call only.  Where the trial fails, for want of a compiler or of an operator, one warning says why,
    and the plain function is returned: the run goes on, more slowly.  Errors of memory are raised.
    """
    fast = torch.compile(function, dynamic=False, mode="reduce-overhead" if graphs else None)
    try:
        trial(fast)
    except Exception as error:  # compilers, drivers and operators raise errors of many kinds
        if ran_out(error):
            raise
        reason = (str(error).splitlines() or [""])[0]
        warnings.warn(
            f"the networks are not compiled ({type(error).__name__}: {reason}); the run goes on with plain ones", stacklevel=2
        )
        torch.compiler.reset()
        return function
    return fast
