"""ResNet generator of the CycleGAN family (DCD-GAN, Sec. 4.1), with named layers whose features it can return."""

from torch import Tensor, nn

from rainmer_lib.networks.blocks import InstanceNorm, ResidualBlock, initialise
from rainmer_lib.networks.generator import Generator, Image
from rainmer_lib.networks.resample import BlurDown, BlurUp
from rainmer_lib.networks.winograd import Convolution


class ResNetGenerator(Generator):
    """ResNet generator (paper, Sec. 4.1): stem, two reductions, residual blocks, two enlargements.

    Takes and returns images (b, 3, h, w) in [0, 1], with h and w multiples of 4.  Without `global_residual` the network draws
    the whole image anew through a tanh, as in the paper; with `global_residual` it adds a correction in [-1, 1] to the image,
    and the result may leave [0, 1] slightly.
    `antialias=False` uses strided and transposed convolutions (the textbook CycleGAN), with the same number of parameters.
    """

    multiple = 4  # two reductions by two
    smallest = 16  # instance norm needs more than one pixel at a quarter of the size

    def __init__(self, width: int = 64, blocks: int = 9, antialias: bool = True, global_residual: bool = False) -> None:
        super().__init__()
        self.global_residual = global_residual
        layers = {"stem": nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), InstanceNorm(width), nn.ReLU())}
        for i, channels in enumerate((width, 2 * width), start=1):
            layers[f"down{i}"] = (
                Convolution(channels, 2 * channels) if antialias else nn.Conv2d(channels, 2 * channels, 3, padding=1, stride=2)
            )
            shrink = [BlurDown()] if antialias else []
            layers[f"shrink{i}"] = nn.Sequential(InstanceNorm(2 * channels), nn.ReLU(), *shrink)
        layers |= {f"block{i + 1}": ResidualBlock(4 * width) for i in range(blocks)}
        for i, channels in enumerate((4 * width, 2 * width), start=1):
            layers[f"up{i}"] = nn.Sequential(*enlarge(channels, antialias), InstanceNorm(channels // 2), nn.ReLU())
        layers["paint"] = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())
        self.layers = initialise(nn.ModuleDict(layers))

    def finish(self, image: Image, x: Tensor) -> Image:
        """Return the drawn image in [0, 1], or the image with its correction."""
        return image + x if self.global_residual else (x + 1) / 2

    def channels(self, tap: str) -> int:
        """Return the number of channels behind a tap."""
        return self.layers["stem"][1].out_channels * {"stem": 1, "down1": 2}.get(tap, 4)


def enlarge(channels: int, antialias: bool) -> list[nn.Module]:
    """Return layers that double the size and halve the channels: interpolation and convolution, or a transposed convolution."""
    if antialias:
        return [BlurUp(), Convolution(channels, channels // 2)]
    return [nn.ConvTranspose2d(channels, channels // 2, 3, stride=2, padding=1, output_padding=1)]

