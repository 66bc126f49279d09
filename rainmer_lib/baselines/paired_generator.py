"""DCD-GAN's generator trained with pairs, to measure the gain from pairs and their cost in another domain."""

from dataclasses import dataclass

from rainmer_lib.baselines.supervised import SupervisedConfig, pairs_of, supervised
from rainmer_lib.dcdgan.config import CHOICES
from rainmer_lib.dcdgan.method import describe
from rainmer_lib.dcdgan.sizes import SIZES as DCDGAN_SIZES
from rainmer_lib.dcdgan.translation import build_generator
from rainmer_lib.training.config import check_choices, check_ranges
from rainmer_lib.training.method import Method, Size

GENERATORS = CHOICES["generator"]
METHOD_VERSION = 2  # raised by hand whenever a change alters the numbers of a run


@dataclass(frozen=True)
class PairedGeneratorConfig(SupervisedConfig):
    """Generator, steps, batches and learning rate of DCD-GAN; the defaults are its paper's."""

    generator: str = "resnet"
    width: int = 64
    blocks: int = 9
    antialias: bool = True
    global_residual: bool = False
    learning_rate: float = 1e-4
    betas: tuple[float, float] = (0.5, 0.999)
    steps: int = 420_000
    batch: int = 1
    crop: int = 256
    ema: float = 0.999

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        super().__post_init__()
        check_choices(self, {"generator": GENERATORS})
        if self.crop % 4 or self.crop < 32:
            raise ValueError(f"crop={self.crop}: the generator needs a multiple of 4, at least 32")
        check_ranges(self, {"1 or more": ("width", "blocks")})


# The fields of DCD-GAN's sizes that the configuration above has too
SIZES = {
    name: Size(
        {field: value for field, value in size.changes.items() if field in PairedGeneratorConfig.__dataclass_fields__},
        duration=size.duration if "minutes" in size.changes else "less than a run of DCD-GAN",
        log_every=size.log_every, save_every=size.save_every, epochs=size.epochs,
    )
    for name, size in DCDGAN_SIZES.items()
}  # fmt: skip


METHOD = Method(
    name="paired_generator",
    title="same generator, with pairs",
    version=METHOD_VERSION,
    config=PairedGeneratorConfig,
    network=build_generator,
    start=supervised(build_generator),
    supervision="paired",
    family="ResNet",
    citation="this project: DCD-GAN's generator under an L1 loss",
    sizes=SIZES,
    data=pairs_of,
    describe=describe,
)
