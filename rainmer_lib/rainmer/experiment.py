"""Rainmer's training data, runs and comparisons: three rendered domains, the night one aligned with the other two.

What is not here is the house's (`rainmer_lib.experiment`): finished runs are found again, scores are kept beside them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Int

from rainmer_lib.data import registry
from rainmer_lib.data.paired import MixedPairs, PairedBatch, PairedRain
from rainmer_lib.data.pairs import Pair
from rainmer_lib.data.rendered_domains import RAIN, rendered_domain
from rainmer_lib.data.unpaired import UnpairedRain
from rainmer_lib.experiment import Comparison, Run, find_or_train, scored
from rainmer_lib.models import filled
from rainmer_lib.parameters import Settings, WrongParameter
from rainmer_lib.profiles import Profile
from rainmer_lib.rainmer.alignment import Densities, align_density, densities, target_shares
from rainmer_lib.rainmer.comparisons import COMPARISONS, UNALIGNED
from rainmer_lib.rainmer.config import RainmerConfig, paper
from rainmer_lib.rainmer.model import DerainingNetwork, build_network
from rainmer_lib.rainmer.profiles import IMAGES, PROFILES
from rainmer_lib.rainmer.step import METHOD_VERSION, Trainer
from rainmer_lib.records import published
from rainmer_lib.training.run import RunIdentity

ALIGNED = "night"  # the domain of which a subset is drawn, so that its rain is as dense as that of the others

METHODS = COMPARISONS["rainmer_benchmarks"]

# The test sets of the printed table, and their names in the registry; the crops of the last were not released
PRINTED = {
    "Rain100L": "rain100l", "Rain100H": "rain100h", "Test100": "rain800", "Test1200": "did-data",
    "Test2800": "ddn-data/test2800", "GT-Rain": "gt-rain", "GTAV-balance": "",
}  # fmt: skip


@dataclass(frozen=True)
class AlignedRain:
    """The domains of rain as one training set, under the name of the photos that they are rendered on.

    `before` holds the rain densities of every domain before alignment, `chosen` the night images that alignment kept, of
    `night`, which has all.
    """

    name: str
    mixed: MixedPairs
    before: Mapping[str, Densities]
    chosen: Int[np.ndarray, " chosen"]
    night: PairedRain

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
        return {name: values for name, values in self.before.items() if name != ALIGNED}

    def unaligned(self, keep: bool = True) -> "AlignedRain":
        """The same domains with as many night images, drawn at random: the density of their rain is all that differs.

        `keep` as `aligned_rain` takes it.  ValueError if alignment kept every image: then there is nothing to compare.
        """
        if len(self.chosen) == len(self.night.pairs):
            raise ValueError(f"alignment kept all {len(self.chosen)} pairs of {ALIGNED}: take more images")
        drawn = np.sort(np.random.default_rng(0).choice(len(self.night.pairs), len(self.chosen), replace=False))
        others = tuple(domain for domain in self.mixed.domains if domain.name != ALIGNED)
        return replace(self, mixed=replace(self.mixed, domains=(*others, _kept(self.night.subset(drawn), keep))), chosen=drawn)

    def batch(self, step: int, size: int, crop: int, seed: int) -> PairedBatch:
        """The batch of one step, a function of seed and step alone."""
        return self.mixed.batch(step, size, crop, seed)

    def summary(self) -> dict[str, int]:
        """Counts, for a notebook to print."""
        return self.mixed.summary() | {f"{ALIGNED}: pairs before alignment": len(self.before[ALIGNED])}


def aligned_rain(source: UnpairedRain, images: int, view: int, keep: bool = True) -> AlignedRain:
    """Day, haze and night on the photos of `source`; of the night pairs a subset with the densities of the others.

    `images` as `rendered_domain` takes it, `view` is the side of whole images in pixels.  What is trained on is rendered once
    and kept in memory, unless `keep` is False, for who needs the fingerprint alone.  ValueError if a density that the others
    have is absent at night: take more images.
    """
    domains = {name: rendered_domain(name, source, images, view) for name in RAIN}
    night, kept = domains[ALIGNED], {name: _kept(domain, keep) for name, domain in domains.items() if name != ALIGNED}
    before = {name: densities(kept.get(name, domain).pairs) for name, domain in domains.items()}
    chosen = align_density(before[ALIGNED], target_shares(before[name] for name in kept))
    kept[ALIGNED] = _kept(night.subset(chosen), keep)
    return AlignedRain(source.name, MixedPairs(tuple(kept[name] for name in RAIN), view=view), before, chosen, night)


def _kept(domain: PairedRain, keep: bool) -> PairedRain:
    return domain.in_memory() if keep else domain


def on_domains(settings: Settings, printed: bool = False) -> Settings:
    """The checked parameters of a notebook with Rainmer's profile, data and test sets (`domains_and_benchmarks`)."""
    profile = PROFILES[settings.profile.name]
    data = aligned_rain(settings.data, IMAGES[profile.name], profile.apply(paper).view_size)
    return replace(settings, profile=profile, data=data, test_sets=domains_and_benchmarks(settings.test_sets, printed))


