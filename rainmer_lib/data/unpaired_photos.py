"""Unpaired training on photos as they are: rainy ones and clean ones, drawn independently, no rain rendered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rainmer_lib.data.batches import Batch
from rainmer_lib.data.photo_files import Ahead, PhotoFiles
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired_rain import UnpairedRain


@dataclass(frozen=True)
class UnpairedPhotos(UnpairedRain):
    """Unpaired training set of rainy and clean photos; a crop is a window of a photo, mirrored or not.

    `partners`: the clean photo of each rainy one, for supervised comparisons; none for photos without ground truth.
    `test_sets`, `photos`, `remarks`: see `UnpairedRain`.  `shown`: held-out rainy photos to look at, by name.  `record`: the
    files, in plain values.  Photos smaller than a crop are mirrored at their right and lower borders.
    """

    partners: Sequence[np.ndarray] = ()
    test_sets: tuple[str, ...] | None = None
    photos: int = 0
    remarks: tuple[str, ...] = ()
    shown: Mapping[str, np.ndarray] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    ahead: Ahead = field(default_factory=Ahead, init=False, repr=False, compare=False)

    @property
    def backgrounds(self) -> Sequence[np.ndarray]:
        """Clean partners of the rainy photos, else the clean exemplars."""
        return self.partners or self.clean_photos

    @property
    def pairs(self) -> Sequence[Pair]:
        """The rainy photos with their clean partners, read on access; ValueError if two partners differ in size."""
        return Together(self)

    def batch(self, step: int, size: int, crop: int, seed: int) -> Batch:
        """Return rainy and clean crops (size, 3, crop, crop) in [0, 1] of one step: a function of seed and step alone.

        Photo, location and left-right flip are drawn independently.  Raises ValueError if a photo cannot be read.
        """
        return self._made(super().batch, step, size, crop, seed)

    def paired_batch(self, step: int, size: int, crop: int, seed: int) -> Batch:
        """Return rainy crops and the same crops of their clean partners.

        Raises ValueError if the photos have no partners, or if two partners differ in size.
        """
        if not self.partners:
            raise ValueError(
                f"{self.name}: its rainy photos have no clean partners, which a method trained with pairs needs; "
                "choose an unpaired method, such as dcdgan, or a set with pairs"
            )
        return self._made(super().paired_batch, step, size, crop, seed)

    def _made(self, make, *arguments: int) -> Batch:
        parts = (self.rainy_photos, self.clean_photos, self.partners)
        if all(part.in_memory for part in parts if isinstance(part, PhotoFiles)):
            return make(*arguments)
        return self.ahead.take(make, *arguments)

    def _rainy(self, crop: int, rng: np.random.Generator) -> np.ndarray:
        return self._crop(self.rainy_photos, crop, rng)

    def _rained_on(self, crop: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        pair = self.pairs[rng.integers(len(self.rainy_photos))]
        both = self._window(np.concatenate([pair.rainy, pair.clean], axis=2), crop, rng)
        return both[..., :3], both[..., 3:]

    def _window(self, image: np.ndarray, crop: int, rng: np.random.Generator) -> np.ndarray:
        lacking = [max(0, crop - side) for side in image.shape[:2]]
        if any(lacking):
            image = np.pad(image, ((0, lacking[0]), (0, lacking[1]), (0, 0)), mode="symmetric")
        return super()._window(image, crop, rng)

    def require_layers(self) -> None:
        """Raise ValueError: these photos have rain of their own."""
        raise ValueError(
            f"{self.name}: its photos have rain of their own, and this method renders rain on clean ones; "
            "choose data embedded or bsd-streaks, or another method"
        )

    def summary(self) -> dict[str, int]:
        """Return counts for a notebook to print."""
        return {
            "rainy photos": len(self.rainy_photos), "clean exemplars": len(self.clean_photos),
            **({"real rainy photos": len(self.real_rainy)} if self.real_rainy else {}), "held-out pairs": len(self.held_out),
        }  # fmt: skip


class Together(Sequence):
    """The pairs of a set, each read on access."""

    def __init__(self, source: UnpairedPhotos) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source.rainy_photos)

    def __getitem__(self, index: int) -> Pair:
        rainy, clean = self.source.rainy_photos[index], self.source.partners[index]
        name = getattr(self.source.rainy_photos, "names", range(len(self)))[index]
        if rainy.shape != clean.shape:
            sizes = " and ".join(f"{image.shape[1]}x{image.shape[0]}" for image in (rainy, clean))
            raise ValueError(f"{self.source.name}: {name} and its clean partner differ in size, {sizes} pixels")
        return Pair(str(name), rainy, clean)
