"""DCD-GAN as a `Method`, for the experiments and the command line."""

from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.dcdgan.config import DCDGANConfig, released, self_trained
from rainmer_lib.dcdgan.sizes import SIZES
from rainmer_lib.dcdgan.step import METHOD_VERSION, Trainer
from rainmer_lib.dcdgan.translation import build_generator
from rainmer_lib.training.config import changed_fields
from rainmer_lib.training.method import Method


def describe(config: DCDGANConfig) -> str:
    """Describe the derain network in words."""
    if config.generator == "rain_layer":
        return f"generator of a rain layer, width {config.width}, {config.blocks} blocks"
    residual = ", global residual" if config.global_residual else ""
    return f"ResNet generator, width {config.width}, {config.blocks} blocks{residual}"


def training_data(source: UnpairedRain, profile: str, keep: bool = True) -> UnpairedRain:
    """Return the unpaired photos unchanged."""
    return source


METHOD = Method(
    name="dcdgan",
    title="DCD-GAN",
    version=METHOD_VERSION,
    config=DCDGANConfig,
    network=build_generator,
    start=Trainer.start,
    supervision="unpaired",
    family="bidirectional GAN, dual contrastive guidance",
    citation="Chen et al., Unpaired Deep Image Deraining Using Dual Contrastive Learning, CVPR 2022",
    sizes=SIZES,
    data=training_data,
    describe=describe,
    differs="the authors' code minimises DCLGAN's objective: preset `released`",
    presets={"paper": {}, "released": changed_fields(released), "self_trained": changed_fields(self_trained)},
)
