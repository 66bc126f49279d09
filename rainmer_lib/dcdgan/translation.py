"""Bidirectional Translation Branch (paper, Sec. 3.1): two generators and two PatchGAN discriminators."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.networks.generator import Features, Generator
from rainmer_lib.networks.patch_discriminator import PatchDiscriminator
from rainmer_lib.networks.rain_layer_generator import RainLayerGenerator
from rainmer_lib.networks.resnet_generator import ResNetGenerator

Image = Float[Tensor, "b 3 h w"]


@dataclass
class Cycles:
    """Images and features of the four generator passes of one step.  Comments give the names of the paper's Fig. 2."""

    rainy: Tensor  # R
    clean: Tensor  # N, an unpaired exemplar
    derained: Tensor  # N_R = derain(R)
    recovered_rainy: Tensor | None = None  # R* = rerain(N_R); None if training is one-sided
    rerained: Tensor | None = None  # R_N = rerain(N); None without the backward cycle
    recovered_clean: Tensor | None = None  # N* = derain(R_N)
    kept_clean: Tensor | None = None  # derain(N), for the identity term and for CUT
    kept_rainy: Tensor | None = None  # rerain(R), for the identity term
    features: dict[str, Features] = field(default_factory=dict)  # stacks: "rainy", "derained", "clean", "rerained" ("kept")


class BidirectionalTranslation(nn.Module):
    """Both directions of translation and their discriminators, built from a configuration.

    `derain` (G_R2N) and `rerain` (G_N2R) form the forward cycle R -> N_R -> R* and the backward cycle N -> R_N -> N*;
    `clean_discriminator` (D_N) judges N against N_R, `rainy_discriminator` (D_R) judges R against R_N.
    """

    def __init__(self, config: DCDGANConfig) -> None:
        super().__init__()
        self.config = config
        self.derain = build_generator(config)
        self.rerain = build_generator(config, adds_rain=True)
        self.clean_discriminator = _discriminator(config)
        self.rainy_discriminator = _discriminator(config)

    def forward(self, rainy: Image, clean: Image) -> Cycles:
        """Run both cycles and keep the four feature stacks that the passes compute.

        E_R(R), E_N(N_R), E_N(N), E_R(R_N): each is the encoder half of a pass that the cycles need anyway, so no encoder
        runs twice.  (The authors' code computes them again: eight generator and four encoder passes per step.)  Images that
        the same network takes at the same point go through it in one batch, those of the identity term among them.
        """
        config = self.config
        if config.one_sided:
            return self._one_sided(rainy, clean)
        identity = config.identity_weight != 0
        taken, rainy_stacks = self._together(self.derain, rainy=rainy, **({"clean": clean} if identity else {}))
        derained = taken["rainy"]
        inputs = {"derained": derained}
        if config.backward_cycle:
            inputs["clean"] = clean
        if identity and config.identity_rainy:
            inputs["rainy"] = rainy
        added, clean_stacks = self._together(self.rerain, **inputs)
        cycles = Cycles(
            rainy, clean, derained, added["derained"], added.get("clean"), kept_clean=taken.get("clean"),
            kept_rainy=added.get("rainy"), features={"rainy": rainy_stacks["rainy"], "derained": clean_stacks["derained"]},
        )  # fmt: skip
        if config.backward_cycle:
            cycles.features["clean"] = clean_stacks["clean"]
            cycles.recovered_clean, cycles.features["rerained"] = self.derain.translate(cycles.rerained, config.taps)
        return cycles

    def _one_sided(self, rainy: Image, clean: Image) -> Cycles:
        """Run CUT (Park et al., ECCV 2020): `derain` translates both kinds of images and encodes the results."""
        images, stacks = self._together(self.derain, rainy=rainy, clean=clean)
        again = torch.cat([images["rainy"], images["clean"]])
        encoded = _split(self.derain.encode(again, self.config.taps), {"derained": rainy, "kept": clean})
        return Cycles(rainy, clean, images["rainy"], kept_clean=images["clean"], features=stacks | encoded)

    def _together(self, network: Generator, **images: Image) -> tuple[dict[str, Image], dict[str, Features]]:
        """Translate several batches as one; return images and features of each under its name."""
        result, features = network.translate(torch.cat(list(images.values())), self.config.taps)
        return dict(zip(images, result.split([len(image) for image in images.values()]), strict=True)), _split(features, images)


def _split(features: Features, images: Mapping[str, Image]) -> dict[str, Features]:
    """Return the features of each of the images whose concatenation `features` belong to."""
    sizes = [len(image) for image in images.values()]
    parts = {tap: x.split(sizes) for tap, x in features.items()}
    return {name: {tap: parts[tap][i] for tap in parts} for i, name in enumerate(images)}


def build_generator(config: DCDGANConfig, adds_rain: bool = False) -> Generator:
    """Build an untrained generator of a configuration; the rain layer of one that `adds_rain` is added, not subtracted."""
    if config.generator == "rain_layer":
        return RainLayerGenerator(config.width, config.blocks, sign=1 if adds_rain else -1)
    return ResNetGenerator(config.width, config.blocks, config.antialias, config.global_residual)


def _discriminator(config: DCDGANConfig) -> PatchDiscriminator:
    return PatchDiscriminator(
        config.discriminator_width, config.antialias, config.discriminator_layers, config.discriminator_sees,
        config.discriminator_norm,
    )  # fmt: skip


def float32_images(cycles: Cycles) -> Cycles:
    """Convert the generated images to float32 in place, so that losses are computed in float32; return the cycles."""
    for name in ("derained", "recovered_rainy", "rerained", "recovered_clean", "kept_clean", "kept_rainy"):
        image = getattr(cycles, name)
        if isinstance(image, torch.Tensor):
            setattr(cycles, name, image.float())
    return cycles
