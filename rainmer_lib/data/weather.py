"""Render rain by day, in haze and at night on whole photos, for the rendered training domains.

Each function takes a photo, uint8 (h, w, 3), a pool of streak layers, uint8 (h', w'), and a random generator from which it
draws everything; it returns (rainy, clean), uint8.  The equations hold on [0, 1].  The presets of `synthetic_rain` are
calibrated on Rain100L, Rain100H and Rain12; these functions are calibrated on the rain densities of Rain13K, GT-Rain and
GTAV-NightRain.  They take their streaks from existing layers, so a photo of 481x321 takes milliseconds.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from rainmer_lib.data.synthetic_rain import pseudo_depth

Photo = UInt8[np.ndarray, "h w 3"]
Layer = UInt8[np.ndarray, "h w"]
Plane = Float32[np.ndarray, "h w"]
Rendered = tuple[Photo, Photo]

WARM = np.array((1.0, 0.85, 0.6), np.float32)  # light of street lamps
MOON = np.array((0.85, 0.95, 1.1), np.float32)  # tint of regions that no lamp lights
GRID = 4  # pixels between the points where the light of lamps is computed, which is smooth


def day(photo: Photo, layers: Sequence[Layer], rng: np.random.Generator) -> Rendered:
    """Add streaks to a photo: I = min(B + S, 1), S the sum of three to six layers, light to heavy."""
    strength = np.exp(rng.normal(0.0, 0.4))
    scales = rng.uniform(1.0, 1.6, rng.integers(3, 7))
    rainy = photo + strength * 255 * streaks(layers, photo.shape[:2], scales, rng)[..., None]
    return to_bytes(rainy), photo


def haze(photo: Photo, layers: Sequence[Layer], rng: np.random.Generator) -> Rendered:
    """Add a rain veil and fine streaks: I = B T + A (1 - T), T = exp(-tau d) (1 - S).

    d is `pseudo_depth`.  A streak shows the light A of the veil around it, so it acts like one more thin veil.
    """
    optical_depth = np.clip(np.exp(rng.normal(-1.25, 0.45)), 0.05, 1.5)
    airlight = np.float32(rng.uniform(0.8, 0.95) * np.percentile(photo[::GRID, ::GRID], 95))
    veil = np.exp(-optical_depth * pseudo_depth(photo.shape[0])).astype(np.float32)
    fine = streaks(layers, photo.shape[:2], rng.uniform(0.6, 1.0, 3), rng)
    through = veil * (1 - np.clip(rng.uniform(0.6, 1.6) * fine, 0, 1))[..., None]
    return to_bytes(airlight + through * (photo - airlight)), photo


def night(photo: Photo, layers: Sequence[Layer], rng: np.random.Generator) -> Rendered:
    """Turn a photo to night, with streaks that shine where a lamp lights them: I = 1 - (1 - C) (1 - S (0.12 + L)).

    C, the ground truth, is the night scene with its lamps and their glow; L is the light of the lamps (`night_scene`).
    """
    clean, light = night_scene(photo, rng)
    strength = np.exp(rng.normal(-0.6, 0.6))
    lit = strength * streaks(layers, photo.shape[:2], rng.uniform(1.0, 1.6, 2), rng) * (0.12 + light)
    shown = clean.astype(np.float32)
    return to_bytes(255 - (255 - shown) * (1 - np.clip(lit, 0, 1))[..., None]), clean


def night_scene(photo: Photo, rng: np.random.Generator) -> tuple[Photo, Plane]:
    """Return a photo at night, C = min(B^1.5 (0.14 moon + 0.9 L warm) + 0.5 G warm, 1), and the lamps' light L (h, w).

    Two to five lamps stand at bright locations of the photo.  L falls as the inverse square beyond a lamp's reach; G, the
    glow that the air scatters towards the viewer, is L with a reach four times smaller.
    """
    height, width = photo.shape[:2]
    coarse = photo[::GRID, ::GRID].astype(np.float32).mean(axis=2)
    bright = np.argwhere(coarse >= 0.75 * np.percentile(coarse, 95) + 0.25 * coarse.max())
    lamps = bright[rng.integers(len(bright), size=rng.integers(2, 6))]
    y, x = np.mgrid[: coarse.shape[0], : coarse.shape[1]].astype(np.float32)
    light, glow = np.zeros_like(coarse), np.zeros_like(coarse)
    for row, column in lamps:
        reach, power = rng.uniform(0.05, 0.16) * max(coarse.shape), rng.uniform(0.4, 1.0)
        squared = (y - row) ** 2 + (x - column) ** 2
        light += (power / (1 + squared / reach**2)).astype(np.float32)
        glow += (power / (1 + 16 * squared / reach**2)).astype(np.float32)
    light, glow = (
        np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR)) for plane in (light, glow)
    )
    lit = 0.14 * MOON + 0.9 * light[..., None] * WARM
    return to_bytes(_NIGHT_CURVE[photo] * lit + 127 * glow[..., None] * WARM), light


_NIGHT_CURVE = (255 * np.linspace(0, 1, 256) ** 1.5).astype(np.float32)


def streaks(layers: Sequence[Layer], size: tuple[int, int], scales: Sequence[float], rng: np.random.Generator) -> Plane:
    """Sum one layer of the pool per scale to streaks (h, w), 0 or more; all layers are mirrored, or none."""
    total = sum(window(layers[rng.integers(len(layers))], size, scale, rng).astype(np.float32) for scale in scales)
    total /= 255
    return total[:, ::-1] if rng.random() < 0.5 else total


def window(layer: Layer, size: tuple[int, int], scale: float, rng: np.random.Generator) -> Layer:
    """Cut a random part of a layer and enlarge it by `scale` to `size`; a layer too small for that is repeated."""
    indices = []
    for wanted, there in zip(size, layer.shape, strict=True):
        needed = max(1, round(wanted / scale))
        indices.append((rng.integers(max(1, there - needed + 1)) + np.arange(needed)) % there)
    part = Image.fromarray(layer[np.ix_(*indices)])
    return np.asarray(part.resize(size[::-1], Image.Resampling.BILINEAR))


def to_bytes(image: np.ndarray) -> Photo:
    """Clip values to 0..255 and round them to uint8."""
    return (np.clip(image, 0, 255) + 0.5).astype(np.uint8)
