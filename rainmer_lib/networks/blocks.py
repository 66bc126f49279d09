"""Convolution blocks and the initialisation of the CycleGAN family."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.networks.instance_norm import InstanceNorm
from rainmer_lib.networks.winograd import Convolution


class ResidualBlock(nn.Module):
    """Residual block x + IN(conv(ReLU(IN(conv(x))))) on (b, c, h, w): 3x3 convolutions on reflected borders, no dropout."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Identity(), Convolution(channels, channels, "reflect"), InstanceNorm(channels), nn.ReLU(True),
            nn.Identity(), Convolution(channels, channels, "reflect"), InstanceNorm(channels),
        )  # fmt: skip

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Add the block's correction to its input."""
        return x + self.body(x)


class PlainBlock(nn.Module):
    """Residual block x + conv(ReLU(conv(x))) on (b, c, h, w): 3x3 convolutions on zero borders, no norm."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(True), nn.Conv2d(channels, channels, 3, padding=1)
        )

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Add the block's correction to its input."""
        return x + self.body(x)


def initialise(module: nn.Module, gain: float = 0.02) -> nn.Module:
    """Draw convolution and linear weights from Xavier's normal distribution with `gain`, set biases to zero, return `module`.

    The gain is that of the authors' code (options/base_options.py:42); the paper does not state one.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_normal_(layer.weight, gain=gain)
            nn.init.zeros_(layer.bias)
    return module


def initialise_he(module: nn.Module) -> nn.Module:
    """Draw convolution weights from the normal distribution of He et al. (2015) for LeakyReLU(0.2), set biases to zero.

    Return `module`.  For networks without norm: the scale of the activations is kept from layer to layer.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, a=0.2)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    return module


def parameter_count(module: nn.Module) -> int:
    """Return the number of trainable values in `module`."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def to_signed(image: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
    """Map an image from [0, 1], the range of this library, to [-1, 1], the range of the networks."""
    return torch.add(image * 2, -1)
