"""Measure a network on a small image: bytes per pixel, and reach.

Any module that maps (b, 3, h, w) to the same shape can be measured; attributes that a `Derainer` declares are not checked.
"""

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from rainmer_lib.inference.whole_image_norm import normalise, replaced

MULTIPLE = 4  # of a network without an attribute `multiple`: two reductions by two
SMALLEST = 16  # of a network without `smallest`: instance norm needs more than one pixel at a quarter of the size
STRIPS = (256, 1024)  # lengths of the strips on which the reach is measured
PROBE = 128  # side of the image on which memory is measured


def multiple_of(network: nn.Module) -> int:
    """Return the number of which height and width must be multiples."""
    return int(getattr(network, "multiple", MULTIPLE))


def smallest_of(network: nn.Module) -> int:
    """Return the least height and width, a multiple of `multiple_of(network)`."""
    multiple = multiple_of(network)
    return -(-int(getattr(network, "smallest", SMALLEST)) // multiple) * multiple


def device_of(network: nn.Module) -> torch.device:
    """Return the device of the network's weights; the CPU if it has none."""
    first = next(network.parameters(), None)
    return torch.device("cpu") if first is None else first.device


def blank(network: nn.Module, height: int, width: int) -> Tensor:
    """Return a grey image of at least this size that the network accepts."""
    multiple = multiple_of(network)
    sides = (-(-max(side, smallest_of(network)) // multiple) * multiple for side in (height, width))
    return torch.full((1, 3, *sides), 0.5, device=device_of(network))


class _LiveBytes(TorchDispatchMode):
    """Tracker of the storages of the tensors that operations make; `peak` is the most bytes that were live at one time."""

    def __init__(self) -> None:
        super().__init__()
        self.live: dict[int, tuple[StorageWeakRef, int]] = {}
        self.peak = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for value in tree_leaves(result):
            if isinstance(value, Tensor):
                storage = value.untyped_storage()
                reference = StorageWeakRef(storage)
                self.live[reference.cdata] = (reference, storage.nbytes())
        self.live = {key: entry for key, entry in self.live.items() if not entry[0].expired()}
        self.peak = max(self.peak, sum(size for _, size in self.live.values()))
        return result


@torch.inference_mode()
def bytes_per_pixel(network: nn.Module) -> float:
    """Return the peak bytes of live tensors in a forward pass, per pixel of the image; weights do not count.

    They are measured on a small image, whose borders make the result some percent too large.  The scratch space of the kernels
    is not included (see `inference.memory.SCRATCH`).
    """
    image = blank(network, PROBE, PROBE)
    with _LiveBytes() as memory:
        network(image)
    return memory.peak / (image.shape[2] * image.shape[3])


@torch.inference_mode()
def reach(network: nn.Module) -> int:
    """Return the largest distance in pixels at which an output depends on the input, with fixed instance-norm statistics.

    An attribute `reach` of the network is returned unchecked.  Without one, one half of a grey strip is set to NaN, which every
    operation passes on, so that the outputs of the other half that are NaN are those that depend on it.  All four sides are
    measured.  Raises ValueError if all outputs of a strip are NaN, as with attention or pooling over the whole image.
    """
    if getattr(network, "reach", None) is not None:
        return int(network.reach)
    return max(_reach(network, axis, later) for axis in (2, 3) for later in (True, False))


def _reach(network: nn.Module, axis: int, later: bool) -> int:
    """Return how far along `axis` an output depends on the pixels after it (`later`) or before it."""
    for length in STRIPS:
        image = blank(network, *((length, 1) if axis == 2 else (1, length)))
        middle = image.shape[axis] // 2 // multiple_of(network) * multiple_of(network)
        image.narrow(axis, middle if later else 0, image.shape[axis] - middle if later else middle).fill_(torch.nan)
        spoilt = first_image(_run_local(network, image)).isnan().any(dim=5 - axis)[0].any(dim=0)
        # ordered from the output nearest to the NaN; if the farthest is NaN too, the strip is too short
        nearest = spoilt[:middle].flip(0) if later else spoilt[middle:]
        if not nearest[-1]:
            return int(nearest.nonzero().max()) + 1 if nearest.any() else 0
    raise ValueError(
        f"an output of {type(network).__name__} depends on pixels {STRIPS[-1] // 2} or more away, so tiles cannot give the "
        "result of the whole image; raise memory_limit to run it untiled, or give the network an attribute `reach`, in pixels"
    )


def _run_local(network: nn.Module, image: Tensor):
    """Run a forward pass with norms that mix no pixels."""

    def unit(norm: nn.InstanceNorm2d, features: Tensor) -> Tensor:
        zeros = features.new_zeros(features.shape[1])
        return normalise(norm, features, (zeros, zeros + 1))

    # cuDNN may pick Winograd kernels, which spread a NaN beyond the pixels it matters to
    with replaced(network, unit), torch.backends.cudnn.flags(enabled=False):
        return network(image)


def first_image(output: Tensor | tuple | list) -> Tensor:
    """Return the derained images (b, 3, h, w) of a network that returns them alone or first."""
    return output if isinstance(output, Tensor) else output[0]
