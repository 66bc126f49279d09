"""Rainmer as a `Method`, for the experiments and the command line."""

from rainmer_lib.data.paired import PairedRain
from rainmer_lib.data.unpaired_photos import UnpairedPhotos
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.rainmer.aligned import AlignedRain, aligned_rain
from rainmer_lib.rainmer.config import RainmerConfig, released
from rainmer_lib.rainmer.model import build_network
from rainmer_lib.rainmer.published import PublishedSets
from rainmer_lib.rainmer.sizes import EARLY, SIZES
from rainmer_lib.rainmer.step import METHOD_VERSION, Trainer
from rainmer_lib.training.config import changed_fields
from rainmer_lib.training.method import Method
from rainmer_lib.training.sharing import Sharing


def describe(config: RainmerConfig) -> str:
    """Describe the derain network in words."""
    views = ", ".join(config.views) or "none"
    return f"U-Net of transformer blocks, width {config.width}, {sum(config.blocks)} blocks down, views {views}"


def training_data(
    source: UnpairedRain | UnpairedPhotos | PublishedSets, profile: str, keep: bool = True
) -> AlignedRain | PairedRain:
    """Return day, haze and night on the photos of `source`, rendered in advance with `keep`, or the published sets.

    Light rain and dry photos come after the first steps, at the profiles of `EARLY`.  Photos that have rain of their own and
    clean partners are one domain of pairs.
    """
    view = METHOD.at(profile).view_size
    if isinstance(source, PublishedSets):
        return source.aligned(view)
    if isinstance(source, UnpairedPhotos) and source.partners:
        return PairedRain(source.name, source.pairs, source.fingerprint, source.held_out, view)
    size = SIZES[profile]
    return aligned_rain(source, size.images, view, keep, held=size.held, early=EARLY.get(profile, 0))


def apart(config: RainmerConfig) -> list[str]:
    """Return what each of several processes computes from its own images alone."""
    return ["negatives are made from a memory bank of its own images, and flips are drawn for these"] * bool(config.contrasted)


METHOD = Method(
    name="rainmer",
    title="Rainmer",
    version=METHOD_VERSION,
    config=RainmerConfig,
    network=build_network,
    start=Trainer.start,
    supervision="paired",
    family="transformer, prompted by contrastive views",
    citation="Ran et al., Learning Multi-view Representations for Comprehensive Image Deraining and Beyond, ACM MM 2024",
    sizes=SIZES,
    data=training_data,
    describe=describe,
    differs="the authors' code cannot be constructed; its choices that change a number are the preset `released`",
    presets={"paper": {}, "released": {n: v for n, v in changed_fields(released).items() if n != "seed"}},
    sharing=Sharing(apart=apart),
)
