"""DCD-GAN as a `Method`, for the experiments and the command line."""

from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.dcdgan.config import DCDGANConfig, released, self_trained
from rainmer_lib.dcdgan.sizes import SIZES
from rainmer_lib.dcdgan.step import METHOD_VERSION, Trainer
from rainmer_lib.dcdgan.translation import build_generator
from rainmer_lib.training.config import changed_fields
from rainmer_lib.training.method import Method
from rainmer_lib.training.sharing import Sharing


def describe(config: DCDGANConfig) -> str:
    """Describe the derain network in words."""
    if config.generator == "rain_layer":
        return f"generator of a rain layer, width {config.width}, {config.blocks} blocks"
    residual = ", global residual" if config.global_residual else ""
    return f"ResNet generator, width {config.width}, {config.blocks} blocks{residual}"


def training_data(source: UnpairedRain, profile: str, keep: bool = True) -> UnpairedRain:
    """Return the unpaired photos unchanged."""
    return source


def counts(config: DCDGANConfig) -> list[str]:
    """Return the fields that count images of a step, as far as they are in use."""
    return ["batch"] + ["warm_up_batch"] * bool(config.warm_up) + ["rehearsal_crops"] * bool(config.rehearsals)


def apart(config: DCDGANConfig) -> list[str]:
    """Return what each of several processes computes from its own images alone."""
    reasons = {
        "negatives are patches of its own images": config.batch_negatives and config.contrastive_weight,
        "earlier images, as many of them, are drawn from those that it has seen": config.discriminator_replay,
        "rehearsals draw rain layers from those that it has removed": config.rehearsals,
    }
    return [reason for reason, holds in reasons.items() if holds]


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
    sharing=Sharing(counts, apart),
)
