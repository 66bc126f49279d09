"""DCD-GAN as a `Method`, for the experiments and the command line."""

from rainmer_lib.data.unpaired import UnpairedRain
from rainmer_lib.dcdgan.config import DCDGANConfig, released
from rainmer_lib.dcdgan.sizes import SIZES
from rainmer_lib.dcdgan.step import METHOD_VERSION, Trainer
from rainmer_lib.networks.resnet_generator import ResNetGenerator
from rainmer_lib.training.config import changed_fields
from rainmer_lib.training.method import Method


def build_network(config: DCDGANConfig) -> ResNetGenerator:
    """Build the untrained derain network of a configuration."""
    return ResNetGenerator(config.width, config.blocks, config.antialias, config.global_residual)


def describe(config: DCDGANConfig) -> str:
    """Describe the derain network in words."""
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
    network=build_network,
    start=Trainer.start,
    supervision="unpaired",
    family="bidirectional GAN, dual contrastive guidance",
    citation="Chen et al., Unpaired Deep Image Deraining Using Dual Contrastive Learning, CVPR 2022",
    sizes=SIZES,
    data=training_data,
    describe=describe,
    differs="the authors' code minimises DCLGAN's objective: preset `released`",
    presets={"paper": {}, "released": changed_fields(released)},
)
