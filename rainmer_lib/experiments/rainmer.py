"""Rainmer's experiments on several rain domains, one of which is aligned with the others."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from rainmer_lib.data import registry
from rainmer_lib.data.rendered_domains import RAIN
from rainmer_lib.data.unpaired_photos import UnpairedPhotos
from rainmer_lib.experiments.experiment import Experiment, Row
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.experiments.rainmer_rows import RAINMER, ROWS, UNALIGNED, rows
from rainmer_lib.experiments.records import published
from rainmer_lib.experiments.settings import Settings, WrongParameter
from rainmer_lib.rainmer.published import PublishedSets

# Test sets of the printed table -> their names in the registry; the crops of the last one were not released
PRINTED = {
    "Rain100L": "rain100l", "Rain100H": "rain100h", "Test100": "rain800", "Test1200": "did-data",
    "Test2800": "ddn-data/test2800", "GT-Rain": "gt-rain", "GTAV-balance": "",
}  # fmt: skip

# The many rows of `rainmer_ablations` get a reduced budget: fewer steps, and of the benchmarks only the smallest
ABLATION_STEPS = {"laptop": 200}
ABLATION_SETS = {"laptop": ("rain12",)}


def on_domains(settings: Settings, printed: bool = False, fewest: int = 1) -> Settings:
    """Return a notebook's settings with Rainmer's data and test sets (`domains_and_benchmarks`).

    The domains are rendered on the photos of `settings.data`, or are those of `published.PublishedSets`.  ValueError on
    photos that have rain of their own, WrongParameter if fewer than `fewest` published sets are there.
    """
    if isinstance(settings.data, UnpairedPhotos):
        settings.data.require_layers()
    if isinstance(settings.data, PublishedSets) and len(settings.data.present) < fewest:
        raise WrongParameter(
            f"data='{PublishedSets.name}': this notebook compares domains and needs {fewest} of the sets; here is "
            f"{settings.data.name} alone. `rainmer data list` says how to get the others"
        )
    data = RAINMER.data(settings.data, settings.profile.name)
    return replace(settings, data=data, test_sets=domains_and_benchmarks(settings.test_sets, printed, tuple(data.held_out)))


def domains_and_benchmarks(names: Sequence[str], printed: bool = False, domains: Sequence[str] = RAIN) -> tuple[str, ...]:
    """List test sets: the held-out pairs of each domain, by its name, then the benchmarks among `names`.

    With `printed`, and if there is a benchmark, the sets of the printed table that are on this machine are added.
    """
    sets = [name for name in names if name != "held-out"]
    if printed and sets:
        sets += [name for name in PRINTED.values() if name and registry.lookup(name)[1].present()]
    return tuple(dict.fromkeys((*domains, *sets)))


def ablation_settings(settings: Settings, steps: int) -> Settings:
    """Return the settings of `rainmer_ablations`: the domains and the profile's `ABLATION_SETS`.

    WrongParameter unless `steps` is 0 (the profile's number) or a number of steps that a configuration accepts.
    """
    try:
        RAINMER.at(settings.profile.name, **({"steps": steps} if steps else {}))
    except ValueError as error:
        raise WrongParameter(f"steps={steps}: expected 0 (the profile's) or a valid number of steps ({error})") from error
    return replace(settings, test_sets=ablation_sets(settings.profile, settings.test_sets))


def ablation_rows(profile: Profile, steps: int = 0, aligned: bool = True) -> Mapping[str, Row]:
    """Return the rows of `rainmer_ablations`; `steps` 0 takes the profile's `ABLATION_STEPS`.

    The row without alignment is left out if the data are not `aligned` to begin with.
    """
    found = rows("rainmer_ablations", profile, steps or ABLATION_STEPS.get(profile.name, 0))
    return found if aligned else {label: row for label, row in found.items() if label not in UNALIGNED}


def ablation_sets(profile: Profile, names: Sequence[str]) -> tuple[str, ...]:
    """Select from `names` what `rainmer_ablations` scores: all but the profile's benchmarks outside of `ABLATION_SETS`."""
    kept = ABLATION_SETS.get(profile.name, profile.test_sets)
    return tuple(name for name in names if name in kept or name not in profile.test_sets)


def beside_printed(means: pd.DataFrame, method: str) -> pd.DataFrame:
    """Return the printed table beside the scores of `method` here under `rainmer`, mean over seeds; a row for each set.

    `means` comes from `Comparison.means`.  A set that was not measured is "absent".  The average is over all seven sets, as
    printed; it is not formed if a set is absent, because an average over fewer sets would not be comparable.
    """
    ours = means[(means.method.eq(method)) & (means.protocol == "rainmer")].groupby("test_set")[["psnr", "ssim"]].mean()
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


def _experiment(notebook: str) -> Experiment:
    def test_sets(profile: Profile) -> tuple[str, ...]:
        sets = domains_and_benchmarks(profile.test_sets, printed=notebook == "rainmer_benchmarks")
        return ablation_sets(profile, sets) if notebook == "rainmer_ablations" else sets

    compared = ablation_rows if notebook == "rainmer_ablations" else lambda profile: rows(notebook, profile)
    return Experiment(compared, RAINMER.data, test_sets)


EXPERIMENTS: Mapping[str, Experiment] = {notebook: _experiment(notebook) for notebook in ROWS}
