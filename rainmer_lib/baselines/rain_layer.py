"""The small generator of a rain layer, trained with pairs under varied rain: for photos of which nothing is known."""

from dataclasses import replace

from rainmer_lib.baselines.paired_generator import METHOD as PAIRED_GENERATOR
from rainmer_lib.baselines.supervised import Pairs
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.data.varied_rain import varied
from rainmer_lib.training.method import Size

# Without norm, a rate of 1e-3 ended a pilot of this depth worse than the identity; clipping bounds the rare large gradients.
_NETWORK = {"generator": "rain_layer", "schedule": "cosine", "learning_rate": 5e-4, "clip": 0.1}
SIZES = {
    "quick": Size(
        _NETWORK | {"width": 32, "blocks": 3, "steps": 100, "batch": 4, "crop": 48, "ema": 0.98, "learning_rate": 1e-3},
        duration="seconds a training run on one core", log_every=20, save_every=1000,
    ),
    "laptop": Size(
        _NETWORK | {"width": 48, "blocks": 8, "steps": 8000, "batch": 8, "crop": 64, "ema": 0.999},
        duration="about half an hour a training run on one core",
    ),
    "gpu": Size(
        _NETWORK | {"width": 96, "blocks": 16, "steps": 20_000, "batch": 16, "crop": 128, "ema": 0.999, "minutes": 9.0},
        duration="nine minutes a training run on a GPU", log_every=50,
    ),
    "paper": Size(
        _NETWORK | {"width": 96, "blocks": 16, "steps": 60_000, "batch": 16, "crop": 128},
        duration="an hour a training run on a GPU", log_every=200, save_every=2000,
    ),
}  # fmt: skip


def varied_pairs_of(source: UnpairedRain, profile: str, keep: bool = True) -> Pairs:
    """Return the pairs of `source` under varied rain."""
    return Pairs(varied(source))


METHOD = replace(
    PAIRED_GENERATOR, name="rain_layer", title="rain layer, varied rain", version=1, family="residual network, one rain layer",
    citation="this project: Eq. (1) of DCD-GAN under an L1 loss", sizes=SIZES, data=varied_pairs_of,
)  # fmt: skip
