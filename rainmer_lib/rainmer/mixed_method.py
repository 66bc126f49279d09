"""Rainmer under mixed weather, as a `Method`: smaller, cheaper steps, for photos of which nothing is known."""

from dataclasses import replace

from rainmer_lib.data.mixed_weather import MixedWeather, mixed_weather
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.rainmer.config import small, tiny
from rainmer_lib.rainmer.method import METHOD as RAINMER
from rainmer_lib.training.config import changed_fields
from rainmer_lib.training.method import Size

EARLY = 5  # of the steps, one in so many precedes light rain and dry photos

# One step a mixture and views at 32 pixels make a training step 2.7 times cheaper.
_STEP = {"reduction": 2, "mixture_steps": 1, "start": "identity", "learning_rate": 1.5e-3, "memory_bank": 16, "ema": 0.99}
_QUICK = changed_fields(
    replace(tiny, **_STEP | {"width": 4, "crop": 32, "view_size": 32, "batch": 2, "memory_bank": 8, "steps": 16})
)
_LAPTOP = changed_fields(
    replace(small, **_STEP | {"width": 16, "crop": 64, "view_size": 32, "batch": 8, "steps": 2000})
)
_GPU = changed_fields(
    replace(
        small, **_STEP | {
            "width": 32, "embedding": 48, "blocks": (1, 2, 2, 2), "crop": 128, "batch": 16, "memory_bank": 128,
            "steps": 20_000, "minutes": 9.0,
        },
    )
)  # fmt: skip
_PAPER = {"start": "identity"}

SIZES = {
    "quick": Size(_QUICK, duration="seconds a training run on one core", log_every=2, save_every=1000, images=16),
    "laptop": Size(
        _LAPTOP, duration="about 20 minutes a training run on one core", log_every=50, save_every=100, images=160
    ),
    "gpu": Size(
        _GPU, duration="nine minutes a training run on a GPU, after its data are rendered", log_every=50, images=240
    ),
    "paper": Size(_PAPER, duration="days a training run on a GPU", log_every=500, save_every=5000, images=2000),
}  # fmt: skip


def training_data(source: UnpairedRain, profile: str, keep: bool = True) -> MixedWeather:
    """Return all domains on the photos of `source`; a first part of the profile's steps is without light rain."""
    config = METHOD.at(profile)
    return mixed_weather(source, SIZES[profile].images, config.view_size, config.steps // EARLY, keep)


METHOD = replace(
    RAINMER, name="rainmer_mixed", title="Rainmer, mixed weather", version=1, sizes=SIZES, data=training_data,
    presets={"paper": {}}, family="transformer, prompted by contrastive views, with light rain and dry photos too",
    differs="light rain and dry photos among the pairs, which the paper does not have; smaller mixtures of experts",
)  # fmt: skip
