"""Training domains that exist everywhere: rain by day, in haze and at night, and beyond rain, drops and snow.

They stand for Rain13K, GT-Rain and GTAV-NightRain (weather) and for the All-in-One sets (lens_and_snow), rendered on the
photos of an unpaired set: never on a photo that a test set shows, and the held-out photos stay held out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rainmer_lib.data import lens_and_snow, weather
from rainmer_lib.data.paired import PairedRain, digest
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired import UnpairedRain, unpaired
from rainmer_lib.data.weather import Layer, Photo, Rendered

RECIPE = 1  # part of the fingerprint: one more whenever rendered pixels change (a test notices when)
LARGEST = 481  # pixels of a side, as in BSDS500: larger photos are cut, at a place that differs from pair to pair


@dataclass(frozen=True)
class Domain:
    """How one domain is rendered, what it stands for, and how many images it has for each image of the smallest.

    `size` follows the published sets before alignment: 13,711 images of Rain13K, 26,124 of GT-Rain, 60,000 night crops.
    """

    render: Callable[[Photo, Sequence[Layer], np.random.Generator], Rendered]
    stands_for: str
    size: int = 1
    streaks: bool = True


DOMAINS = {
    "day": Domain(weather.day, "Rain13K"),
    "haze": Domain(weather.haze, "GT-Rain", size=2),
    "night": Domain(weather.night, "GTAV-NightRain", size=4),
    "drops": Domain(lens_and_snow.drops, "Raindrop"),
    "snow": Domain(lens_and_snow.snow, "Snow100K", size=2, streaks=False),
}
RAIN = ("day", "haze", "night")


@dataclass(frozen=True)
class RenderedPairs(Sequence):
    """A sequence of pairs, each rendered when it is asked for, as a function of its number and of `seed` alone.

    Pair i shows photo i modulo the number of photos: all appear equally often.
    """

    name: str
    photos: Sequence[Photo]
    layers: Sequence[Layer]
    render: Callable[[Photo, Sequence[Layer], np.random.Generator], Rendered]
    total: int
    seed: int

    def __len__(self) -> int:
        return self.total

    def __getitem__(self, index: int) -> Pair:
        if not 0 <= index < self.total:
            raise IndexError(f"{self.name}: pair {index} of {self.total}")
        rng = np.random.default_rng([self.seed, index])
        photo = self.photos[index % len(self.photos)]
        top, left = (rng.integers(max(1, side - LARGEST + 1)) for side in photo.shape[:2])
        rainy, clean = self.render(photo[top : top + LARGEST, left : left + LARGEST], self.layers, rng)
        return Pair(f"{self.name}-{index:05d}", rainy, clean)


def rendered_domain(name: str, source: UnpairedRain, images: int = 120, view: int = 64, seed: int = 0) -> PairedRain:
    """One domain on the photos of `source`; `images` times its `size` pairs to train on.

    A sixteenth of the streak layers, four at least, and the held-out photos of `source` make the held-out pairs.  Training is
    supervised, so both halves of the unpaired set are used.  ValueError lists the domains.
    """
    if name not in DOMAINS:
        raise ValueError(f"domain {name!r}: choose one of {', '.join(DOMAINS)}")
    domain = DOMAINS[name]
    layers = source.layers if domain.streaks else lens_and_snow.snow_layers(12, seed=2024)
    rest = max(4, len(layers) // 16)
    photos, held = [*source.rainy_photos, *source.clean_photos], [pair.clean for pair in source.held_out]
    seeds = 2 * seed, 2 * seed + 1
    count = images * domain.size
    return PairedRain(
        name,
        RenderedPairs(name, photos, layers[:-rest], domain.render, count, seeds[0]),
        digest(source.fingerprint, name, count, seed, RECIPE),
        RenderedPairs(f"{name}-held-out", held, layers[-rest:], domain.render, len(held), seeds[1]),
        view,
    )


def rendered_domains(
    data: str = "embedded", names: Sequence[str] = RAIN, images: int = 120, view: int = 64
) -> dict[str, PairedRain]:
    """Domains by name, all on the photos of the unpaired set `data` ("embedded" or "bsd-streaks"), which is read once."""
    source = unpaired(data)
    return {name: rendered_domain(name, source, images, view) for name in names}
