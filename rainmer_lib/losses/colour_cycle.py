"""Colour cycle-consistency loss (DCD-GAN, Eq. (3)) and the plain cycle loss that its Table 4 compares with it."""

from jaxtyping import Float
from torch import Tensor

Image = Float[Tensor, "b 3 h w"]
Scalar = Float[Tensor, ""]


def colour_cycle(image: Image, recovered: Image, norm: str = "l1") -> Scalar:
    """Sum the distance between an image and its reconstruction over the colour channels, each compared separately.

    Eq. (3):  L_color = sum_c || R_c - R*_c ||,  c in {r, g, b}; the distance is a mean over pixels.

    `norm="l1"`: mean absolute difference.  Channels do not interact in an L1 distance, so this loss equals three times
    the plain cycle loss, despite the paper's "channel pollution" argument: the two differ in weight only.
    `norm="l2"`: root of the mean squared difference of each channel, the reading under which separate channels matter.
    In this term the authors' code compares the derained image with an unrelated clean one, and it never adds the term.
    """
    difference = image - recovered
    if norm == "l1":
        return difference.abs().mean(dim=(0, 2, 3)).sum()
    if norm == "l2":
        # the small constant keeps the gradient of the root finite where a reconstruction is perfect
        return (difference.square().mean(dim=(2, 3)) + 1e-12).sqrt().sum(dim=1).mean()
    raise ValueError(f"colour norm {norm!r}: choose l1 or l2")


def plain_cycle(image: Image, recovered: Image) -> Scalar:
    """Return the mean absolute difference between an image and its reconstruction (CycleGAN, Zhu et al., ICCV 2017)."""
    return (image - recovered).abs().mean()
