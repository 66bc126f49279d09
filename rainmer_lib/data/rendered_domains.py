"""Rendered training domains that need no further data: rain by day, in haze and at night, and beyond rain, drops and snow.

They replace Rain13K, GT-Rain and GTAV-NightRain (weather) and the All-in-One sets (lens_and_snow).  They are rendered on the
photos of an unpaired set, never on a photo of a test set, and the held-out photos stay held out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rainmer_lib.data import lens_and_snow, weather
from rainmer_lib.data.paired import PairedRain, digest
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.data.weather import Layer, Photo, Rendered

RECIPE = 1  # part of the fingerprint; increase it whenever rendered pixels change (a test detects that)
LARGEST = 481  # most pixels per side, as in BSDS500: larger photos are cropped, at a location that differs by pair


Render = Callable[[Photo, Sequence[Layer], np.random.Generator], Rendered]


@dataclass(frozen=True)
class Domain:
    """One domain: its renderer, the published set that it replaces, and its size relative to the smallest domain.

    `size` follows the published sets before alignment: 13,711 images of Rain13K, 26,124 of GT-Rain, 60,000 night crops.
    """

    render: Render
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
    """Sequence of pairs, each rendered on access as a function of its index and of `seed` alone.

    Pair i shows photo i modulo the number of photos: all appear equally often.
    """

    name: str
    photos: Sequence[Photo]
    layers: Sequence[Layer]
    render: Render
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


def rendered_domain(
    name: str, source: UnpairedRain, images: int = 120, view: int = 64, seed: int = 0, held: int = 0
) -> PairedRain:
    """Render one domain on the photos of `source`, with `images` times the domain's `size` pairs to train on.

    The held-out pairs use the held-out photos of `source` and a sixteenth of the streak layers, at least four; `held` is their
    largest number, 0 takes one for each photo.  Training is supervised, so both halves of the unpaired set are used.
    ValueError lists the domains, or says that the photos of `source` have rain of their own.
    """
    if name not in DOMAINS:
        raise ValueError(f"domain {name!r}: choose one of {', '.join(DOMAINS)}")
    domain = DOMAINS[name]
    source.require_layers()
    layers = source.layers if domain.streaks else lens_and_snow.snow_layers(12, seed=2024)
    count = images * domain.size
    identity = digest(source.fingerprint, name, count, seed, RECIPE)
    return rendered(name, domain.render, source, layers, count, identity, view, seed, held)


def rendered(
    name: str, render: Render, source: UnpairedRain, layers: Sequence[Layer], count: int, identity: str, view: int,
    seed: int = 0, held: int = 0,
) -> PairedRain:  # fmt: skip
    """Return `count` pairs on the training photos of `source`, and held-out ones on its held-out photos.

    The last sixteenth of the layers, at least four, is for the held-out pairs; `held` is as in `rendered_domain`.
    """
    rest = max(4, len(layers) // 16)
    photos, tests = [*source.rainy_photos, *source.clean_photos], [pair.clean for pair in source.held_out]
    return PairedRain(
        name,
        RenderedPairs(name, photos, layers[:-rest], render, count, 2 * seed),
        identity,
        RenderedPairs(f"{name}-held-out", tests, layers[-rest:], render, min(held, len(tests)) or len(tests), 2 * seed + 1),
        view,
    )


def rendered_domains(
    data: str = "embedded", names: Sequence[str] = RAIN, images: int = 120, view: int = 64
) -> dict[str, PairedRain]:
    """Return domains by name, all on the photos of the unpaired set `data`, which is read once.

    `data` is "embedded" or "bsd-streaks".
    """
    source = unpaired(data)
    return {name: rendered_domain(name, source, images, view) for name in names}
