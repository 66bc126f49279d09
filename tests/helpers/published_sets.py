"""Folders laid out like the published training sets of both papers and their test sets, filled with small painted scenes."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
from painted import save, scene, under_rain

from rainmer_lib.data import registry

SIZE = (96, 112)
SCENES, TESTS = 10, 3  # in a training set, in a test set
RAINS = 2  # rainy photos of each scene of DDN-Data
FOLDERS = {"rain800": "Rain800", "did-data": "DID-Data", "ddn-data": "DDN-Data", "spa-data": "SPA-Data"}


def make(root, name, size=SIZE):
    """Write a training set and its test set below `root`."""
    for part, first, count in (("train", 0, SCENES), ("test", 500, TESTS)):
        seeds = range(first, first + count)
        globals()[f"_{FOLDERS[name].split('-')[0].lower()}"](root / FOLDERS[name], part, seeds, size)


def _both(seed, size):
    return under_rain(scene(seed, size), seed), scene(seed, size)


def _rain800(folder, part, seeds, size):
    for seed in seeds:
        rainy, clean = _both(seed, size)
        save(np.hstack([clean, rainy]), folder / part / f"{seed}.jpg")


def _did(folder, part, seeds, size):
    for seed in seeds:
        rainy, clean = _both(seed + 1000, size)
        save(np.hstack([rainy, clean]), folder / part / f"{seed}.jpg")


def _ddn(folder, part, seeds, size):
    place = folder / {"train": "train", "test": "test1400"}[part]
    for seed in seeds:
        save(scene(seed + 2000, size), place / "ground_truth" / f"{seed}.jpg")
        for rain in range(1, RAINS + 1):
            save(under_rain(scene(seed + 2000, size), seed + rain), place / "rainy_image" / f"{seed}_{rain}.jpg")


def _spa(folder, part, seeds, size):
    lines = []
    for seed in seeds:
        rainy, clean = _both(seed + 3000, size)
        save(rainy, folder / part / "rain" / f"{seed}.png")
        save(clean, folder / part / "norain" / f"{seed}.png")
        lines.append(f"./{part}/rain/{seed}.png ./{part}/norain/{seed}.png")
    (folder / {"train": "real_world.txt", "test": "real_test_1000.txt"}[part]).write_text("\n".join(lines))


def rain13k(root, scenes=14, size=(168, 176)):
    """Rain13K: one rainy image of each photo."""
    for seed in range(scenes):
        rainy, clean = _both(seed + 5000, size)
        save(rainy, root / "Rain13K" / "input" / f"{seed}.png"), save(clean, root / "Rain13K" / "target" / f"{seed}.png")


def gt_rain(root, scenes=5, frames=4, size=(168, 176)):
    """GT-Rain: several rainy frames of each scene, and a clean one."""
    for seed in range(scenes):
        folder, clean = root / "GT-Rain" / "GT-RAIN_train" / f"Scene_{seed}", scene(seed + 6000, size)
        save(clean, folder / f"Scene_{seed}-Webcam-C-000.png")
        for frame in range(frames):
            rainy = under_rain(under_rain(clean, 10 * seed + frame), 50 * frame)
            save(rainy, folder / f"Scene_{seed}-Webcam-R-{frame:03d}.png")


def gtav(root, frames=4, rains=4, crop=168):
    """GTAV-NightRain: frames of 2x3 crops under several rains, from hardly any to more than the other sets have."""
    for seed in range(frames):
        night, clean = root / "GTAV-NightRain" / "set1" / "train", scene(seed + 7000, (2 * crop, 3 * crop)) // 2
        save(clean, night / "gt" / f"{seed:04d}.png")
        for rain in range(rains):
            wet = clean.astype(int)
            wet[:, :: 2 + seed % 2] += 2 + 25 * rain
            save(wet.clip(0, 255).astype(np.uint8), night / "rainy" / f"{seed:04d}_{rain:02d}.png")


def two_folders(root, name):
    """A test set of two folders, such as Rain12."""
    for seed in range(TESTS):
        rainy, clean = _both(seed + 4000, SIZE)
        save(rainy, root / name / "rain" / f"{seed}.png"), save(clean, root / name / "norain" / f"{seed}.png")


def accept_few(monkeypatch):
    """Let the registry expect no number of images, because the folders hold few."""
    sets = {
        name: replace(b, splits={key: replace(split, count=None) for key, split in b.splits.items()})
        for name, b in registry.BENCHMARKS.items()
    }
    monkeypatch.setattr(registry, "BENCHMARKS", MappingProxyType(sets))
