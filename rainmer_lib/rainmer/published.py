"""Published training sets as domains of rain: Rain13K, GT-Rain and GTAV-NightRain, as many of them as are in the user's folder.

Photos that a test set contains are left out of training: Rain13K holds Rain12 and many backgrounds of Rain100L and Rain100H.
Densities and leaks are measured once and remembered.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rainmer_lib import atomic, paths
from rainmer_lib.data import registry
from rainmer_lib.data.leaks import leaks
from rainmer_lib.data.paired import PairedRain, digest
from rainmer_lib.data.paired_folders import REGISTERED, folder_domain, identity_of, listing_of
from rainmer_lib.rainmer.aligned import AlignedRain, align, densities_of, unaligned_domains
from rainmer_lib.rainmer.alignment import EDGES, Densities
from rainmer_lib.training import seal

# name -> number of clean photos that are held out; a frame of the last set makes six pairs
HELD_OUT = {"rain13k": 24, "gt-rain": 8, "gtav-crops": 4}
NIGHT = "gtav-crops"
# every test set of a notebook; only those present on this machine are searched
TESTED = ("rain100l", "rain100h", "rain12", "raincityscapes60", "rain800", "did-data", "ddn-data/test2800", "gt-rain")


class PublishedSets:
    """The sets that are there, as a choice of the parameter `data`.

    `name` is `published` if all three are there, else the names of those that are, so that results on fewer are never taken
    for results on all.  FileNotFoundError says how to get them if none is there, ValueError names files without a partner.
    """

    name = "published"

    def __init__(self) -> None:
        absent = {}
        for name in HELD_OUT:
            try:
                listing_of(name)  # checks the file lists before the long measurements begin
            except FileNotFoundError as error:
                absent[name] = str(error)
        self.present = tuple(name for name in HELD_OUT if name not in absent)
        self.absent = tuple(absent)
        if not self.present:
            raise FileNotFoundError(f"none of Rainmer's training sets is there. {' '.join(absent.values())}")
        if absent:
            self.name = "+".join(self.present)

    @property
    def aligns(self) -> bool:
        """Whether the night set is there, and another one whose densities it can take."""
        return NIGHT in self.present and len(self.present) > 1

    def remarks(self) -> list[str]:
        """Say which sets are absent, and what that means."""
        if not self.absent:
            return []
        found = [f"trained on {', '.join(self.present)}; absent: {', '.join(self.absent)}, so this is not the paper's mixture"]
        if not self.aligns:
            found.append(f"nothing is aligned: alignment needs {NIGHT} and at least one other set")
        elif len(self.present) < len(HELD_OUT):
            found.append(f"{NIGHT} is aligned with {self.present[0]} alone, not with the mean of two sets")
        return found

    def aligned(self, view: int, say: Callable[[str], None] = print, edges: Sequence[float] = EDGES) -> AlignedRain:
        """Return Rain13K, GT-Rain, and the crops of GTAV-NightRain that have the densities of the other two.

        These are not the 12,321 crops of the released list, because photos that a test set contains and held-out scenes are
        removed before alignment, as are the crops that the released code leaves out after it.  `view` is the side of whole
        images in pixels; `edges` are those of `aligned_rain`.  Pairs are read when they are drawn.  Domains are named
        `<set>-train`, because GT-Rain is also a test set.  Of fewer sets, night is aligned with the one other; without night
        or without another set, nothing is aligned (`remarks`).  Raises ValueError if a density of the others is absent at
        night.
        """
        for remark in self.remarks():
            say(remark)
        domains = [_domain(name, view, say) for name in self.present]
        if not self.aligns:
            return unaligned_domains(self.name, domains)
        *others, night = domains
        return align(self.name, others, night, lambda domain: known_densities(domain, say), keep=False, edges=edges)


def _domain(name: str, view: int, say: Callable[[str], None]) -> PairedRain:
    domain = folder_domain(name, view, HELD_OUT[name], without=shown_by_tests(name, say))
    return replace(domain, name=f"{name}-train")


PUBLISHED = {PublishedSets.name: PublishedSets}


def shown_by_tests(name: str, say: Callable[[str], None] = print) -> tuple[str, ...]:
    """Return the names of a training set's pairs whose clean photo is in one of `TESTED`; sets that are absent are skipped."""
    found = set()
    for test in TESTED:
        _, split = registry.lookup(test)
        if split.present():
            key = digest(name, identity_of(listing_of(name)), test, identity_of(split.listing()))
            say(f"{name}: photos that {test} shows too (searched once)")
            found.update(_remembered(f"leaks-{key}", lambda test=test: [leak.train for leak in leaks(REGISTERED[name], test)]))
    return tuple(sorted(found))


def known_densities(domain: PairedRain, say: Callable[[str], None] = print) -> Densities:
    """Return the rain densities of a domain's pairs, measured once, because every pair has to be read for them."""
    say(f"{domain.name}: rain densities of {len(domain.pairs)} pairs (measured once)")
    return np.array(_remembered(f"densities-{domain.identity}", lambda: densities_of(domain).tolist()))


def _remembered(name: str, compute: Callable[[], list]) -> list:
    """Return what `compute` returned the first time; it is kept as JSON, sealed, in the folder of runs."""
    path = paths.runs_root() / "measured" / f"{name}.json"
    if not seal.intact(path) or not _is_list(path):
        atomic.write_json(path, compute())
        seal.seal(path.parent, [path.name])
    return json.loads(path.read_text(encoding="utf-8"))


def _is_list(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_bytes()), list)
    except ValueError:
        return False
