"""Procedural rain: seeded streak layers, three ways to blend them, haze, and light at night.

Presets are calibrated on the residuals (rainy minus clean) of Rain100L, Rain100H and Rain12; `residual_statistics`
computes the statistics that they match.  Images are float arrays (h, w, 3) in [0, 1], streak layers (h, w) in [0, 1].
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

BLENDS = ("additive", "screen", "environment")


@dataclass(frozen=True)
class Streaks:
    """Parameters of one family of streaks.

    density: streaks per pixel; length, width: pixels at the farthest depth (width: sigma of the cross-section); spread:
    degrees by which angles vary within an image; depths: number of layers between the farthest and the nearest, whose sizes
    differ by the factor `near`; brightness: lowest and highest brightness of a streak.
    """

    density: float
    length: float
    width: float
    spread: float
    depths: int
    near: float
    brightness: tuple[float, float]


@dataclass(frozen=True)
class RainPreset:
    """Families of streaks, haze (optical depth of the farthest point), blend, and night light (glow of the lamps)."""

    families: tuple[Streaks, ...]
    blend: str = "additive"
    haze: float = 0.0
    night: float = 0.0


PRESETS = {
    "rain100l": RainPreset((Streaks(0.0032, 22, 0.55, 1.0, 2, 1.5, (0.04, 0.42)),)),
    "rain12": RainPreset((Streaks(0.0125, 10, 0.4, 4.0, 2, 1.5, (0.03, 0.27)),)),
    "rain100h": RainPreset((Streaks(0.008, 25, 0.6, 1.0, 2, 1.5, (0.1, 0.34)),) * 3),
    "light": RainPreset((Streaks(0.0008, 24, 0.55, 1.5, 3, 2.2, (0.12, 0.6)),), "environment", haze=0.05),
    "medium": RainPreset((Streaks(0.0022, 26, 0.6, 2.0, 3, 2.2, (0.12, 0.6)),), "environment", haze=0.25),
    "heavy": RainPreset((Streaks(0.005, 34, 0.65, 2.5, 4, 2.6, (0.1, 0.5)),), "environment", haze=0.6),
    "drizzle": RainPreset((Streaks(0.006, 9, 0.45, 4.0, 3, 2.2, (0.08, 0.3)),), "screen", haze=0.5),
    "night": RainPreset((Streaks(0.003, 26, 0.6, 2.0, 3, 2.2, (0.1, 0.6)),), "screen", haze=0.2, night=1.0),
}


def streak_kernel(length: float, angle: float, width: float) -> np.ndarray:
    """Image of one streak: a segment of `length` pixels, `angle` degrees from the vertical, Gaussian cross-section of
    sigma `width`, tips that fade over a fifth of the length; peak 1."""
    radius = int(np.ceil(length / 2 + 3 * width))
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    radians = np.deg2rad(angle)
    along, across = x * np.sin(radians) + y * np.cos(radians), x * np.cos(radians) - y * np.sin(radians)
    tips = np.clip((length / 2 - np.abs(along)) / max(0.2 * length, 1) + 0.5, 0, 1)
    kernel = np.exp(-(across**2) / (2 * width**2)) * tips
    return kernel / kernel.max()


def scattered(seeds: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Convolve `seeds` (h, w), few of which differ from 0, with a `kernel` (k, k) of odd size; zeros beyond the borders.

    One kernel is added for each seed, which takes a third of the time of a convolution by Fourier transforms.
    """
    size = len(kernel)
    padded = np.zeros((seeds.shape[0] + size - 1, seeds.shape[1] + size - 1))
    for y, x in zip(*np.nonzero(seeds), strict=True):
        padded[y : y + size, x : x + size] += seeds[y, x] * kernel
    radius = size // 2
    return padded[radius : padded.shape[0] - radius, radius : padded.shape[1] - radius]


def streak_layer(height: int, width: int, family: Streaks, angle: float, rng: np.random.Generator) -> np.ndarray:
    """Render one layer (height, width) of streaks in [0, 1].

    For each depth, seed points are placed by a Poisson process and convolved with a streak; towards the viewer, streaks
    become larger and fewer (as the inverse square).  Each depth has three sub-populations that differ in length, width and
    angle.
    """
    margin = int(family.length * family.near) + 8
    shape = (height + 2 * margin, width + 2 * margin)
    sizes = np.geomspace(1, family.near, family.depths)
    shares = sizes**-2 / (sizes**-2).sum()
    dark = np.ones(shape)  # light that no streak has covered
    for depth, (size, share) in enumerate(zip(sizes, shares, strict=True)):
        closeness = 0.55 + 0.45 * depth / max(family.depths - 1, 1)
        for _ in range(3):
            seeds = np.zeros(shape)
            count = rng.poisson(family.density * share / 3 * seeds.size)
            places = rng.integers(0, shape[0], count), rng.integers(0, shape[1], count)
            seeds[places] = rng.uniform(*family.brightness, count) * closeness
            kernel = streak_kernel(
                family.length * size * rng.uniform(0.7, 1.3),
                angle + rng.normal(0, family.spread),
                family.width * size * rng.uniform(0.8, 1.2),
            )
            dark *= 1 - np.clip(scattered(seeds, kernel), 0, 1)
    return 1 - dark[margin:-margin, margin:-margin]


