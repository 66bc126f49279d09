"""Unpaired training data: rainy crops and clean exemplars from disjoint photos.

A rainy image is a photo with a streak layer added, made anew for each batch; training never sees its clean photo.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from rainmer_lib.data.batches import Batch
from rainmer_lib.data.test_sets import Pair

GAIN = (0.5, 1.5)  # brightness of a streak layer: residuals then have the statistics of Rain100L (a test checks this)

REAL_SHARE = 1 / 3  # share of real rain where it is mixed in (DCD-GAN, Sec. 4.5: 356 real images, 700 of Rain800)


@dataclass(frozen=True)
class UnpairedRain:
    """Unpaired training set: photos to add rain to, clean exemplars, and streak layers.

    Photos are uint8 (h, w, 3), layers uint8 (h, w).  `held_out` contains pairs of photos and layers that training never sees.
    `fingerprint` identifies the bytes of all of them.
    """

    name: str
    rainy_photos: Sequence[np.ndarray]
    clean_photos: Sequence[np.ndarray]
    layers: list[np.ndarray]
    held_out: Sequence[Pair]
    fingerprint: str
    flip: bool = True
    real_rainy: Sequence[np.ndarray] = field(default_factory=list)  # real photos; if any, a third of the rainy images

    test_sets = None  # tests that belong to the set, after its held-out pairs; None: the profile's
    photos = 0  # rainy photos of one epoch, where a profile's steps do not count them already
    remarks = ()  # what the set is and how it differs from the paper's, a line each
    shown = MappingProxyType({})  # held-out rainy photos to look at, by name, where they are not those of `held_out`
    record = MappingProxyType({})  # the files, in plain values, where a run is to remember them

    @property
    def backgrounds(self) -> Sequence[np.ndarray]:
        """Photos of the training set without rain, on which other rain can be rendered."""
        return self.rainy_photos

    def batch(self, step: int, size: int, crop: int, seed: int) -> Batch:
        """Return rainy and clean crops (size, 3, crop, crop) in [0, 1] of one step: a function of seed and step alone.

        Photo, layer, location, left-right flip and brightness are drawn independently.  Raises ValueError if a photo or a
        layer is smaller than the crop.
        """
        rng = np.random.default_rng([seed, step])
        rainy, clean = [], []
        for _ in range(size):
            real = self.real_rainy and rng.random() < REAL_SHARE
            rainy.append(self._crop(self.real_rainy, crop, rng) if real else self._rainy(crop, rng))
            clean.append(self._crop(self.clean_photos, crop, rng))
        return Batch(_to_tensor(rainy), _to_tensor(clean))

    def paired_batch(self, step: int, size: int, crop: int, seed: int) -> Batch:
        """Return rainy crops and the same crops without rain, for supervised comparisons.

        Unpaired training never sees such pairs.
        """
        rng = np.random.default_rng([seed, step])
        rainy, clean = zip(*(self._rained_on(crop, rng) for _ in range(size)), strict=True)
        return Batch(_to_tensor(rainy), _to_tensor(clean))

    def real_batch(self, step: int, size: int, crop: int, seed: int) -> Tensor:
        """Return crops (size, 3, crop, crop) of real rainy photos, of the rainy images where there are none.

        They are drawn independently of the other batches of a step.
        """
        rng = np.random.default_rng([seed, step, 1])
        real = self.real_rainy
        return _to_tensor([self._crop(real, crop, rng) if len(real) else self._rainy(crop, rng) for _ in range(size)])

    def _rainy(self, crop: int, rng: np.random.Generator) -> np.ndarray:
        return self._rained_on(crop, rng)[0]

    def _rained_on(self, crop: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        background = self._crop(self.rainy_photos, crop, rng).astype(np.float32)
        streaks = self._crop(self.layers, crop, rng).astype(np.float32)[..., None]
        return np.clip(background + rng.uniform(*GAIN) * streaks, 0, 255), background

    def _crop(self, images: Sequence[np.ndarray], crop: int, rng: np.random.Generator) -> np.ndarray:
        return self._window(images[rng.integers(len(images))], crop, rng)

    def _window(self, image: np.ndarray, crop: int, rng: np.random.Generator) -> np.ndarray:
        top, left, mirrored = self.place(image.shape[:2], crop, rng)
        patch = image[top : top + crop, left : left + crop]
        return patch[:, ::-1] if mirrored else patch

    def place(self, shape: tuple[int, int], crop: int, rng: np.random.Generator) -> tuple[int, int, bool]:
        """Draw a window in an image of this height and width: top, left, and whether it is mirrored left to right."""
        height, width = shape
        if min(height, width) < crop:
            raise ValueError(f"{self.name}: an image of {height}x{width} is smaller than the crop of {crop}")
        top, left = rng.integers(height - crop + 1), rng.integers(width - crop + 1)
        return int(top), int(left), bool(self.flip and rng.random() < 0.5)

    def require_layers(self) -> None:
        """Do nothing: rain can be rendered on these photos.  Sets with rain of their own raise ValueError."""

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
