"""Bidirectional Translation Branch (paper, Sec. 3.1): two generators and two PatchGAN discriminators."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.networks.patch_discriminator import PatchDiscriminator
from rainmer_lib.networks.resnet_generator import Features, ResNetGenerator

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
    features: dict[str, Features] = field(default_factory=dict)  # stacks: "rainy", "derained", "clean", "rerained" ("kept")


class BidirectionalTranslation(nn.Module):
    """Both directions of translation and their discriminators.

    `derain` (G_R2N) and `rerain` (G_N2R) form the forward cycle R -> N_R -> R* and the backward cycle N -> R_N -> N*;
    `clean_discriminator` (D_N) judges N against N_R, `rainy_discriminator` (D_R) judges R against R_N.
    """

    def __init__(
        self, width: int, blocks: int, discriminator_width: int, antialias: bool, global_residual: bool,
        discriminator_layers: int = 3,
    ) -> None:  # fmt: skip
        super().__init__()
        self.derain = ResNetGenerator(width, blocks, antialias, global_residual)
        self.rerain = ResNetGenerator(width, blocks, antialias, global_residual)
        self.clean_discriminator = PatchDiscriminator(discriminator_width, antialias, discriminator_layers)
        self.rainy_discriminator = PatchDiscriminator(discriminator_width, antialias, discriminator_layers)

    def forward(
        self, rainy: Image, clean: Image, taps: Sequence[str], backward: bool = True, one_sided: bool = False
    ) -> Cycles:
        """Run both cycles and keep the four feature stacks that the passes compute.

        E_R(R), E_N(N_R), E_N(N), E_R(R_N): each is the encoder half of a pass that the cycles need anyway, so no encoder
        runs twice.  (The authors' code computes them again: eight generator and four encoder passes per step.)
        """
        if one_sided:
            return self._one_sided(rainy, clean, taps)
        features: dict[str, Features] = {}
        derained, features["rainy"] = self.derain.translate(rainy, taps)
        recovered_rainy, features["derained"] = self.rerain.translate(derained, taps)
        cycles = Cycles(rainy, clean, derained, recovered_rainy, features=features)
        if backward:
            cycles.rerained, features["clean"] = self.rerain.translate(clean, taps)
            cycles.recovered_clean, features["rerained"] = self.derain.translate(cycles.rerained, taps)
        return cycles

    def _one_sided(self, rainy: Image, clean: Image, taps: Sequence[str]) -> Cycles:
        """Run CUT (Park et al., ECCV 2020): `derain` translates both kinds of images and encodes the results."""
        derained, rainy_features = self.derain.translate(rainy, taps)
        kept, clean_features = self.derain.translate(clean, taps)
        features = {"rainy": rainy_features, "derained": self.derain.encode(derained, taps),
                    "clean": clean_features, "kept": self.derain.encode(kept, taps)}  # fmt: skip
        return Cycles(rainy, clean, derained, features=features)


def float32_images(cycles: Cycles) -> Cycles:
    """Convert the generated images to float32 in place, so that losses are computed in float32; return the cycles."""
    for name in ("derained", "recovered_rainy", "rerained", "recovered_clean"):
        image = getattr(cycles, name)
        if isinstance(image, torch.Tensor):
            setattr(cycles, name, image.float())
    return cycles
