"""A one-sided GAN that keeps to the physics of rain, O = B + S; ours, in place of RR-GAN (Zhu et al., AAAI 2019).

RR-GAN has no published code, and its text leaves stages, weights and schedule open, so its numbers cannot be reproduced: only
its idea is here, that one network splits a rainy image into background and rain, and that the two must add up to it.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from rainmer_lib.baselines.adversarial_training import (
    SHARING,
    AdversarialConfig,
    AdversarialModel,
    adversarial,
    adversarial_term,
)
from rainmer_lib.dcdgan.method import training_data
from rainmer_lib.networks.patch_discriminator import SEES, PatchDiscriminator
from rainmer_lib.networks.rain_layer_generator import Image, RainLayerGenerator
from rainmer_lib.training.config import check_choices, check_ranges
from rainmer_lib.training.method import Method, Size
from rainmer_lib.training.objective import Term

METHOD_VERSION = 1  # raised by hand whenever a change alters the numbers of a run


@dataclass(frozen=True)
class LayerGANConfig(AdversarialConfig):
    """Configuration; all values are ours."""

    width: int = 64
    blocks: int = 9
    discriminator_width: int = 64
    discriminator_sees: str = "image"
    discriminator_layers: int = 3
    discriminator_norm: bool = True
    sparsity_weight: float = 0.5  # of the mean of S: rain is on few pixels
    identity_weight: float = 5.0  # of the layer that is taken from a clean image, which has none
    steps: int = 200_000

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        super().__post_init__()
        check_choices(self, {"discriminator_sees": tuple(SEES)})
        check_ranges(self, {"1 or more": ("width", "blocks", "discriminator_width"),
                            "0 or more": ("sparsity_weight", "identity_weight")})  # fmt: skip
        if self.crop % 4 or self.crop < 32:
            raise ValueError(f"crop={self.crop}: expected a multiple of 4, at least 32")
        if not 1 <= self.discriminator_layers <= 3:
            raise ValueError(f"discriminator_layers={self.discriminator_layers}: expected 1, 2 or 3")


class LayerGAN(AdversarialModel):
    """Networks of one training: `derain` splits O into B and S; B = O - S by construction, so nothing else can be drawn."""

    judged = {"clean": ("clean", "derained")}

    def __init__(self, config: LayerGANConfig) -> None:
        super().__init__()
        self.derain = build_network(config)
        discriminator = PatchDiscriminator(
            config.discriminator_width, False, config.discriminator_layers, config.discriminator_sees,
            config.discriminator_norm,
        )  # fmt: skip
        self.discriminators = nn.ModuleDict({"clean": discriminator})

    def forward(self, rainy: Image, clean: Image) -> dict[str, Tensor]:
        """Split both images."""
        return {"rainy": rainy, "clean": clean, "derained": self.derain(rainy), "kept_clean": self.derain(clean)}


def build_objective(config: LayerGANConfig) -> list[Term]:
    """Return the generator's terms: L = L_adv(B) + 0.5 |S| + 5 |layer of a clean image|, means over pixels."""

    def removed(whole: str, rest: str):
        return lambda _, images: (images[whole] - images[rest]).abs().mean()

    return [
        adversarial_term(config),
        Term("sparsity", config.sparsity_weight, removed("rainy", "derained")),
        Term("identity", config.identity_weight, removed("clean", "kept_clean")),
    ]


def build_network(config: LayerGANConfig) -> RainLayerGenerator:
    """Build the untrained network of a configuration."""
    return RainLayerGenerator(config.width, config.blocks)


_SMALL = {
    "discriminator_sees": "detail", "discriminator_layers": 2, "discriminator_norm": False, "learning_rate": 1e-3,
    "schedule": "cosine", "crop": 48,
}  # fmt: skip
SIZES = {
    "quick": Size(
        _SMALL | {"width": 16, "blocks": 2, "discriminator_width": 16, "steps": 60, "batch": 2, "ema": 0.9},
        duration="seconds a training run on one core", log_every=20, save_every=1000,
    ),
    "laptop": Size(
        _SMALL | {"width": 32, "blocks": 5, "discriminator_width": 24, "replay": 8, "steps": 2600, "batch": 4, "ema": 0.99},
        duration="minutes a training run on one core",
    ),
    "gpu": Size(
        {"steps": 20_000, "batch": 8, "crop": 128, "minutes": 9.0}, duration="nine minutes a training run on a GPU",
    ),
    "paper": Size(duration="hours a training run on a GPU", log_every=200, save_every=2000),
}  # fmt: skip

METHOD = Method(
    name="layer_gan",
    title="layer GAN",
    version=METHOD_VERSION,
    config=LayerGANConfig,
    network=build_network,
    start=adversarial(LayerGAN, build_objective),
    supervision="unpaired",
    family="one-sided GAN, one rain layer",
    citation="this project, after the idea of Zhu et al., RR-GAN, AAAI 2019, of which no code is published",
    sizes=SIZES,
    data=training_data,
    describe=lambda config: f"generator of a rain layer, width {config.width}, {config.blocks} blocks",
    differs="not RR-GAN, whose numbers (Rain800: 23.51 dB, 0.757) are printed beside it as cited, never as ours",
    sharing=SHARING,
)
