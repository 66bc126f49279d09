"""The protocols on batches of tensors, on any device; `protocols.py` defines them, and this file agrees with it to 1e-4."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from rainmer_lib.metrics.protocols import OVERSHOOT, SMALLEST, Protocol, protocol

Batch = Float[Tensor, "b 3 h w"]
Planes = Float[Tensor, "b p h w"]

C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def evaluate_batch(
    outputs: Batch, clean: Batch, name: str, dtype: torch.dtype = torch.float64
) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"]]:
    """Return PSNR (dB) and SSIM of each image of a batch under one protocol; outputs and clean images are in [0, 1].

    `clean` holds 8-bit values divided by 255; they are rounded back.  Computed in `dtype`: float64 agrees with `evaluate` to
    1e-8, under mprnet to 1e-4 (a Y that falls on a half may round the other way); float32, for devices without double
    precision, to 1e-4.  Raises ValueError on an unknown protocol, different shapes, sides under 11 pixels, and what is not in
    [0, 1], or close enough to be clipped.
    """
    chosen = protocol(name)
    if outputs.shape != clean.shape or outputs.ndim != 4 or outputs.shape[1] != 3 or min(outputs.shape[2:]) < SMALLEST:
        raise ValueError(f"expected two batches (b, 3, h, w) of one size, with sides of {SMALLEST} pixels or more; "
                         f"found {tuple(outputs.shape)}, {tuple(clean.shape)}")  # fmt: skip
    for images in (outputs, clean):
        if not images.is_floating_point() or not (images.min() >= -OVERSHOOT and images.max() <= 1 + OVERSHOOT):
            raise ValueError(f"expected images in [0, 1], found {images.dtype} from {images.min():g} to {images.max():g}")
    # quantise in float32, as networks return it: in double precision, a float32 k / 255 can fall below k and truncate to k - 1
    truth = _planes(quantise(clean.float(), "round").to(dtype), chosen)
    ours = _planes(quantise(outputs.float(), chosen.quantise).to(dtype), chosen)
    psnr = 10 * torch.log10(255**2 / ((ours - truth) ** 2).mean((1, 2, 3)))
    return psnr, _ssim(_shrink(ours, chosen), _shrink(truth, chosen))


def quantise(images: Batch, how: str) -> Batch:
    """Scale [0, 1] to 0-255 and quantise: "truncate", "round" (a half up), or "none"."""
    scaled = images.clamp(0, 1) * 255
    return {"truncate": scaled.floor(), "round": (scaled + 0.5).floor(), "none": scaled}[how]


def _planes(images: Batch, chosen: Protocol) -> Planes:
    if chosen.luma is None:
        return images
    weights = images.new_tensor(chosen.luma[:3])
    y = (images * weights[:, None, None]).sum(1, keepdim=True) + chosen.luma[3]
    return (y + 0.5).floor() if chosen.round_luma else y


def _shrink(planes: Planes, chosen: Protocol) -> Planes:
    factor = chosen.shrink_factor(*planes.shape[2:])
    if factor == 1:
        return planes
    if chosen.shrink == "box":
        before = (factor + 1) // 2 - 1
        after = factor - 1 - before
        for dim in (2, 3):  # symmetric: the border pixel itself is repeated, which F.pad's reflect does not do
            size = planes.shape[dim]
            parts = [planes.narrow(dim, 0, before).flip(dim), planes, planes.narrow(dim, size - after, after).flip(dim)]
            planes = torch.cat(parts, dim)
    return F.avg_pool2d(planes, factor, stride=factor, ceil_mode=False)


def _ssim(a: Planes, b: Planes) -> Float[Tensor, " b"]:
    a, b = a - 128, b - 128  # variances are differences of squares: smaller numbers lose less in single precision
    mean_a, mean_b = _blur(a), _blur(b)
    var_a, var_b = _blur(a * a) - mean_a**2, _blur(b * b) - mean_b**2
    cov = _blur(a * b) - mean_a * mean_b
    mean_a, mean_b = mean_a + 128, mean_b + 128
    luminance = (2 * mean_a * mean_b + C1) / (mean_a**2 + mean_b**2 + C1)
    return (luminance * (2 * cov + C2) / (var_a + var_b + C2)).mean((1, 2, 3))


def _blur(planes: Planes) -> Planes:
    """Filter with an 11 x 11 Gaussian of sigma 1.5, valid part, as two passes."""
    offsets = torch.arange(-5, 6, dtype=planes.dtype, device=planes.device)
    line = torch.exp(-(offsets**2) / (2 * 1.5**2))
    line = (line / line.sum()).expand(planes.shape[1], 1, 11)
    groups = planes.shape[1]
    return F.conv2d(F.conv2d(planes, line[..., None], groups=groups), line[:, :, None], groups=groups)
