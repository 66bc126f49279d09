"""PatchGAN discriminator (Isola et al., CVPR 2017; DCD-GAN, Sec. 4.1)."""

from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.networks.blocks import InstanceNorm, initialise, to_signed
from rainmer_lib.networks.resample import BlurDown

Image = Float[Tensor, "b 3 h w"]


class PatchDiscriminator(nn.Module):
    """PatchGAN of three layers (paper, Sec. 4.1): one logit for each overlapping patch of the image.

    Image (b, 3, h, w) in [0, 1] -> logits (b, 1, h/8 - 2, w/8 - 2); 30x30 for 256x256.  The receptive field of a logit
    is 84x84 pixels with anti-aliased reductions and 70x70 with strided convolutions; the latter gives 34x34 with two layers
    and 16x16 with one.  The layers have 4x4 kernels, LeakyReLU(0.2) and instance norm.
    """

    def __init__(self, width: int = 64, antialias: bool = True, layers: int = 3) -> None:
        super().__init__()
        stride, shrink = (1, [BlurDown]) if antialias else (2, [])
        stack: list[nn.Module] = [nn.Conv2d(3, width, 4, stride, 1), nn.LeakyReLU(0.2), *(s() for s in shrink)]
        for channels in (width * 2**i for i in range(layers - 1)):
            stack += [nn.Conv2d(channels, 2 * channels, 4, stride, 1), InstanceNorm(2 * channels), nn.LeakyReLU(0.2)]
            stack += [s() for s in shrink]
        last = width * 2 ** (layers - 1)
        stack += [nn.Conv2d(last, 2 * last, 4, 1, 1), InstanceNorm(2 * last), nn.LeakyReLU(0.2)]
        self.layers = initialise(nn.Sequential(*stack, nn.Conv2d(2 * last, 1, 4, 1, 1)))

    def forward(self, image: Image) -> Float[Tensor, "b 1 i j"]:
        """Return the logits, which are large where a patch looks real."""
        return self.layers(to_signed(image))
