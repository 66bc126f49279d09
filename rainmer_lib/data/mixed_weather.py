"""Pairs under mixed weather: light and heavy rain by day, haze, night, the light rain of the base set, and dry photos.

The rendered domains of the papers' tables (`rendered_domains`) have heavy rain by day, and every one of them brightens photos.
A network that is to derain unknown photos must also see rain that brightens little, and photos that it must not change.  These
come later in the training: to a network that does not yet remove anything, they say that nothing is to be removed, and its
features die (docs/training_small.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rainmer_lib.data import weather
from rainmer_lib.data.batches import PairedBatch
from rainmer_lib.data.paired import MixedPairs, PairedRain, digest
from rainmer_lib.data.rendered_domains import Render, rendered
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.data.weather import Layer, Photo, Rendered

RECIPE = 1  # part of the fingerprint; increase it whenever rendered pixels change (a test detects that)
LIGHT = 0.82  # share of Rain14000 in Rain13K, whose rain is lighter than that of `weather.day`
FAINT = 0.3  # strength of a faint layer


def day(photo: Photo, layers: Sequence[Layer], rng: np.random.Generator) -> Rendered:
    """Add one or two layers of streaks and up to four faint ones, or, on the rest of the images, those of `weather.day`."""
    if rng.random() >= LIGHT:
        return weather.day(photo, layers, rng)
    clear, faint = rng.integers(1, 3), rng.integers(0, 5)
    strength = np.exp(rng.normal(-0.3, 0.5))
    total = weather.streaks(layers, photo.shape[:2], rng.uniform(1.0, 1.6, clear), rng)
    if faint:
        total = total + FAINT * weather.streaks(layers, photo.shape[:2], rng.uniform(1.0, 1.6, faint), rng)
    return weather.to_bytes(photo + strength * 255 * total[..., None]), photo


def light(photo: Photo, layers: Sequence[Layer], rng: np.random.Generator) -> Rendered:
    """Add one layer as it is, like the rainy half of an unpaired set."""
    return weather.to_bytes(photo + 255 * weather.streaks(layers, photo.shape[:2], [1.0], rng)[..., None]), photo


def dry(photo: Photo, layers: Sequence[Layer], rng: np.random.Generator) -> Rendered:
    """Return a photo as it is, for both."""
    return photo, photo


# Renderers with their sizes relative to the first; the last two come later
EARLY = {"day": (day, 1.0), "haze": (weather.haze, 1.3), "night": (weather.night, 1.0)}
LATE = {"light": (light, 0.8), "dry": (dry, 0.4)}


@dataclass(frozen=True)
class MixedWeather:
    """Training set of all domains, of which the first `early` steps see those of `EARLY` alone."""

    name: str
    first: MixedPairs
    every: MixedPairs
    early: int

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that identify the content of the batches."""
        return digest(self.first.fingerprint, self.every.fingerprint, self.early)

    @property
    def held_out(self) -> dict[str, Sequence[Pair]]:
        """Return the held-out pairs by domain, those of photos that are dry left out."""
        return {name: pairs for name, pairs in self.every.held_out.items() if name != "dry"}

    def batch(self, step: int, size: int, crop: int, seed: int) -> PairedBatch:
        """Return the batch of one step, a function of seed and step alone; steps count from 1."""
        return (self.first if step <= self.early else self.every).batch(step, size, crop, seed)

    def summary(self) -> dict[str, int]:
        """Return counts for a notebook to print."""
        return self.every.summary() | {"steps before light rain and dry photos": self.early}


def mixed_weather(source: UnpairedRain, images: int, view: int, early: int, keep: bool = True) -> MixedWeather:
    """Render all domains on the training photos of `source`, with `images` pairs by day; kept in memory unless `keep` is False.

    ValueError if the photos of `source` have rain of their own.
    """
    source.require_layers()

    def domain(name: str, render: Render, size: float) -> PairedRain:
        count = int(size * images)
        identity = digest(source.fingerprint, name, count, RECIPE, "mixed")
        made = rendered(name, render, source, source.layers, count, identity, view)
        return made.in_memory() if keep else made

    domains = {name: domain(name, *made) for name, made in (EARLY | LATE).items()}
    first = MixedPairs(tuple(domains[name] for name in EARLY), view=view)
    return MixedWeather(f"{source.name}-mixed", first, MixedPairs(tuple(domains.values()), view=view), early)
