"""Deraining an image of any size: pad to the network's multiple, run, crop back, never resize."""

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import nn

MULTIPLE = 4
SMALLEST = 16  # instance norm needs more than one pixel at a quarter of the size


@torch.inference_mode()
def derain(generator: nn.Module, image: UInt8[np.ndarray, "h w 3"]) -> Float[np.ndarray, "h w 3"]:
    """Run a generator on an 8-bit RGB image of any size; returns float32 in [0, 1], not quantised.

    Borders are mirrored (repeated where the image is too small for that) up to multiples of 4, at least 16.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"need uint8 RGB (h, w, 3), got {image.dtype} {image.shape}")
    height, width = image.shape[:2]
    pad = [(0, max(SMALLEST, -(-size // MULTIPLE) * MULTIPLE) - size) for size in (height, width)]
    padded = np.pad(image, [*pad, (0, 0)], mode="symmetric")
    device = next(generator.parameters()).device
    x = torch.from_numpy(padded.astype(np.float32) / 255).permute(2, 0, 1)[None].to(device)
    y = generator(x)[0][0].clamp(0, 1).permute(1, 2, 0)[:height, :width]
    return y.float().cpu().numpy()
