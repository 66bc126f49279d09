"""Three views of an image, each defined by its positive and its negatives, which are functions of a batch.

All images here are whole images at view size, I rainy and B clean; the query of every view is I.

| view | positive | negatives |
|---|---|---|
| illumination | B, flipped: rain does not change the light | I in the light of the least similar earlier images, flipped |
| degradation | I, flipped | B under the least similar earlier rain, flipped |
| detail | I itself, because features are compared location by location | a blurred image |
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from rainmer_lib.rainmer.memory_bank import MemoryBank, colour, residual, singular_values

Image = Float[Tensor, "b 3 h w"]
Images = Float[Tensor, "b n 3 h w"]

SIGMAS = (0.5, 2.0)  # pixels; authors' code
WINDOW = 11
EPSILON = 1e-5  # keeps the ratio of colours finite in the dark


@dataclass(frozen=True)
class Keys:
    """Positive and negatives of a view's query."""

    positive: Image
    negatives: Images


def build_keys(
    rainy: Image, clean: Image, crop: Image, *, views: Sequence[str], negatives: int, memory_bank: MemoryBank,
    detail_negatives: str, flips: str, generator: torch.Generator,
) -> dict[str, Keys]:  # fmt: skip
    """Return positive and negatives of each view.  `crop` is the clean crop, which only detail_negatives="crop" uses."""
    keys = {}
    if "illumination" in views:
        far = memory_bank.least_similar_colours(colour(rainy), negatives)
        keys["illumination"] = Keys(
            random_flips(clean, flips, generator), random_flips(relit(rainy, far), flips, generator)
        )
    if "degradation" in views:
        far = memory_bank.least_similar_rain(singular_values(residual(rainy, clean)), negatives)
        keys["degradation"] = Keys(
            random_flips(rainy, flips, generator), random_flips(rained_on(clean, far), flips, generator)
        )
    if "detail" in views:
        blurred = blur({"clean": clean, "rainy": rainy, "crop": crop}[detail_negatives], negatives, generator)
        if detail_negatives == "crop":
            blurred = random_flips(blurred, "per_image", generator)  # as in the authors' code, which flips the others together
        keys["detail"] = Keys(rainy, blurred)
    return keys


def relit(rainy: Image, colours: Float[Tensor, "b n 3"]) -> Images:
    """Return the same scene in other light:  clip( (c_j + e) / (c + e) I, 0, 1 ), channel by channel, e = 1e-5."""
    ratio = (colours + EPSILON) / (colour(rainy)[:, None] + EPSILON)
    return (ratio[..., None, None] * rainy[:, None]).clamp(0, 1)


def rained_on(clean: Image, rain: Images) -> Images:
    """Return the same scene under other rain:  clip(B + S_j, 0, 1)."""
    return (clean[:, None] + rain).clamp(0, 1)


def blur(images: Image, count: int, generator: torch.Generator) -> Images:
    """Blur each image `count` times with 11x11 Gaussians, sigma drawn from U(0.5, 2); borders are reflected."""
    b, c, h, w = images.shape
    low, high = SIGMAS
    sigmas = (low + (high - low) * torch.rand(b, count, generator=generator)).to(images.device)
    offsets = torch.arange(WINDOW, device=images.device) - WINDOW // 2
    lines = torch.exp(-(offsets**2) / (2 * sigmas[..., None] ** 2))
    lines = (lines / lines.sum(dim=-1, keepdim=True)).repeat_interleave(c, dim=1).view(b * count * c, 1, WINDOW)
    padded = F.pad(images, (WINDOW // 2,) * 4, mode="reflect")[:, None].expand(-1, count, -1, -1, -1)
    planes = padded.reshape(1, b * count * c, h + WINDOW - 1, w + WINDOW - 1)
    for kernel in (lines[..., None], lines[:, :, None]):
        planes = F.conv2d(planes, kernel.to(planes.dtype), groups=b * count * c)
    return planes.view(b, count, c, h, w)


def random_flips(
    images: Float[Tensor, "... 3 h w"], rule: str, generator: torch.Generator
) -> Float[Tensor, "... 3 h w"]:
    """Mirror each axis with probability 1/2.

    `per_image` draws for every image separately.  `per_batch` (authors' code) draws once for all, so that every negative of
    every sample is flipped the same way (D20).  Flips are drawn on the CPU, so that a run on a GPU sees the same ones.  Raises
    ValueError on another rule.
    """
    if rule not in ("per_image", "per_batch"):
        raise ValueError(f"flips={rule!r}: choose per_image or per_batch")
    leading = images.shape[:-3] if rule == "per_image" else (1,) * (images.ndim - 3)
    for axis in (-1, -2):
        mirrored = torch.rand(*leading, 1, 1, 1, generator=generator) < 0.5
        images = torch.where(mirrored.to(images.device), images.flip(axis), images)
    return images
