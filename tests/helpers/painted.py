"""Small painted scenes, no two alike, in folders; the same under streaks."""

import numpy as np
from PIL import Image


def scene(seed, size=(60, 72)):
    """A scene of soft patches of colour, uint8, (height, width)."""
    rng = np.random.default_rng(seed)
    grid = Image.fromarray(rng.integers(30, 200, (6, 7, 3), dtype=np.uint8))
    fine = rng.integers(0, 12, (*size, 3), dtype=np.uint8)
    return np.asarray(grid.resize(size[::-1], Image.Resampling.BICUBIC)) // 8 * 7 + fine


def under_rain(image, seed):
    """The image under bright vertical streaks."""
    rng, rainy = np.random.default_rng([seed, 1]), image.astype(np.int64)
    for top, left in zip(rng.integers(0, image.shape[0] - 8, 25), rng.integers(0, image.shape[1], 25), strict=True):
        rainy[top : top + 8, left] += rng.integers(30, 90)
    return rainy.clip(0, 255).astype(np.uint8)


def save(image, path):
    """Write an image below a folder that may not exist yet; its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)
    return path


def folder(path, seeds, rainy=False, size=(60, 72), suffix=".png"):
    """A folder of scenes, named by their seeds; under rain if `rainy`."""
    for seed in seeds:
        image = scene(seed, size)
        save(under_rain(image, seed) if rainy else image, path / f"{seed:04d}{suffix}")
    return path
