"""Unpaired training data: rainy crops and clean exemplars from disjoint photos.

A rainy image is a photo with a streak layer added, made anew for each batch; training never sees its clean photo.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from skimage.io import imread
from torch import Tensor

from rainmer_lib.data import photos
from rainmer_lib.data.batches import Batch
from rainmer_lib.data.layouts import shown
from rainmer_lib.data.synthetic_rain import render_streaks
from rainmer_lib.data.test_sets import Pair, require_folder

GAIN = (0.5, 1.5)  # brightness of a streak layer: residuals then have the statistics of Rain100L (a test checks this)

REAL_SHARE = 1 / 3  # share of real rain where it is mixed in (DCD-GAN, Sec. 4.5: 356 real images, 700 of Rain800)


@dataclass(frozen=True)
class UnpairedRain:
    """Unpaired training set: photos to add rain to, clean exemplars, and streak layers.

    Photos are uint8 (h, w, 3), layers uint8 (h, w).  `held_out` contains pairs of photos and layers that training never sees.
    `fingerprint` identifies the bytes of all of them.
    """

    name: str
    rainy_photos: list[np.ndarray]
    clean_photos: list[np.ndarray]
    layers: list[np.ndarray]
    held_out: list[Pair]
    fingerprint: str
    flip: bool = True
    real_rainy: list[np.ndarray] = field(default_factory=list)  # real photos; if any, a third of the rainy images

    def batch(self, step: int, size: int, crop: int, seed: int) -> Batch:
        """Return rainy and clean crops (size, 3, crop, crop) in [0, 1] of one step: a function of seed and step alone.

        Photo, layer, location, left-right flip and brightness are drawn independently.  Raises ValueError if a photo or a
        layer is smaller than the crop.
        """
        rng = np.random.default_rng([seed, step])
        rainy, clean = [], []
        for _ in range(size):
            real = self.real_rainy and rng.random() < REAL_SHARE
            rainy.append(self._crop(self.real_rainy, crop, rng) if real else self._rained_on(crop, rng)[0])
            clean.append(self._crop(self.clean_photos, crop, rng))
        return Batch(_to_tensor(rainy), _to_tensor(clean))

    def paired_batch(self, step: int, size: int, crop: int, seed: int) -> Batch:
        """Return rainy crops and the same crops without rain, for supervised comparisons.

        Unpaired training never sees such pairs.
        """
        rng = np.random.default_rng([seed, step])
        rainy, clean = zip(*(self._rained_on(crop, rng) for _ in range(size)), strict=True)
        return Batch(_to_tensor(rainy), _to_tensor(clean))

    def _rained_on(self, crop: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        background = self._crop(self.rainy_photos, crop, rng).astype(np.float32)
        streaks = self._crop(self.layers, crop, rng).astype(np.float32)[..., None]
        return np.clip(background + rng.uniform(*GAIN) * streaks, 0, 255), background

    def _crop(self, images: list[np.ndarray], crop: int, rng: np.random.Generator) -> np.ndarray:
        image = images[rng.integers(len(images))]
        height, width = image.shape[:2]
        if min(height, width) < crop:
            raise ValueError(f"{self.name}: an image of {height}x{width} is smaller than the crop of {crop}")
        top, left = rng.integers(height - crop + 1), rng.integers(width - crop + 1)
        patch = image[top : top + crop, left : left + crop]
        return patch[:, ::-1] if self.flip and rng.random() < 0.5 else patch

    def summary(self) -> dict[str, int]:
        """Return counts for a notebook to print."""
        return {
            "photos made rainy": len(self.rainy_photos), "clean exemplars": len(self.clean_photos),
            "streak layers": len(self.layers), **({"real rainy photos": len(self.real_rainy)} if self.real_rainy else {}),
            "held-out pairs": len(self.held_out),
        }  # fmt: skip


def _to_tensor(images: list[np.ndarray]) -> Tensor:
    stack = np.stack(images).astype(np.float32) / 255
    return torch.from_numpy(stack).permute(0, 3, 1, 2).contiguous()


def compose(photo: np.ndarray, layer: np.ndarray, gain: float) -> np.ndarray:
    """Add a streak layer to a whole photo; return the rainy image, uint8.

    The layer is mirrored at its borders where the photo is larger, and cropped where the photo is smaller.
    """
    pad = [(0, max(0, p - s)) for p, s in zip(photo.shape[:2], layer.shape, strict=True)]
    streaks = np.pad(layer, pad, mode="symmetric")[: photo.shape[0], : photo.shape[1], None].astype(np.float32)
    return np.clip(photo + gain * streaks, 0, 255).round().astype(np.uint8)


def embedded() -> UnpairedRain:
    """Return the embedded set, which needs no download.

    Three photos receive procedural rain of preset rain100l, three others are clean exemplars, two halves of a seventh are
    held out.
    """
    names = (*photos.RAINY, *photos.CLEAN, *photos.HELD_OUT)
    rendered = [(255 * render_streaks(320, 480, "rain100l", seed)).round().astype(np.uint8) for seed in range(20)]
    street = photos.load_photo(photos.HELD_OUT[0])
    # sizes as in the test sets, a short side of 320: the left and the right half, each under two rains of its own
    halves = {"left": street[50:370, :320], "right": street[50:370, 320:]}
    held_out = [
        Pair(f"china-{side}-{i}", compose(photo, layer, 1.0), photo)
        for i, pair in enumerate(zip(rendered[-4::2], rendered[-3::2], strict=True))
        for (side, photo), layer in zip(halves.items(), pair, strict=True)
    ]
    return UnpairedRain(
        "embedded",
        [photos.load_photo(name) for name in photos.RAINY],
        [photos.load_photo(name) for name in photos.CLEAN],
        rendered[:-4],
        held_out,
        photos.fingerprint([photos.photo_path(name) for name in names], rendered),
    )


def bsd_streaks() -> UnpairedRain:
    """Return BSD-Streaks: the 397 photos of BSDS500 that are in no test set, under the 413 streak layers of Garg and Nayar.

    The split is fixed: 24 photos and 24 layers are held out; half of the other photos receive rain, the other half stay
    clean.
    """
    root = require_folder("BSDS500/images", "BSDS500 (of the training set BSD-Streaks)")
    streaks = require_folder("GargStreaks/images", "the streak layers of Garg and Nayar (of BSD-Streaks)")
    listed = require_folder("BSDS500", "BSDS500") / "EXCLUDE_overlaps_Rain100L_Rain100H_Rain12.txt"
    excluded = {line.split()[0] for line in listed.read_text().splitlines() if line.strip()}
    files = [p for p in sorted(shown(root.glob("*/*.jpg"))) if f"{p.parent.name}/{p.name}" not in excluded]
    layers = sorted(shown(streaks.glob("*.png")))
    if (len(files), len(layers)) != (397, 413):
        raise ValueError(f"BSD-Streaks: expected 397 photos without leaks and 413 layers, found {len(files)}, {len(layers)}")
    rng = np.random.default_rng(397)
    files = [files[i] for i in rng.permutation(len(files))]
    layers = [layers[i] for i in rng.permutation(len(layers))]
    held = [(imread(photo), imread(layer)) for photo, layer in zip(files[:24], layers[:24], strict=True)]
    gains = rng.uniform(*GAIN, size=24)
    half = (len(files) - 24) // 2
    return UnpairedRain(
        "bsd-streaks",
        [imread(p) for p in files[24 : 24 + half]],
        [imread(p) for p in files[24 + half :]],
        [imread(p) for p in layers[24:]],
        [Pair(p.stem, compose(a, s, g), a) for p, (a, s), g in zip(files[:24], held, gains, strict=True)],
        photos.fingerprint([*files, *layers]),
    )


SOURCES: dict[str, Callable[[], UnpairedRain]] = {"embedded": embedded, "bsd-streaks": bsd_streaks}


def unpaired(name: str) -> UnpairedRain:
    """Return an unpaired training set by name; ValueError lists the names, FileNotFoundError says how to get the data."""
    if name not in SOURCES:
        raise ValueError(f"data {name!r}: choose one of {', '.join(SOURCES)}")
    return SOURCES[name]()
