"""Render drops on the lens and snow, two domains beyond rain for all-in-one models.  Same interface as `weather`."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from rainmer_lib.data.weather import GRID, Layer, Photo, Rendered, streaks, to_bytes

FLAKES = ((0.0018, 1.0), (0.0005, 1.9), (0.00007, 3.8))  # flakes per pixel, and their radius in pixels, from far to near
RIM = 0.35  # darkening of a drop at its rim, which shows surroundings far outside the picture


def drops(photo: Photo, layers: Sequence[Layer], rng: np.random.Generator) -> Rendered:
    """Add drops on the lens: I = (1 - a) B + a R in each, R the blurred, upside-down, small picture that a drop refracts.

    A drop is a slightly oval, soft-edged disc; it is out of focus, so its picture is blurred, and dark at its lower rim.
    `layers` is not used: there are no streaks.
    """
    rainy, blurred = photo.astype(np.float32), np.asarray(Image.fromarray(photo).filter(ImageFilter.BoxBlur(4)))
    for _ in range(rng.integers(25, 80)):
        radius = float(np.clip(np.exp(rng.normal(2.5, 0.5)), 5, 40))
        _drop(rainy, blurred, rng.uniform(0, photo.shape[0]), rng.uniform(0, photo.shape[1]), radius, rng)
    return to_bytes(rainy), photo


def _drop(rainy: np.ndarray, blurred: Photo, row: float, column: float, radius: float, rng: np.random.Generator) -> None:
    """Draw one drop into `rainy`, centred at (row, column)."""
    height, width = blurred.shape[:2]
    oval, reach = rng.uniform(0.75, 1.0), rng.uniform(4.0, 8.0)
    top, left = max(0, int(row - radius - 2)), max(0, int(column - radius - 2))
    y, x = np.mgrid[top : min(height, int(row + radius + 3)), left : min(width, int(column + radius + 3))]
    dy, dx = (y - row) / radius, (x - column) / (radius * oval)
    distance = np.sqrt(dy**2 + dx**2)
    source_y = np.clip(row - reach * radius * dy, 0, height - 1).astype(int)
    source_x = np.clip(column - reach * radius * oval * dx, 0, width - 1).astype(int)
    shade = 1 - RIM * np.clip(distance * (0.5 + 0.5 * dy), 0, 1) ** 2
    alpha = np.clip((1 - distance) * radius / max(1.5, 0.25 * radius), 0, 1)[..., None]
    inside = (slice(top, top + alpha.shape[0]), slice(left, left + alpha.shape[1]))
    rainy[inside] = (1 - alpha) * rainy[inside] + alpha * blurred[source_y, source_x] * shade[..., None]


def snow(photo: Photo, layers: Sequence[Layer], rng: np.random.Generator) -> Rendered:
    """Add bright soft flakes of several sizes and a thin veil: I = B T + A (1 - T), T = t (1 - S); A is nearly white.

    `layers` are those of `snow_layers`.
    """
    flakes = np.clip(rng.uniform(0.7, 1.3) * streaks(layers, photo.shape[:2], rng.uniform(0.7, 1.5, 2), rng), 0, 0.97)
    white = np.float32(max(200.0, np.percentile(photo[::GRID, ::GRID], 98)))
    through = np.float32(rng.uniform(0.85, 1.0)) * (1 - flakes)[..., None]
    return to_bytes(white + through * (photo - white)), photo


@lru_cache(1)  # rendering takes three seconds
def snow_layers(count: int, seed: int, side: int = 512) -> tuple[Layer, ...]:
    """Render `count` layers of flakes, uint8 (side, side), as a function of the seed.

    Flakes of each size are placed by a Poisson process; they are soft discs, stretched a little along the direction of the
    wind, which is the same within a layer.
    """
    from scipy.signal import fftconvolve  # it takes most of a second, and only snow needs it

    rng, made = np.random.default_rng(seed), []
    for _ in range(count):
        open_sky, wind = np.ones((side, side)), rng.uniform(-60, 60)
        for density, radius in FLAKES:
            flakes = np.zeros((side, side))
            fallen = rng.poisson(density * side * side * np.exp(rng.normal(0, 0.4)))
            flakes[tuple(rng.integers(0, side, (2, fallen)))] = rng.uniform(0.4, 1.0, fallen)
            open_sky *= 1 - np.clip(fftconvolve(flakes, flake(radius, rng.uniform(1, 2.2), wind), mode="same"), 0, 1)
        made.append(to_bytes(255 * (1 - open_sky)))
    return tuple(made)


def flake(radius: float, stretch: float, angle: float) -> np.ndarray:
    """Image of one flake: 1 inside, falling to 0 around `radius` pixels; `stretch` times longer at `angle` degrees from the
    vertical."""
    reach = int(np.ceil(radius * stretch + 3))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    radians = np.deg2rad(angle)
    along, across = x * np.sin(radians) + y * np.cos(radians), x * np.cos(radians) - y * np.sin(radians)
    return 1 / (1 + np.exp((np.hypot(along / stretch, across) - radius) / (0.3 + 0.15 * radius)))
