"""Paired training data for supervised deraining: crops, and beside them the whole images at a small size.

The crop is what is restored; the whole image, squeezed to a square, is what the views are made of.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn.functional import interpolate

from rainmer_lib.data.test_sets import Pair

SAMPLINGS = ("images", "domains")


class PairedBatch(NamedTuple):
    """Rainy and clean crops of the same places, and the whole images that they are from; RGB in [0, 1]."""

    rainy: Float[Tensor, "b 3 crop crop"]
    clean: Float[Tensor, "b 3 crop crop"]
    rainy_whole: Float[Tensor, "b 3 view view"]
    clean_whole: Float[Tensor, "b 3 view view"]


@dataclass(frozen=True)
class PairedRain:
    """One domain: pairs to train on, read or rendered when they are asked for, and pairs that training never sees.

    `identity` names the bytes of `pairs`, `fingerprint` those of the batches.  `view`: side of the whole images, pixels.
    """

    name: str
    pairs: Sequence[Pair]
    identity: str
    held: Sequence[Pair] = ()
    view: int = 64
    flip: bool = True

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits; equal if and only if every batch is (for equal step, size, crop and seed)."""
        return digest(self.identity, self.view, self.flip)

    @property
    def held_out(self) -> dict[str, Sequence[Pair]]:
        """The held-out pairs by domain, as `MixedPairs` has them."""
        return {self.name: self.held}

    def batch(self, step: int, size: int, crop: int, seed: int) -> PairedBatch:
        """The batch of one step, a function of seed and step alone; pairs are drawn uniformly, with replacement.

        ValueError names a pair that is smaller than the crop.
        """
        return _batch(self.draw, np.random.default_rng([seed, step]), size, crop, self.view, self.flip)

    def draw(self, rng: np.random.Generator) -> Pair:
        """A pair, each with equal chance."""
        return self.pairs[rng.integers(len(self.pairs))]

    def subset(self, indices: Sequence[int]) -> "PairedRain":
        """The same domain with these pairs alone, such as `align_density` chooses.  ValueError if there are none."""
        chosen = [int(i) for i in indices]
        if not chosen or not 0 <= min(chosen) <= max(chosen) < len(self.pairs):
            raise ValueError(f"{self.name}: expected indices from 0 to {len(self.pairs) - 1}, found {chosen[:5]}")
        return replace(self, pairs=Chosen(self.pairs, tuple(chosen)), identity=digest(self.identity, chosen))

    def in_memory(self) -> "PairedRain":
        """The same domain, every pair read or rendered once and kept: about 1 MB for a pair of 480x320."""
        return replace(self, pairs=list(self.pairs))

    def summary(self) -> dict[str, int]:
        """Counts, for a notebook to print."""
        return {f"{self.name}: pairs": len(self.pairs), f"{self.name}: held-out pairs": len(self.held)}


@dataclass(frozen=True)
class MixedPairs:
    """Several domains as one training set.

    `sampling`: "images" draws each image with equal chance, so a domain counts by its size (the released code shuffles
    the concatenated lists; here draws are independent); "domains" draws the domain first, each with equal chance.
    """

    domains: tuple[PairedRain, ...]
    sampling: str = "images"
    view: int = 64
    flip: bool = True
    chances: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        names = [domain.name for domain in self.domains]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"expected domains of different names, found {names}")
        if self.sampling not in SAMPLINGS:
            raise ValueError(f"sampling={self.sampling!r}: choose one of {', '.join(SAMPLINGS)}")
        sizes = [len(domain.pairs) if self.sampling == "images" else 1 for domain in self.domains]
        object.__setattr__(self, "chances", tuple(size / sum(sizes) for size in sizes))

    @property
    def name(self) -> str:
        """The domains' names, joined."""
        return "+".join(domain.name for domain in self.domains)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits; those of a batch's content, as of `PairedRain`."""
        return digest([domain.identity for domain in self.domains], self.sampling, self.view, self.flip)

    @property
    def held_out(self) -> dict[str, Sequence[Pair]]:
        """The held-out pairs by domain."""
        return {domain.name: domain.held for domain in self.domains}

    def batch(self, step: int, size: int, crop: int, seed: int) -> PairedBatch:
        """The batch of one step, a function of seed and step alone, as `PairedRain.batch`."""
        return _batch(self.draw, np.random.default_rng([seed, step]), size, crop, self.view, self.flip)

    def draw(self, rng: np.random.Generator) -> Pair:
        """A pair, by the rule of `sampling`."""
        return self.domains[rng.choice(len(self.domains), p=self.chances)].draw(rng)

    def in_memory(self) -> "MixedPairs":
        """The same, every pair of every domain read or rendered once and kept."""
        return replace(self, domains=tuple(domain.in_memory() for domain in self.domains))

    def summary(self) -> dict[str, int]:
        """Counts of all domains."""
        return {key: value for domain in self.domains for key, value in domain.summary().items()}


@dataclass(frozen=True)
class Chosen(Sequence):
    """Some items of a sequence, each fetched when it is asked for."""

    whole: Sequence
    indices: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int):
        return self.whole[self.indices[index]]


def _batch(
    draw: Callable[[np.random.Generator], Pair], rng: np.random.Generator, size: int, crop: int, view: int, flip: bool
) -> PairedBatch:
    samples = [paired_sample(draw(rng), crop, view, rng, flip) for _ in range(size)]
    return PairedBatch(*(torch.cat(images) for images in zip(*samples, strict=True)))


def paired_sample(pair: Pair, crop: int, view: int, rng: np.random.Generator, flip: bool = True) -> PairedBatch:
    """A batch of one: the crops at one random place, flipped alike, and the whole images resized, never flipped.

    Flip: u in {0, 1, 2, 3}, 0 turns the crops upside down, 1 exchanges left and right, else none.  The whole images lose
    their aspect ratio; bilinear without anti-aliasing, as in the released code, which reads them as 8-bit first.
    """
    height, width = pair.clean.shape[:2]
    if min(height, width) < crop:
        raise ValueError(f"{pair.name}: {height}x{width} is smaller than the crop of {crop}; take smaller crops")
    top, left = rng.integers(height - crop + 1), rng.integers(width - crop + 1)
    how = rng.integers(4) if flip else 3
    window = np.s_[top : top + crop, left : left + crop]
    crops = [_flipped(image[window], how) for image in (pair.rainy, pair.clean)]
    whole = [
        interpolate(_tensor(image), size=(view, view), mode="bilinear", align_corners=False, antialias=False)
        for image in (pair.rainy, pair.clean)
    ]
    return PairedBatch(*(_tensor(image) for image in crops), *whole)


def _flipped(image: np.ndarray, how: int) -> np.ndarray:
    return {0: image[::-1], 1: image[:, ::-1]}.get(int(how), image)


def _tensor(image: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "1 3 h w"]:
    return torch.from_numpy(np.array(image, order="C")).permute(2, 0, 1)[None].float() / 255


def digest(*parts) -> str:
    """16 hexadecimal digits that name plain values."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
