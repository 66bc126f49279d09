"""Memory: what a forward pass takes, what is at hand, and errors that say that it ran out, whichever library raises them."""

from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

import torch
from torch import nn

from rainmer_lib.inference import probe

CPU_LIMIT = 5 * 2**29  # bytes; with a 24-megapixel image and its result, a process then stays under 4 GB
SCRATCH = 1.75  # peak memory over bytes of live tensors: mostly 1.04 to 1.7 (benchmarks/megapixels.py), 2.1 at times
# torch's allocators on a CPU, on a GPU outside of the caching allocator, and those of its kernels
PHRASES = (
    "DefaultCPUAllocator", "CUDA error: out of memory", "CUDNN_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED",
)  # fmt: skip

_bytes_per_pixel: WeakKeyDictionary[nn.Module, float] = WeakKeyDictionary()


def needed(network: nn.Module, pixels: int) -> float:
    """Estimate the bytes that a forward pass over `pixels` pixels takes, scratch space included.

    The estimate is close from about a megapixel on; a smaller image takes some 50 MB more, which do not grow with its size.
    """
    if network not in _bytes_per_pixel:
        _bytes_per_pixel[network] = probe.bytes_per_pixel(network)
    return SCRATCH * _bytes_per_pixel[network] * pixels


def memory_at_hand(device: torch.device) -> int:
    """Return the bytes to work with: half of a CPU's available memory, at most `CPU_LIMIT`, or 80 % of a GPU's free memory."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(0.8 * (free + cached))
    import psutil  # here, so that training on a GPU does without it

    return min(psutil.virtual_memory().available // 2, CPU_LIMIT)


def ran_out(error: BaseException) -> bool:
    """Return whether an error says that there is not enough memory, on a CPU or a GPU."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(phrase in str(error) for phrase in PHRASES)


@contextmanager
def as_memory_error() -> Iterator[None]:
    """Context that turns every error of memory that ran out into a MemoryError of one line."""
    try:
        yield
    except Exception as error:
        if not ran_out(error):
            raise
        raise MemoryError(f"not enough memory ({(str(error).splitlines() or ['none left'])[0]})") from error
