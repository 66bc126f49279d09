"""Generator that removes or adds one layer of rain, Eq. (1) of DCD-GAN: I = B + S (docs/symbols.md)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rainmer_lib.networks.blocks import PlainBlock, initialise_he
from rainmer_lib.networks.generator import Generator, Image

LEAK = 0.1  # slope of negative rain during training


class RainLayerGenerator(Generator):
    """Generator of one grey layer of rain S, which `sign` -1 subtracts and `sign` 1 adds: I = B + S, Eq. (1).

    Not in the paper, which draws the image anew; for small budgets.  Images (b, 3, h, w) in [0, 1], h and w multiples of 2.
    Pixels are rearranged to half the size, so that nothing is lost, then follow residual blocks without norm, and the way
    back.  Colours cannot drift, and no output depends on the size of the image around it.  In training, negative rain counts a
    tenth, because a layer that cannot be negative stops learning where it is zero; in use (`eval`) it is zero.
    """

    multiple = 2
    smallest = 4

    def __init__(self, width: int = 32, blocks: int = 5, sign: int = -1) -> None:
        super().__init__()
        self.sign = sign
        self.layers = initialise_he(nn.ModuleDict({
            "stem": nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(12, width, 3, padding=1), nn.ReLU()),
            **{f"block{i + 1}": PlainBlock(width) for i in range(blocks)},
            "paint": nn.Sequential(nn.Conv2d(width, 4, 3, padding=1, bias=False), nn.PixelShuffle(2)),
        }))  # fmt: skip
        with torch.no_grad():  # training begins near the identity
            for i in range(blocks):
                self.layers[f"block{i + 1}"].body[2].weight.mul_(0.3)
            self.layers["paint"][0].weight.mul_(0.04)

    def finish(self, image: Image, x: Tensor) -> Image:
        """Return the image without the layer of rain, or with it."""
        return image + self.sign * F.leaky_relu(x, LEAK if self.training else 0.0)

    def channels(self, tap: str) -> int:
        """Return the number of channels behind a tap."""
        return self.layers["stem"][1].out_channels