def render_streaks(height: int, width: int, preset: str, seed: int) -> np.ndarray:
    """Render the streaks (height, width) of a preset.

    The families are summed; density and brightness vary from image to image.
    """
    settings, rng = _preset(preset), np.random.default_rng(seed)
    total, direction = np.zeros((height, width)), rng.normal(0, 14)
    for number, family in enumerate(settings.families):
        crowd, shine = np.exp(rng.normal(0, 0.45)), np.exp(rng.normal(0, 0.25))
        varied = Streaks(
            family.density * crowd, family.length, family.width, family.spread, family.depths, family.near,
            tuple(min(b * shine, 1.0) for b in family.brightness),
        )  # fmt: skip
        angle = direction + (rng.normal(0, 8) if number else 0.0)
        total += streak_layer(height, width, varied, angle, rng)
    return np.clip(total, 0, 1)


def add_streaks(image: np.ndarray, streaks: np.ndarray, blend: str = "additive") -> np.ndarray:
    """Add streaks S to an image B.

    additive:     B + S, clipped (Rain100L, Rain100H, Rain12; the paper's Eq. (1))
    screen:       1 - (1 - B)(1 - S)
    environment:  B (1 - S) + S E; a drop shows its wide-angle surroundings E, so streaks vanish before a bright sky
                  (Garg and Nayar 2006)
    """
    s = streaks[..., None]
    if blend == "additive":
        return np.clip(image + s, 0, 1)
    if blend == "screen":
        return 1 - (1 - image) * (1 - s)
    if blend == "environment":
        surroundings = np.clip(0.6 * _wide_blur(image) + 0.45 * image.max(), 0, 1)
        return image * (1 - s) + s * surroundings
    raise ValueError(f"blend {blend!r}: choose one of {', '.join(BLENDS)}")


def _wide_blur(image: np.ndarray) -> np.ndarray:
    """Blur by a Gaussian with a sigma of a sixth of the longer side.

    Computed on every eighth pixel, because the result is that smooth.
    """
    small = image[::8, ::8]
    sigma = max(image.shape[:2]) / 48
    small = gaussian_filter(small, (sigma, sigma, 0))
    rows = np.linspace(0, small.shape[0] - 1, image.shape[0]).round().astype(int)
    columns = np.linspace(0, small.shape[1] - 1, image.shape[1]).round().astype(int)
    return gaussian_filter(small[rows][:, columns], (4, 4, 0))


def pseudo_depth(height: int) -> np.ndarray:
    """Return a plausible depth of the rows (height, 1, 1) of a scene without measured depth.

    It is 1 above a horizon at 45 % of the height and falls towards the viewer below the horizon.
    """
    y = np.linspace(0, 1, height)[:, None, None]
    below = 0.12 / np.maximum(y - 0.45 + 0.12, 1e-3)
    return np.where(y < 0.45, 1.0, np.clip(below, 0, 1))


def add_haze(image: np.ndarray, optical_depth: float) -> np.ndarray:
    """Add haze by Koschmieder's law, B t + A (1 - t) with t = exp(-optical_depth * d), d the pseudo-depth."""
    transmission = np.exp(-optical_depth * pseudo_depth(image.shape[0]))
    airlight = 0.9 * np.percentile(image, 95)
    return image * transmission + airlight * (1 - transmission)


def to_night(image: np.ndarray, streaks: np.ndarray, glow: float) -> tuple[np.ndarray, np.ndarray]:
    """Darken a photo to night, let its brightest parts glow, and light the streaks by that glow alone.

    Returns the night image without rain (the clean target) and the streaks as the lamps light them.
    """
    lamps = np.clip(image - np.percentile(image, 97), 0, None).max(axis=2)
    halo = gaussian_filter(lamps, max(image.shape[:2]) / 24)
    halo = halo / max(halo.max(), 1e-6)
    night = np.clip(0.28 * image**1.4 * (0.8, 0.9, 1.1) + 0.35 * glow * halo[..., None] * (1.0, 0.9, 0.7), 0, 1)
    return night, streaks * np.clip(0.1 + 0.9 * halo, 0, 1)


def render(image: np.ndarray, preset: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Render rain on a photo; return (rainy, clean), equal in shape and range to `image`.

    `clean` is the photo itself, except for the preset `night`, where it is the night scene.  Haze counts as part of the rain.
    Raises ValueError on an unknown preset or an image that is not (h, w, 3) in [0, 1].
    """
    settings = _preset(preset)
    if image.ndim != 3 or image.shape[2] != 3 or not (image.min() >= 0 and image.max() <= 1):
        raise ValueError(f"expected an RGB image (h, w, 3) in [0, 1], found {image.shape}, {image.dtype}")
    streaks, clean = render_streaks(*image.shape[:2], preset, seed), image
    if settings.night:
        clean, streaks = to_night(image, streaks, settings.night)
    hazy = add_haze(clean, settings.haze) if settings.haze else clean
    return add_streaks(hazy, streaks, settings.blend), clean


def residual_statistics(rainy: np.ndarray, clean: np.ndarray) -> dict[str, float]:
    """Compute statistics of the residual rainy - clean of a pair in [0, 1], on the 8-bit scale.

    psnr_y (dB, Y of BT.601), mean, share (per cent of pixels brighter by more than 5 %), p99, negative (per cent of
    pixels darker by more than one level).
    """
    residual = (rainy - clean) * 255
    grey = residual.mean(axis=2)
    error = (residual @ np.array([65.481, 128.553, 24.966])) / 255
    return {
        "psnr_y": float(10 * np.log10(255**2 / max(np.mean(error**2), 1e-12))),
        "mean": float(grey.mean()),
        "share": float(100 * (grey > 12.75).mean()),
        "p99": float(np.percentile(grey, 99)),
        "negative": float(100 * (grey < -1).mean()),
    }


def _preset(name: str) -> RainPreset:
    if name not in PRESETS:
        raise ValueError(f"rain preset {name!r}: choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
