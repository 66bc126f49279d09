"""Pairs with little rain: light and heavy rain by day, the light rain of an unpaired set, and photos that are dry.

The rendered domains (`rendered_domains`) have heavy rain, and every one of them brightens photos: a network that is trained on
them alone darkens a dry photo.  These pairs show it rain that brightens little, and photos that it must not change.  They come
later in the training: to a network that does not yet remove anything, they say that nothing is to be removed, and its features
die (docs/training_small.md).
"""

from collections.abc import Sequence

import numpy as np

from rainmer_lib.data import weather
from rainmer_lib.data.paired import PairedRain, digest
from rainmer_lib.data.rendered_domains import rendered
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.data.weather import Layer, Photo, Rendered

RECIPE = 1  # part of the fingerprint; increase it whenever rendered pixels change (a test detects that)
LIGHT = 0.82  # share of Rain14000 in Rain13K, whose rain is lighter than that of `weather.day`
FAINT = 0.3  # strength of a faint layer


def varied(photo: Photo, layers: Sequence[Layer], rng: np.random.Generator) -> Rendered:
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


RENDERERS = {"varied": (varied, 1.0), "light": (light, 0.8), "dry": (dry, 0.4)}  # with their sizes relative to day's


def light_rain(source: UnpairedRain, images: int, view: int) -> tuple[PairedRain, ...]:
    """Return these domains on the training photos of `source`, `images` pairs times their sizes; rendered when drawn.

    `view` is the side of whole images in pixels.  ValueError if the photos of `source` have rain of their own.
    """
    source.require_layers()

    def domain(name: str) -> PairedRain:
        render, size = RENDERERS[name]
        count = int(size * images)
        identity = digest(source.fingerprint, name, count, RECIPE, "light rain")
        return rendered(name, render, source, source.layers, count, identity, view)

    return tuple(domain(name) for name in RENDERERS)
