"""Rainmer's runs and comparisons on domains of rain of which one is aligned with the others.

What is not here is the house's (`rainmer_lib.experiments.compare`): finished runs are found again, scores are kept beside them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from rainmer_lib.data import registry
from rainmer_lib.data.paired import MixedPairs, PairedRain
from rainmer_lib.data.rendered_domains import RAIN
from rainmer_lib.experiments.compare import Comparison, Run, find_or_train, scored
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.experiments.rainmer_rows import COMPARISONS, UNALIGNED
from rainmer_lib.experiments.records import published
from rainmer_lib.pretrained.models import filled
from rainmer_lib.rainmer.aligned import AlignedRain, aligned_rain
from rainmer_lib.rainmer.config import RainmerConfig, paper
from rainmer_lib.rainmer.model import DerainingNetwork, build_network
from rainmer_lib.rainmer.published import PublishedSets
from rainmer_lib.rainmer.sizes import ABLATION_SETS, IMAGES, PROFILES, sized
from rainmer_lib.rainmer.step import METHOD_VERSION, Trainer
from rainmer_lib.training.run import RunIdentity
from rainmer_lib.workflow.parameters import Settings, WrongParameter

METHODS = COMPARISONS["rainmer_benchmarks"]

# The test sets of the printed table, and their names in the registry; the crops of the last were not released
PRINTED = {
    "Rain100L": "rain100l", "Rain100H": "rain100h", "Test100": "rain800", "Test1200": "did-data",
    "Test2800": "ddn-data/test2800", "GT-Rain": "gt-rain", "GTAV-balance": "",
}  # fmt: skip


def on_domains(settings: Settings, printed: bool = False) -> Settings:
    """The checked parameters of a notebook with Rainmer's profile, data and test sets (`domains_and_benchmarks`).

    The domains are rendered on the photos of `settings.data`, or are those of `published.PublishedSets`.
    """
    profile, source = PROFILES[settings.profile.name], settings.data
    view = profile.apply(paper).view_size
    real = isinstance(source, PublishedSets)
    data = source.aligned(view) if real else aligned_rain(source, IMAGES[profile.name], view)
    sets = domains_and_benchmarks(settings.test_sets, printed, tuple(data.held_out))
    return replace(settings, profile=profile, data=data, test_sets=sets)


def domains_and_benchmarks(names: Sequence[str], printed: bool = False, domains: Sequence[str] = RAIN) -> tuple[str, ...]:
    """The held-out pairs of each domain, by its name, then those of `names` that are benchmarks.

    With `printed` and a benchmark also those of the printed table that are on this machine.
    """
    sets = [name for name in names if name != "held-out"]
    if printed and sets:
        sets += [name for name in PRINTED.values() if name and registry.lookup(name)[1].present()]
    return tuple(dict.fromkeys((*domains, *sets)))


def one_seed_at_quick(settings: Settings) -> Settings:
    """The settings of a notebook of long rows: one seed at `quick` unless a number is given."""
    if settings.profile.name != "quick" or settings.given["seeds"]:
        return settings
    return replace(settings, profile=replace(settings.profile, seeds=1), seeds=1)  # two would decide nothing either


def ablation_budget(settings: Settings, steps: int) -> Settings:
    """The settings of `rainmer_ablations`: `steps` training steps for every row, for 0 as many as its profile's `sized` says.

    On the domains and the profile's `ABLATION_SETS`, all test sets where none are named; one seed at `quick`.
    WrongParameter unless it is a number of steps that a configuration can have.
    """
    settings = one_seed_at_quick(settings)
    profile = settings.profile
    profile = replace(profile, changes=profile.changes | {"steps": steps}) if steps else sized("rainmer_ablations", profile)
    try:
        profile.apply(paper)
    except ValueError as error:
        raise WrongParameter(f"steps={steps}: expected 0 (as the profile says) or a number of steps ({error})") from error
    return replace(settings, profile=profile, test_sets=ablation_sets(profile, settings.test_sets))


def ablation_sets(profile: Profile, names: Sequence[str]) -> tuple[str, ...]:
    """Those of `names` that `rainmer_ablations` scores: all but the profile's benchmarks outside of `ABLATION_SETS`."""
    kept = ABLATION_SETS.get(profile.name, profile.test_sets)
    return tuple(name for name in names if name in kept or name not in profile.test_sets)


def compare(methods: Mapping[str, RainmerConfig], settings: Settings, say=print) -> Comparison:
    """Train and score each method for each seed, as `rainmer_lib.experiments.compare.compare` does for DCD-GAN.

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
