"""Material that the walkthroughs show."""

from collections.abc import Iterator
from itertools import islice

import numpy as np

from rainmer_lib.data import photos
from rainmer_lib.data.pairs import Pair, benchmark_pairs
from rainmer_lib.data.synthetic_rain import render
from rainmer_lib.evaluation.inference import derain
from rainmer_lib.models import DEFAULT, load_model
from rainmer_lib.profiles import Profile

PHOTOS = ("skimage/astronaut.png", "skimage/coffee.png", "sklearn/china.jpg", "skimage/rocket.jpg", "skimage/chelsea.png")


def measured_pairs(profile: Profile, count: int) -> Iterator[tuple[Pair, np.ndarray]]:
    """Pairs and a derained output in [0, 1] for each.

    At `quick`, embedded photos under rendered rain and the shipped small model, which has seen none of them; else
    Rain100L and the published PReNet, whose files must be on the data root.
    """
    if profile.name == "quick":
        network, pairs = load_model(DEFAULT), (_rained_on(name, seed) for seed, name in enumerate(PHOTOS))
    else:
        network, pairs = load_model("prenet-rain100l"), benchmark_pairs("rain100l")
    return ((pair, derain(network, pair.rainy)) for pair in islice(pairs, count))


def _rained_on(name: str, seed: int) -> Pair:
    photo = photos.load_photo(name)
    rainy = render(photo / 255, "rain100l", seed)[0]
    return Pair(name, (255 * rainy).round().astype(np.uint8), photo)
