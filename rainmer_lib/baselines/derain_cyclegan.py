"""DerainCycleGAN: rain attentive CycleGAN for single image deraining and rainmaking (Wei et al., TIP 2021).

Written from the paper's description.  What it leaves open is marked so.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from rainmer_lib.baselines.adversarial_training import (
    SHARING,
    AdversarialConfig,
    AdversarialModel,
    adversarial,
    adversarial_term,
)
from rainmer_lib.baselines.prenet import CHANNELS, PReNet
from rainmer_lib.dcdgan.method import training_data
from rainmer_lib.networks.blocks import to_signed
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.training.config import check_ranges
from rainmer_lib.training.method import Method, Size
from rainmer_lib.training.objective import Term

METHOD_VERSION = 1  # raised by hand whenever a change alters the numbers of a run
DILATIONS = (2, 4, 8, 16)
UNDECIDED = 0.5  # the mask before the first stage

Image = Float[Tensor, "b 3 h w"]
Mask = Float[Tensor, "b 1 h w"]


@dataclass(frozen=True)
class DerainCycleGANConfig(AdversarialConfig):
    """DerainCycleGAN's training as released (OaDsis/DerainCycleGAN): 400 epochs of Rain100L's 200 images."""

    stages: int = 6
    blocks: int = 5  # of the mask's network
    width: int = 64
    global_residual: bool = False  # paper and code draw the image anew; True adds the input back, for small budgets
    discriminator_width: int = 64
    discriminator_layers: int = 4
    discriminator_scales: int = 3
    cycle_weight: float = 10.0
    clean_mask_weight: float = 10.0
    rain_weight: float = 10.0
    perceptual_weight: float = 0.0  # code: 0.01 of a term whose two sides are detached, so no gradient; the paper's VGG is
    #                                 replaced by the first layers of the clean discriminator where this is above 0
    weight_decay: float = 1e-4
    replay: int = 1  # code: a pool of 50 images
    steps: int = 400 * 200
    crop: int = 216

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        super().__post_init__()
        check_ranges(self, {
            "1 or more": ("stages", "blocks", "width", "discriminator_width", "discriminator_layers", "discriminator_scales"),
            "0 or more": ("cycle_weight", "clean_mask_weight", "rain_weight", "perceptual_weight"),
        })  # fmt: skip
        reductions = self.discriminator_layers + self.discriminator_scales - 1
        if self.crop % 4 or self.crop >> reductions < 1:
            raise ValueError(
                f"crop={self.crop}: the generators need a multiple of 4, discriminator_layers={self.discriminator_layers} and "
                f"discriminator_scales={self.discriminator_scales} at least 2**{reductions}"
            )


class RainAttention(PReNet):
    """URAD, PReNet's trunk with a mask of rain (b, 1, h, w) in place of the image; one serves both domains.

    167,809 parameters.  The mask is added to grey and colour alike, so rain is assumed to be grey.
    """

    def __init__(self, stages: int = 6, blocks: int = 5) -> None:
        super().__init__(stages, blocks)
        self.conv0 = nn.Sequential(nn.Conv2d(4, CHANNELS, 3, padding=1), nn.ReLU())
        self.conv = nn.Sequential(nn.Conv2d(CHANNELS, 1, 3, padding=1))

    def stages(self, rainy: Image) -> list[Mask]:
        """Return the masks of all stages; the last is the result."""
        mask, outputs = torch.full_like(rainy[:, :1], UNDECIDED), []
        hidden = cell = rainy.new_zeros(len(rainy), CHANNELS, *rainy.shape[2:])
        for _ in range(self.repetitions):
            seen = torch.cat((self.conv0(torch.cat((rainy, mask), 1)), hidden), 1)
            hidden, cell = self.lstm(seen, cell)
            mask = self.conv(self.refined(hidden, self.blocks))
            outputs.append(mask)
        return outputs


class Autoencoder(nn.Module):
    """Generator of both directions, that of AttentiveGAN (Qian et al., CVPR 2018): image and mask -> image, no norm.

    Two reductions by two, dilated convolutions, and the way back with two skips.  6,066,179 parameters; the published number,
    6,076,553, includes two heads of coarser images that no loss of this method reads.
    """

    def __init__(self, width: int = 64, global_residual: bool = False) -> None:
        super().__init__()
        self.global_residual = global_residual
        half, quarter, last = 2 * width, 4 * width, max(1, width // 2)
        self.at_full = _layer(4, width, 5)
        self.at_half = nn.Sequential(_layer(width, half, stride=2), _layer(half, half))
        self.at_quarter = nn.Sequential(
            _layer(half, quarter, stride=2), *(_layer(quarter, quarter) for _ in range(2)),
            *(_layer(quarter, quarter, dilation=dilation) for dilation in DILATIONS),
            *(_layer(quarter, quarter) for _ in range(2)), _enlarge(quarter, half),
        )  # fmt: skip
        self.to_full = nn.Sequential(_layer(half, half), _enlarge(half, width))
        self.paint = nn.Sequential(_layer(width, last), nn.Conv2d(last, 3, 3, padding=1))

    def forward(self, image: Image, mask: Mask) -> Image:
        """Return the translated image, not clamped."""
        full = self.at_full(torch.cat((image, mask), 1))
        half = self.at_half(full)
        painted = self.paint(self.to_full(self.at_quarter(half) + half) + full)
        return image + painted if self.global_residual else painted


def _layer(inputs: int, outputs: int, size: int = 3, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    padding = dilation * (size // 2)
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, padding, dilation), nn.ReLU())


def _enlarge(inputs: int, outputs: int) -> nn.Sequential:
    """Enlarge by two; the mean over 2x2 pixels takes away the pattern of the transposed convolution."""
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.ReflectionPad2d((1, 0, 1, 0)), nn.AvgPool2d(2, 1), nn.ReLU()
    )


class MaskedDerainer(Derainer):
    """The derain network: the mask of rain, then the image without it; (b, 3, h, w) in [0, 1], multiples of 4, not clamped."""

    multiple = 4
    smallest = 8

    def __init__(self, stages: int, blocks: int, width: int, global_residual: bool) -> None:
        super().__init__()
        self.mask = RainAttention(stages, blocks)
        self.paint = Autoencoder(width, global_residual)

    def forward(self, rainy: Image) -> Image:
        """Return the derained image."""
        return self.paint(rainy, self.mask(rainy))


class MultiScaleDiscriminator(nn.Module):
    """Discriminator of an image at several sizes, each half the one before; 2,757,057 parameters for each, no norm."""

    def __init__(self, width: int = 64, layers: int = 4, scales: int = 3) -> None:
        super().__init__()
        self.scales = nn.ModuleList(self._at_one_scale(width, layers) for _ in range(scales))

    @staticmethod
    def _at_one_scale(width: int, layers: int) -> nn.Sequential:
        channels = [3, *(width * 2**i for i in range(layers))]
        pairs = zip(channels, channels[1:], strict=False)
        stack = [nn.Sequential(nn.Conv2d(a, b, 4, 2, 1), nn.LeakyReLU(0.2)) for a, b in pairs]
        return nn.Sequential(*stack, nn.Conv2d(channels[-1], 1, 1))

    def forward(self, image: Image) -> list[Float[Tensor, "b 1 i j"]]:
        """Return the logits of each scale, the finest first."""
        answers, x = [], to_signed(image)
        for scale in self.scales:
            answers.append(scale(x))
            x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        return answers

    def features(self, image: Image) -> Tensor:
        """Return what the first two layers of the finest scale compute, for the perceptual term."""
        return self.scales[0][:2](to_signed(image))


class DerainCycleGAN(AdversarialModel):
    """Networks of one training: `derain`, `rerain`, which puts the rain of a mask on an image, and two discriminators."""

    judged = {"clean": ("clean", "derained"), "rainy": ("rainy", "rerained")}

    def __init__(self, config: DerainCycleGANConfig) -> None:
        super().__init__()
        self.derain = build_network(config)
        self.rerain = Autoencoder(config.width, config.global_residual)
        sizes = config.discriminator_width, config.discriminator_layers, config.discriminator_scales
        self.discriminators = nn.ModuleDict({name: MultiScaleDiscriminator(*sizes) for name in self.judged})

    def forward(self, rainy: Image, clean: Image) -> dict[str, Tensor]:
        """Run both cycles.  Open: the clean image gets the rain of the rainy one, by its mask."""
        mask = self.derain.mask(rainy)
        derained, rerained = self.derain.paint(rainy, mask), self.rerain(clean, mask)
        return {
            "rainy": rainy, "clean": clean, "mask": mask, "clean_mask": self.derain.mask(clean), "derained": derained,
            "rerained": rerained, "recovered_rainy": self.rerain(derained, mask), "recovered_clean": self.derain(rerained),
        }  # fmt: skip


def build_objective(config: DerainCycleGANConfig) -> list[Term]:
    """Return the generators' terms."""

    def cycle(_: DerainCycleGAN, i: Mapping[str, Tensor]) -> Tensor:
        return F.l1_loss(i["recovered_rainy"], i["rainy"]) + F.l1_loss(i["recovered_clean"], i["clean"])

    def perceptual(model: DerainCycleGAN, i: Mapping[str, Tensor]) -> Tensor:
        features = model.discriminators["clean"].features
        return F.mse_loss(features(i["derained"]), features(i["rainy"]))

    return [
        adversarial_term(config),
        Term("cycle", config.cycle_weight, cycle),
        Term("clean_mask", config.clean_mask_weight, lambda _, i: i["clean_mask"].square().mean()),
        Term("rain", config.rain_weight, lambda _, i: (i["derained"] + i["mask"] - i["rainy"]).square().mean()),
        Term("perceptual", config.perceptual_weight, perceptual),
    ]


