"""Domains of rain as one training set; of one of them, the night, a subset is drawn whose rain is as dense as the others'."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from rainmer_lib.data.paired import MixedPairs, PairedBatch, PairedRain
from rainmer_lib.data.rendered_domains import RAIN, rendered_domain
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired import UnpairedRain
from rainmer_lib.rainmer.alignment import EDGES, Densities, align_density, densities, target_shares


@dataclass(frozen=True)
class AlignedRain:
    """The domains of rain as one training set.

    `name`: of the photos that they are rendered on, or of the sets.  `before` holds the rain densities of every domain before
    alignment, `chosen` the night images that alignment kept, of `night`, which has all.  `kept`: whether what is trained on is
    in memory.
    """

    name: str
    mixed: MixedPairs
    before: Mapping[str, Densities]
    chosen: Int[np.ndarray, " chosen"]
    night: PairedRain
    kept: bool = True

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, those of the mixed pairs."""
        return self.mixed.fingerprint

    @property
    def held_out(self) -> dict[str, Sequence[Pair]]:
        """The held-out pairs by domain; the night ones are not aligned."""
        return self.mixed.held_out

    @property
    def others(self) -> dict[str, Densities]:
        """Densities of the domains that the night one is aligned with."""
        return {name: values for name, values in self.before.items() if name != self.night.name}

    def unaligned(self, keep: bool = True) -> "AlignedRain":
        """The same domains with as many night images, drawn at random: the density of their rain is all that differs.

        Nothing is kept in memory if `keep` is False, or if these are not.  ValueError if alignment kept every image: then
        there is nothing to compare.
        """
        if len(self.chosen) == len(self.night.pairs):
            raise ValueError(f"alignment kept all {len(self.chosen)} pairs of {self.night.name}: take more images")
        drawn = np.sort(np.random.default_rng(0).choice(len(self.night.pairs), len(self.chosen), replace=False))
        others = tuple(domain for domain in self.mixed.domains if domain.name != self.night.name)
        night = _kept(self.night.subset(drawn), keep and self.kept)
        return replace(self, mixed=replace(self.mixed, domains=(*others, night)), chosen=drawn)

    def batch(self, step: int, size: int, crop: int, seed: int) -> PairedBatch:
        """The batch of one step, a function of seed and step alone."""
        return self.mixed.batch(step, size, crop, seed)

    def summary(self) -> dict[str, int]:
        """Counts, for a notebook to print."""
        return self.mixed.summary() | {f"{self.night.name}: pairs before alignment": len(self.night.pairs)}


def aligned_rain(
    source: UnpairedRain, images: int, view: int, keep: bool = True, edges: Sequence[float] = EDGES
) -> AlignedRain:
    """Day, haze and night on the photos of `source`; of the night pairs a subset with the densities of the others.

    `images` as `rendered_domain` takes it, `view` is the side of whole images in pixels.  What is trained on is rendered once
    and kept in memory, unless `keep` is False, for who needs the fingerprint alone.  `edges` are those of the bins whose shares
    are matched (`alignment.FINE_EDGES` match the dense rain too).  ValueError if a density that the others have is absent at
    night: take more images.
    """
    day, haze, night = (rendered_domain(name, source, images, view) for name in RAIN)
    return align(source.name, [_kept(domain, keep) for domain in (day, haze)], night, densities_of, keep, edges)


def align(
    name: str, others: Sequence[PairedRain], night: PairedRain, measure: Callable[[PairedRain], Densities], keep: bool,
    edges: Sequence[float] = EDGES,
) -> AlignedRain:  # fmt: skip
    """The `others` as they are, and of `night` the pairs that give its densities, by `measure`, the others' shares."""
    before = {domain.name: measure(domain) for domain in (*others, night)}
    chosen = align_density(before[night.name], target_shares((before[domain.name] for domain in others), edges), edges)
    mixed = MixedPairs((*others, _kept(night.subset(chosen), keep)), view=night.view)
    return AlignedRain(name, mixed, before, chosen, night, keep)


def densities_of(domain: PairedRain) -> Densities:
    """The rain densities of a domain's pairs, measured."""
    return densities(domain.pairs)


def _kept(domain: PairedRain, keep: bool) -> PairedRain:
    return domain.in_memory() if keep else domain
