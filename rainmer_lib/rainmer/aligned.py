"""Domains of rain as one training set, with a subset of the night domain whose rain is as dense as that of the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from rainmer_lib.data.batches import PairedBatch
from rainmer_lib.data.light_rain import light_rain
from rainmer_lib.data.paired import MixedPairs, PairedRain
from rainmer_lib.data.rendered_domains import RAIN, rendered_domain
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.rainmer.alignment import EDGES, Densities, align_density, densities, target_shares


@dataclass(frozen=True)
class AlignedRain:
    """Domains of rain as one training set.

    `name` is the name of the photos that they are rendered on, or of the sets.  `before` holds the rain densities of every
    domain before alignment.  `night` holds all night images, and `chosen` the indices of those that alignment kept.  `kept`
    says whether the training pairs are in memory.  Where nothing is aligned (`unaligned_domains`), `night` is None, and
    `before` and `chosen` are empty.
    """

    name: str
    mixed: MixedPairs
    before: Mapping[str, Densities]
    chosen: Int[np.ndarray, " chosen"]
    night: PairedRain | None
    kept: bool = True

    @property
    def aligned(self) -> bool:
        """Whether the night domain is aligned with others."""
        return self.night is not None

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the batches, 16 hexadecimal digits."""
        return self.mixed.fingerprint

    @property
    def held_out(self) -> dict[str, Sequence[Pair]]:
        """Held-out pairs by domain; the night ones are not aligned."""
        return self.mixed.held_out

    @property
    def others(self) -> dict[str, Densities]:
        """Densities of the domains that the night one is aligned with."""
        return {name: values for name, values in self.before.items() if self.aligned and name != self.night.name}

    def unaligned(self, keep: bool = True) -> "AlignedRain":
        """Return the same domains with as many night images, drawn at random, so that only the density of their rain differs.

        Nothing is kept in memory if `keep` is False, or if the domains of this set are not.  Raises ValueError if nothing is
        aligned or if alignment kept every image, because there is then nothing to compare.
        """
        if not self.aligned:
            raise ValueError(f"{self.name}: nothing is aligned here, so there is nothing to compare")
        if len(self.chosen) == len(self.night.pairs):
            raise ValueError(f"alignment kept all {len(self.chosen)} pairs of {self.night.name}: take more images")
        drawn = np.sort(np.random.default_rng(0).choice(len(self.night.pairs), len(self.chosen), replace=False))
        others = tuple(domain for domain in self.mixed.domains if domain.name != self.night.name)
        night = _kept(self.night.subset(drawn), keep and self.kept)
        return replace(self, mixed=replace(self.mixed, domains=(*others, night)), chosen=drawn)

    def batch(self, step: int, size: int, crop: int, seed: int) -> PairedBatch:
        """Return the batch of one step, a function of seed and step alone; steps count from 1."""
        return self.mixed.batch(step, size, crop, seed)

    def summary(self) -> dict[str, int]:
        """Return counts for a notebook to print."""
        every = {f"{self.night.name}: pairs before alignment": len(self.night.pairs)} if self.aligned else {}
        return self.mixed.summary() | every


def aligned_rain(
    source: UnpairedRain, images: int, view: int, keep: bool = True, edges: Sequence[float] = EDGES, held: int = 0,
    early: int = 0,
) -> AlignedRain:  # fmt: skip
    """Render day, haze and night on the photos of `source`, and keep a subset of the night pairs with the others' densities.

    `images` and `held` are passed to `rendered_domain`; `view` is the side of whole images in pixels.  The training pairs are
    rendered once and kept in memory, unless `keep` is False, for callers that need the fingerprint alone.  `edges` are those of
    the bins whose shares are matched (`alignment.FINE_EDGES` match the dense rain too).  Raises ValueError if a density that
    the others have is absent at night: take more images.  With `early` above 0, light rain and dry photos (`light_rain`) come
    after so many steps (`MixedPairs.late`).
    """
    day, haze, night = (rendered_domain(name, source, images, view, held=held) for name in RAIN)
    found = align(source.name, [_kept(domain, keep) for domain in (day, haze)], night, densities_of, keep, edges)
    if not early:
        return found
    late = tuple(_kept(domain, keep) for domain in light_rain(source, images, view))
    return replace(found, mixed=replace(found.mixed, early=early, late=late))


def align(
    name: str, others: Sequence[PairedRain], night: PairedRain, measure: Callable[[PairedRain], Densities], keep: bool,
    edges: Sequence[float] = EDGES,
) -> AlignedRain:  # fmt: skip
    """Join the `others`, unchanged, with the pairs of `night` whose densities, by `measure`, have the shares of the others."""
    before = {domain.name: measure(domain) for domain in (*others, night)}
    chosen = align_density(before[night.name], target_shares((before[domain.name] for domain in others), edges), edges)
    mixed = MixedPairs((*others, _kept(night.subset(chosen), keep)), view=night.view)
    return AlignedRain(name, mixed, before, chosen, night, keep)


def unaligned_domains(name: str, domains: Sequence[PairedRain]) -> AlignedRain:
    """Join domains, all unchanged: without a night domain, or without another one, there is nothing to align."""
    return AlignedRain(name, MixedPairs(tuple(domains), view=domains[0].view), {}, np.array([], int), None, kept=False)


def densities_of(domain: PairedRain) -> Densities:
    """Measure the rain densities of a domain's pairs."""
    return densities(domain.pairs)


def _kept(domain: PairedRain, keep: bool) -> PairedRain:
    return domain.in_memory() if keep else domain
