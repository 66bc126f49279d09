"""Bidirectional Translation Branch (paper, Sec. 3.1): two generators and two PatchGAN critics."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.networks.blocks import InstanceNorm, ResidualBlock, initialise, to_signed
from rainmer_lib.networks.resample import BlurDown, BlurUp

Image = Float[Tensor, "b 3 h w"]
Features = dict[str, Tensor]  # tapped layer -> (b, c, h, w)


class Generator(nn.Module):
    """ResNet generator (paper, Sec. 4.1): stem, two reductions, residual blocks, two enlargements.

    Images (b, 3, h, w) in [0, 1], h and w multiples of 4, on both ends.  Layers carry names, and `taps` asks for the
    features behind any of them; the encoder of the CGB is everything up to the last residual block.
    Without `global_residual` the image is redrawn through a tanh, as in the paper; with it the network adds a
    correction in [-1, 1], and the result may leave [0, 1] slightly.
    `antialias=False` uses strided and transposed convolutions (the textbook CycleGAN); same number of parameters.
    """

    multiple = 4  # sizes it takes are multiples of this ...
    smallest = 16  # ... and at least this: instance norm needs more than one pixel at a quarter of the size

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

    def forward(self, image: Image, taps: Sequence[str] = ()) -> tuple[Image, Features]:
        """Translate `image`; also return the features behind each of `taps`."""
        x, features = self._run(image, taps, stop=False)
        return (image + x if self.global_residual else (x + 1) / 2), features

    def encode(self, image: Image, taps: Sequence[str]) -> Features:
        """The features behind `taps` alone: runs the network no further than the last of them."""
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
        """Channels of the features behind each tap."""
        width = self.layers["stem"][1].out_channels
        return {tap: width * {"stem": 1, "down1": 2}.get(tap, 4) for tap in taps}


def enlarge(channels: int, antialias: bool) -> list[nn.Module]:
    """Double the size and halve the channels: interpolation and a convolution, or one transposed convolution."""
    if antialias:
        return [BlurUp(), nn.Conv2d(channels, channels // 2, 3, padding=1)]
    return [nn.ConvTranspose2d(channels, channels // 2, 3, stride=2, padding=1, output_padding=1)]


def require_multiple_of_four(image: Tensor) -> None:
    """Stop on sizes that two reductions by two cannot undo."""
    height, width = image.shape[-2:]
    if height % 4 or width % 4:
        raise ValueError(
            f"image of {height}x{width}: the generator needs multiples of 4; "
            "rainmer_lib.inference.derain.derain pads and crops for you"
        )


class PatchCritic(nn.Module):
    """PatchGAN of three layers (paper, Sec. 4.1): one logit for each overlapping patch of the image.

    Image (b, 3, h, w) in [0, 1] -> logits (b, 1, h/8 - 2, w/8 - 2); 30x30 for 256x256.  A logit sees 84x84 pixels with
    anti-aliased reductions, 70x70 with strided convolutions; 34x34 and 16x16 of these with two layers and one.
    4x4 kernels, LeakyReLU(0.2), instance norm.
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
        """Logits: large where the patch looks real."""
        return self.layers(to_signed(image))


@dataclass
class Cycles:
    """Everything the four generator passes of one step made.  Names in brackets are those of the paper's Fig. 2."""

    rainy: Tensor  # R
    clean: Tensor  # N, an unpaired exemplar
    derained: Tensor  # N_R = derain(R)
    recovered_rainy: Tensor | None = None  # R* = rerain(N_R); None where training is one-sided
    rerained: Tensor | None = None  # R_N = rerain(N); None without the backward cycle
    recovered_clean: Tensor | None = None  # N* = derain(R_N)
    features: dict[str, Features] = field(default_factory=dict)  # stacks: "rainy", "derained", "clean", "rerained" ("kept")


class BidirectionalTranslation(nn.Module):
    """Both directions of translation and their critics.

    `derain` (G_R2N) and `rerain` (G_N2R) form the forward cycle R -> N_R -> R* and the backward cycle N -> R_N -> N*;
    `clean_critic` (D_N) judges N against N_R, `rainy_critic` (D_R) judges R against R_N.
    """

    def __init__(
        self, width: int, blocks: int, critic_width: int, antialias: bool, global_residual: bool, critic_layers: int = 3
    ) -> None:
        super().__init__()
        self.derain = Generator(width, blocks, antialias, global_residual)
        self.rerain = Generator(width, blocks, antialias, global_residual)
        self.clean_critic = PatchCritic(critic_width, antialias, critic_layers)
        self.rainy_critic = PatchCritic(critic_width, antialias, critic_layers)

    def forward(
        self, rainy: Image, clean: Image, taps: Sequence[str], backward: bool = True, one_sided: bool = False
    ) -> Cycles:
        """Run both cycles and keep the four feature stacks that the passes make on their way.

        E_R(R), E_N(N_R), E_N(N), E_R(R_N): each is the encoder half of a pass that the cycles need anyway, so no encoder
        runs twice.  (The authors' code computes them again: eight generator and four encoder passes a step.)
        """
        if one_sided:
            return self._one_sided(rainy, clean, taps)
        features: dict[str, Features] = {}
        derained, features["rainy"] = self.derain(rainy, taps)
        recovered_rainy, features["derained"] = self.rerain(derained, taps)
        cycles = Cycles(rainy, clean, derained, recovered_rainy, features=features)
        if backward:
            cycles.rerained, features["clean"] = self.rerain(clean, taps)
            cycles.recovered_clean, features["rerained"] = self.derain(cycles.rerained, taps)
        return cycles

    def _one_sided(self, rainy: Image, clean: Image, taps: Sequence[str]) -> Cycles:
        """CUT (Park et al., ECCV 2020): both kinds of images through `derain`, whose encoder also sees the outcomes."""
        derained, rainy_features = self.derain(rainy, taps)
        kept, clean_features = self.derain(clean, taps)
        features = {"rainy": rainy_features, "derained": self.derain.encode(derained, taps),
                    "clean": clean_features, "kept": self.derain.encode(kept, taps)}  # fmt: skip
        return Cycles(rainy, clean, derained, features=features)


def float32_images(cycles: Cycles) -> Cycles:
    """The same cycles with images in float32, for losses outside of autocast."""
    for name in ("derained", "recovered_rainy", "rerained", "recovered_clean"):
        image = getattr(cycles, name)
        if isinstance(image, torch.Tensor):
            setattr(cycles, name, image.float())
    return cycles