def domains_and_benchmarks(names: Sequence[str], printed: bool = False) -> tuple[str, ...]:
    """The held-out pairs of each domain, by its name, then those of `names` that are benchmarks.

    With `printed` and a benchmark also those of the printed table that are on this machine.
    """
    sets = [name for name in names if name != "held-out"]
    if printed and sets:
        sets += [name for name in PRINTED.values() if name and registry.lookup(name)[1].present()]
    return tuple(dict.fromkeys((*RAIN, *sets)))


def ablation_budget(settings: Settings, steps: int) -> Settings:
    """The settings of a notebook of many rows: with `steps` training steps for all, the profile's for 0; one seed at `quick`.

    WrongParameter unless it is a number of steps that a configuration can have.
    """
    profile = settings.profile
    if profile.name == "quick" and not settings.given["seeds"]:
        profile = replace(profile, seeds=1)  # two would decide nothing either, and take twice as long
        settings = replace(settings, seeds=1)
    if steps:
        profile = replace(profile, changes=profile.changes | {"steps": steps})
    try:
        profile.apply(paper)
    except ValueError as error:
        raise WrongParameter(f"steps={steps}: expected 0 (as the profile says) or a number of steps ({error})") from error
    return replace(settings, profile=profile)


def compare(methods: Mapping[str, RainmerConfig], settings: Settings, say=print) -> Comparison:
    """Train and score each method for each seed, as `rainmer_lib.experiment.compare` does for DCD-GAN.

    Those of `comparisons.UNALIGNED` train on the data without alignment.
    """
    data = {method: data_of(method, settings.data) for method in methods}
    runs = [
        train_run(method, replace(config, seed=seed), data[method], settings.profile, say)
        for seed in range(settings.seeds)
        for method, config in methods.items()
    ]
    return scored(runs, settings)


def data_of(method: str, data: AlignedRain, keep: bool = True) -> AlignedRain:
    """What a method trains on."""
    return data.unaligned(keep) if method in UNALIGNED else data


def train_run(
    label: str, config: RainmerConfig, data: AlignedRain | MixedPairs | PairedRain, profile: Profile, say=print
) -> Run:
    """One finished run of Rainmer; `label` is what its method is called here.

    The data's whole images must have the side `config.view_size`; ValueError at the first step otherwise.
    """
    return find_or_train(label, identity_of(config, data.fingerprint), Trainer.start, data, profile, say, load=load_network)


def identity_of(config: RainmerConfig, fingerprint: str) -> RunIdentity:
    """What names the run of a configuration on data of this fingerprint."""
    return RunIdentity("rainmer", config, fingerprint, METHOD_VERSION)


def load_network(config: RainmerConfig, weights: Path) -> DerainingNetwork:
    """The network of a configuration with exported weights; ValueError if they are damaged or another network's."""
    return filled(build_network(config), weights)


def beside_printed(means: pd.DataFrame, method: str) -> pd.DataFrame:
    """The printed table beside what `method` scores here under `rainmer`, the mean over seeds; a row for each of its sets.

    `means` as `Comparison.means` makes them.  "absent" where a set was not measured.  The average, as printed, is over all
    seven sets: where one is absent it is not formed, because an average over others would compare nothing.
    """
    ours = means[(means.method == method) & (means.protocol == "rainmer")].groupby("test_set")[["psnr", "ssim"]].mean()
    table = published("rainmer_results").set_index("test_set").rename(columns=lambda name: f"{name.upper()}, printed")
    here = ours.reindex([PRINTED.get(name) for name in table.index]).set_axis(table.index)
    absent = [name for name in PRINTED if here.psnr.isna()[name]]
    here.loc["average"] = here.loc[list(PRINTED)].mean() if not absent else np.nan
    for metric, digits in (("psnr", 2), ("ssim", 4)):
        cells = ["absent" if np.isnan(value) else f"{value:.{digits}f}" for value in here[metric]]
        table[f"{metric.upper()}, here"] = cells
        if absent:
            table.loc["average", f"{metric.upper()}, here"] = f"not formed: {len(absent)} of {len(PRINTED)} sets absent"
    return table
