"""Paired training data for supervised deraining: crops, with the whole images at a small size.

The network restores the crop; the views are computed from the whole image, which is squeezed to a square.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn.functional import interpolate

from rainmer_lib.data.batches import PairedBatch
from rainmer_lib.data.test_sets import Pair

SAMPLINGS = ("images", "domains")


@dataclass(frozen=True)
class PairedRain:
    """One domain: pairs to train on, read or rendered on access, and held-out pairs that training never sees.

    `identity` identifies the bytes of `pairs`, `fingerprint` those of the batches.  `view`: side of the whole images in
    pixels.
    """

    name: str
    pairs: Sequence[Pair]
    identity: str
    held: Sequence[Pair] = ()
    view: int = 64
    flip: bool = True

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits; equal if and only if all batches are equal (for equal step, size, crop and seed)."""
        return digest(self.identity, self.view, self.flip)

    @property
    def held_out(self) -> dict[str, Sequence[Pair]]:
        """Return the held-out pairs by domain, in the form of `MixedPairs.held_out`."""
        return {self.name: self.held}

    def batch(self, step: int, size: int, crop: int, seed: int) -> PairedBatch:
        """Return the batch of one step, a function of seed and step alone; pairs are drawn uniformly, with replacement.

        Raises ValueError that names a pair smaller than the crop.
        """
        return _batch(self.draw, np.random.default_rng([seed, step]), size, crop, self.view, self.flip)

    def draw(self, rng: np.random.Generator) -> Pair:
        """Draw a pair, each with equal probability."""
        return self.pairs[rng.integers(len(self.pairs))]

    def subset(self, indices: Sequence[int]) -> "PairedRain":
        """Return the domain with only these pairs, such as `align_density` chooses; ValueError if there are none."""
        chosen = [int(i) for i in indices]
        if not chosen or not 0 <= min(chosen) <= max(chosen) < len(self.pairs):
            raise ValueError(f"{self.name}: expected indices from 0 to {len(self.pairs) - 1}, found {chosen[:5]}")
        return replace(self, pairs=Chosen(self.pairs, tuple(chosen)), identity=digest(self.identity, chosen))

    def in_memory(self) -> "PairedRain":
        """Return the same domain with all pairs read or rendered once and kept: about 1 MB for a pair of 480x320."""
        return replace(self, pairs=list(self.pairs))

    def summary(self) -> dict[str, int]:
        """Return counts for a notebook to print."""
        return {f"{self.name}: pairs": len(self.pairs), f"{self.name}: held-out pairs": len(self.held)}


@dataclass(frozen=True)
class MixedPairs:
    """Several domains as one training set.

    `sampling`: "images" draws each image with equal probability, so a domain counts by its size (the released code shuffles
    the concatenated lists; here draws are independent); "domains" draws the domain first, each with equal probability.
    `late` are domains that are drawn besides from the step after `early` on.
    """

    domains: tuple[PairedRain, ...]
    sampling: str = "images"
    view: int = 64
    flip: bool = True
    late: tuple[PairedRain, ...] = ()
    early: int = 0
    chances: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        names = [domain.name for domain in (*self.domains, *self.late)]
        if not self.domains or len(set(names)) < len(names):
            raise ValueError(f"expected domains of different names, found {names}")
        if self.sampling not in SAMPLINGS:
            raise ValueError(f"sampling={self.sampling!r}: choose one of {', '.join(SAMPLINGS)}")
        sizes = [len(domain.pairs) if self.sampling == "images" else 1 for domain in self.domains]
        object.__setattr__(self, "chances", tuple(size / sum(sizes) for size in sizes))

    @property
    def name(self) -> str:
        """Return the domains' names, joined."""
        return "+".join(domain.name for domain in self.domains)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that identify the content of the batches, as in `PairedRain`."""
        first = digest([domain.identity for domain in self.domains], self.sampling, self.view, self.flip)
        return digest(first, self.every.fingerprint, self.early) if self.late else first

    @property
    def every(self) -> "MixedPairs":
        """Return all domains, those that come later included, as they are drawn from the step after `early` on."""
        return replace(self, domains=(*self.domains, *self.late), late=(), early=0) if self.late else self

    @property
    def held_out(self) -> dict[str, Sequence[Pair]]:
        """Return the held-out pairs by domain."""
        return {domain.name: domain.held for domain in self.domains}

    def batch(self, step: int, size: int, crop: int, seed: int) -> PairedBatch:
        """Return the batch of one step, a function of seed and step alone, like `PairedRain.batch`; steps count from 1."""
        present = self.every if step > self.early else self
        return _batch(present.draw, np.random.default_rng([seed, step]), size, crop, self.view, self.flip)

    def draw(self, rng: np.random.Generator) -> Pair:
        """Draw a pair of the first domains by the rule of `sampling`."""
        return self.domains[rng.choice(len(self.domains), p=self.chances)].draw(rng)

    def in_memory(self) -> "MixedPairs":
        """Return the same set with all pairs of all domains read or rendered once and kept."""
        domains, late = (tuple(domain.in_memory() for domain in some) for some in (self.domains, self.late))
        return replace(self, domains=domains, late=late)

    def summary(self) -> dict[str, int]:
        """Return the counts of all domains."""
        late = {f"{domain.name}: pairs, after step {self.early}": len(domain.pairs) for domain in self.late}
        return {key: value for domain in self.domains for key, value in domain.summary().items()} | late


@dataclass(frozen=True)
class Chosen(Sequence):
    """Subset of a sequence by indices; each item is fetched on access."""

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
    """Cut a batch of one: the crops at one random location, flipped alike, and the whole images resized, never flipped.

    Flip: u in {0, 1, 2, 3}; 0 turns the crops upside down, 1 exchanges left and right, 2 and 3 change nothing.  The whole
    images lose their aspect ratio; bilinear without anti-aliasing, as in the released code, which also rounds them to 8 bits.
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
    """Hash plain values to 16 hexadecimal digits."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