def build_network(config: DerainCycleGANConfig) -> MaskedDerainer:
    """Build the untrained derain network of a configuration."""
    return MaskedDerainer(config.stages, config.blocks, config.width, config.global_residual)


_SMALL = {"global_residual": True, "discriminator_layers": 3, "discriminator_scales": 2, "crop": 48, "learning_rate": 5e-4}
SIZES = {
    "quick": Size(
        _SMALL | {"stages": 1, "blocks": 1, "width": 4, "discriminator_width": 8, "steps": 40, "batch": 1, "ema": 0.9},
        duration="seconds a training run on one core", log_every=20, save_every=1000,
    ),
    "laptop": Size(
        _SMALL | {"stages": 2, "blocks": 2, "width": 12, "discriminator_width": 16, "steps": 650, "batch": 2, "ema": 0.99,
         "learning_rate": 2e-3},
        duration="minutes a training run on one core",
    ),
    "gpu": Size(
        {"steps": 20_000, "batch": 4, "crop": 128, "minutes": 9.0}, duration="nine minutes a training run on a GPU",
    ),
    "paper": Size(duration="a day a training run on a GPU", log_every=200, save_every=2000, epochs=400),
}  # fmt: skip

METHOD = Method(
    name="derain_cyclegan",
    title="DerainCycleGAN",
    version=METHOD_VERSION,
    config=DerainCycleGANConfig,
    network=build_network,
    start=adversarial(DerainCycleGAN, build_objective),
    supervision="unpaired",
    family="bidirectional GAN with a mask of rain",
    citation="Wei et al., DerainCycleGAN: Rain Attentive CycleGAN for Single Image Deraining and Rainmaking, TIP 2021",
    sizes=SIZES,
    data=training_data,
    describe=lambda config: f"{config.stages} stages of a mask, autoencoder of width {config.width}",
    differs="no perceptual term, which has no gradient in the authors' code (`perceptual_weight` takes features of the clean "
    "discriminator in place of VGG's); earlier images are added to a batch, not put in its place; an average is evaluated",
    sharing=SHARING,
)
