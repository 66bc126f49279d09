"""Inference block by block: layers that see only near pixels run on blocks that stay in the processor's cache.

A feature map of the paper's size on a photo has hundreds of megabytes, and most of the time went into fetching such maps from
memory and into pages that the system had to provide for each.  Blocks give the numbers of the whole image, because each reads
as many pixels around it as its layers see; tiles of an image (`inference.tiling`) do not, because means over the whole image
differ in them.  Training computes whole maps, which its gradients need.
"""

from collections.abc import Callable
from math import ceil, isqrt

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Features = Float[Tensor, "b c h w"]

BLOCK = 2**21  # values of one feature map of a block: 8 MB; a quarter of it took a tenth longer, larger ones gain nothing


def applies(x: Features) -> bool:
    """Return whether features are to be computed block by block: in inference mode, on a CPU."""
    return torch.is_inference_mode_enabled() and x.device.type == "cpu" and not torch.compiler.is_compiling()


def blockwise(layers: Callable[[Features], Features], x: Features, reach: int, widest: int) -> Features:
    """Return `layers(x)`, block by block where `applies` says so.

    `layers` keep height and width, see at most `reach` pixels, and pad each of their inputs by zeros or not at all: a block at
    the border of the image ends there, so it is padded as the image is.  `widest` is the number of channels of their widest
    map, by which the size of the blocks is chosen.
    """
    if not applies(x):
        return layers(x)
    side = max(4 * reach, isqrt(BLOCK // widest)) - 2 * reach
    result = None
    for top, bottom in _spans(x.shape[2], side):
        for left, right in _spans(x.shape[3], side):
            above, before = min(reach, top), min(reach, left)
            block = layers(x[..., top - above : bottom + reach, left - before : right + reach])
            if result is None:
                size = (len(x), block.shape[1], *x.shape[2:])
                result = torch.empty(size, dtype=block.dtype, memory_format=torch.channels_last)
            result[..., top:bottom, left:right] = block.narrow(2, above, bottom - top).narrow(3, before, right - left)
    return result


def _spans(length: int, side: int) -> list[tuple[int, int]]:
    """Cut a length into spans of equal size, at most `side`."""
    step = ceil(length / ceil(length / side))
    return [(start, min(start + step, length)) for start in range(0, length, step)]


def depthwise(x: Features, weight: Float[Tensor, "c 1 k k"], dilation: int = 1) -> Features:
    """Convolve each channel by its own kernel, at borders of zeros."""
    return F.conv2d(x, weight, padding=dilation * (weight.shape[-1] // 2), dilation=dilation, groups=len(weight))


def last(weight: Tensor) -> Tensor:
    """Store a weight channels last, for which depthwise convolutions on a CPU are fastest."""
    return weight.contiguous(memory_format=torch.channels_last)
