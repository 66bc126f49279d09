"""ResNet generator of the CycleGAN family (DCD-GAN, Sec. 4.1), with named layers whose features it can return."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.networks.blocks import InstanceNorm, ResidualBlock, initialise, to_signed
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.networks.resample import BlurDown, BlurUp

Image = Float[Tensor, "b 3 h w"]
Features = dict[str, Tensor]  # tapped layer -> (b, c, h, w)


class ResNetGenerator(Derainer):
    """ResNet generator (paper, Sec. 4.1): stem, two reductions, residual blocks, two enlargements.

    Takes and returns images (b, 3, h, w) in [0, 1], with h and w multiples of 4.  Every layer has a name, and `translate`
    returns the features behind the layers named in `taps`; the encoder of the CGB is everything up to the last residual block.
    Without `global_residual` the network draws the whole image anew through a tanh, as in the paper; with `global_residual` it
    adds a correction in [-1, 1] to the image, and the result may leave [0, 1] slightly.
    `antialias=False` uses strided and transposed convolutions (the textbook CycleGAN), with the same number of parameters.
    """

    multiple = 4  # two reductions by two
    smallest = 16  # instance norm needs more than one pixel at a quarter of the size

    def __init__(self, width: int = 64, blocks: int = 9, antialias: bool = True, global_residual: bool = False) -> None:
        super().__init__()
        self.global_residual = global_residual
        layers = {"stem": nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), InstanceNorm(width), nn.ReLU())}
        for i, channels in enumerate((width, 2 * width), start=1):
            layers[f"down{i}"] = nn.Conv2d(channels, 2 * channels, 3, padding=1, stride=1 if antialias else 2)
            shrink = [BlurDown()] if antialias else []
            layers[f"shrink{i}"] = nn.Sequential(InstanceNorm(2 * channels), nn.ReLU(), *shrink)
        layers |= {f"block{i + 1}": ResidualBlock(4 * width) for i in range(blocks)}
        for i, channels in enumerate((4 * width, 2 * width), start=1):
            layers[f"up{i}"] = nn.Sequential(*enlarge(channels, antialias), InstanceNorm(channels // 2), nn.ReLU())
        layers["paint"] = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())
        self.layers = initialise(nn.ModuleDict(layers))

    def forward(self, image: Image) -> Image:
        """Translate `image`."""
        return self.translate(image)[0]

    def translate(self, image: Image, taps: Sequence[str] = ()) -> tuple[Image, Features]:
        """Translate `image`; also return the features behind each of `taps`."""
        x, features = self._run(image, taps, stop=False)
        return (image + x if self.global_residual else (x + 1) / 2), features

    def encode(self, image: Image, taps: Sequence[str]) -> Features:
        """Return only the features behind `taps`; the network runs no further than the last of them."""
        return self._run(image, taps, stop=True)[1]

    def _run(self, image: Image, taps: Sequence[str], stop: bool) -> tuple[Tensor, Features]:
        require_multiple_of_four(image)
        x, features = to_signed(image), {}
        for name, layer in self.layers.items():
            x = layer(x)
            if name in taps:
                features[name] = x
            if stop and len(features) == len(taps):
                break
        return x, features

    def tap_channels(self, taps: Sequence[str]) -> dict[str, int]:
        """Return the number of channels of the features behind each tap."""
        width = self.layers["stem"][1].out_channels
        return {tap: width * {"stem": 1, "down1": 2}.get(tap, 4) for tap in taps}


def enlarge(channels: int, antialias: bool) -> list[nn.Module]:
    """Return layers that double the size and halve the channels: interpolation and convolution, or a transposed convolution."""
    if antialias:
        return [BlurUp(), nn.Conv2d(channels, channels // 2, 3, padding=1)]
    return [nn.ConvTranspose2d(channels, channels // 2, 3, stride=2, padding=1, output_padding=1)]


def require_multiple_of_four(image: Tensor) -> None:
    """Raise ValueError unless height and width are multiples of 4, which two reductions by two require."""
    height, width = image.shape[-2:]
    if height % 4 or width % 4:
        raise ValueError(
            f"image of {height}x{width}: the generator needs multiples of 4; "
            "rainmer_lib.inference.derain.derain pads and crops for you"
        )
