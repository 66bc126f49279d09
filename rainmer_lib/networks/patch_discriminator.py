"""PatchGAN discriminator (Isola et al., CVPR 2017; DCD-GAN, Sec. 4.1)."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.networks.blocks import InstanceNorm, initialise, initialise_he, to_signed
from rainmer_lib.networks.fast_training import ordered
from rainmer_lib.networks.resample import BlurDown

Image = Float[Tensor, "b 3 h w"]


REACH = 8  # pixels on either side that the mean which is taken from an image, to see its detail, covers
SEES = {"image": 3, "both": 4, "detail": 1}  # what a discriminator is shown: number of channels


class PatchDiscriminator(nn.Module):
    """PatchGAN of three layers (paper, Sec. 4.1): one logit for each overlapping patch of the image.

    Image (b, 3, h, w) in [0, 1] -> logits (b, 1, h/8 - 2, w/8 - 2); 30x30 for 256x256.  The receptive field of a logit
    is 84x84 pixels with anti-aliased reductions and 70x70 with strided convolutions; the latter gives 34x34 with two layers
    and 16x16 with one.  The layers have 4x4 kernels, LeakyReLU(0.2) and instance norm.

    For small budgets, not in the paper: a discriminator `sees` the image, its detail (`detail_of`) or both; without `norm`
    there is no instance norm, and the initial weights are those of He et al. (2015), which keep the scale of the activations.
    """

    def __init__(
        self, width: int = 64, antialias: bool = True, layers: int = 3, sees: str = "image", norm: bool = True
    ) -> None:
        super().__init__()
        if sees not in SEES:
            raise ValueError(f"sees={sees!r}: choose one of {', '.join(SEES)}")
        self.sees = sees
        stride, shrink = (1, [BlurDown]) if antialias else (2, [])
        normalise = [InstanceNorm] if norm else []
        stack: list[nn.Module] = [nn.Conv2d(SEES[sees], width, 4, stride, 1), nn.LeakyReLU(0.2), *(s() for s in shrink)]
        for channels in (width * 2**i for i in range(layers - 1)):
            stack += [nn.Conv2d(channels, 2 * channels, 4, stride, 1), *(n(2 * channels) for n in normalise)]
            stack += [nn.LeakyReLU(0.2), *(s() for s in shrink)]
        last = width * 2 ** (layers - 1)
        stack += [nn.Conv2d(last, 2 * last, 4, 1, 1), *(n(2 * last) for n in normalise), nn.LeakyReLU(0.2)]
        stack += [nn.Conv2d(2 * last, 1, 4, 1, 1)]
        self.layers = (initialise if norm else initialise_he)(nn.Sequential(*stack))

    def forward(self, image: Image) -> Float[Tensor, "b 1 i j"]:
        """Return the logits, which are large where a patch looks real."""
        if self.sees == "image":
            return self.layers(ordered(to_signed(image)))
        detail = detail_of(image)
        return self.layers(ordered(detail if self.sees == "detail" else torch.cat([to_signed(image), detail], 1)))

    @torch.no_grad()
    def become_opposite_of(self, other: "PatchDiscriminator", total: float) -> None:
        """Copy the weights of a discriminator of the same size such that logits are `total` minus those of `other`.

        With the sum of the logits that a GAN loss mode wants for real and generated images as `total`, what looked real looks
        generated, and the other way round.
        """
        self.load_state_dict(other.state_dict())
        self.layers[-1].weight.neg_()
        self.layers[-1].bias.neg_().add_(total)


def detail_of(image: Image) -> Float[Tensor, "b 1 h w"]:
    """Return the grey image minus its mean over 17x17 pixels, times 8: streaks without the tones of the scene.

    Borders are mirrored.  The mean over a square is one over rows of those over columns, each a product with a small matrix,
    which is faster than pooling: the image has one channel.  ValueError if a side has fewer than 9 pixels.
    """
    grey = image.mean(1, keepdim=True)
    down, across = (_means(side, image) for side in image.shape[2:])
    return 8 * (grey - down @ grey @ across.T)


def _means(side: int, like: Tensor) -> Float[Tensor, "side side"]:
    """Return the matrix that takes each pixel of a line to the mean of the 17 around it."""
    if side <= REACH:
        raise ValueError(f"a side of {side} pixels: the detail of an image needs {REACH + 1} or more")
    each = F.pad(torch.eye(side, dtype=like.dtype, device=like.device)[None], (REACH, REACH), mode="reflect")
    return F.avg_pool1d(each, 2 * REACH + 1, 1)[0].T
