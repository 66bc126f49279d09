"""The training programs whose runs are planned: what their notebooks compare, on what data, and how a run is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rainmer_lib.data.paired import MixedPairs
from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.experiments import all_in_one, profiles
from rainmer_lib.experiments import compare as experiment
from rainmer_lib.experiments import dcdgan as comparisons
from rainmer_lib.experiments import rainmer as rainmer_experiment
from rainmer_lib.experiments import rainmer_rows as rainmer_comparisons
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.rainmer.aligned import AlignedRain, aligned_rain
from rainmer_lib.rainmer.config import RainmerConfig
from rainmer_lib.rainmer.config import paper as rainmer_paper
from rainmer_lib.rainmer.sizes import IMAGES, sized
from rainmer_lib.rainmer.sizes import PROFILES as RAINMER_PROFILES
from rainmer_lib.training.run import RunIdentity


@dataclass(frozen=True)
class Program:
    """What the plan and its jobs must know of a method.

    runs         the method that begins the keys of its runs' folders
    comparisons  notebook -> method -> changes;  `methods(notebook, profile)` are their configurations
    data         of a profile; with `keep` False for its fingerprint alone
    data_of      what one method of a comparison trains on, of that data; likewise
    test_sets    on which the notebooks that share a run score it
    train        `train(label, config, data, profile)`: find a run or make it
    """

    runs: str
    comparisons: Mapping[str, Mapping]
    methods: Callable[[str, Profile], Mapping[str, Any]]
    profiles: Mapping[str, Profile]
    data: Callable[[Profile, bool], Any]
    data_of: Callable[[str, Any, bool], Any]
    test_sets: Callable[[Profile, Sequence[str]], tuple[str, ...]]
    identity_of: Callable[[Any, str], RunIdentity]
    train: Callable[..., experiment.Run]


def _aligned(profile: Profile, keep: bool) -> AlignedRain:
    view = profile.apply(rainmer_paper).view_size
    return aligned_rain(unpaired(profile.data), IMAGES[profile.name], view, keep)


def _rainmer_sets(profile: Profile, items: Sequence[str]) -> tuple[str, ...]:
    sets = rainmer_experiment.domains_and_benchmarks(profile.test_sets, printed="rainmer_benchmarks" in items)
    return rainmer_experiment.ablation_sets(profile, sets) if set(items) == {"rainmer_ablations"} else sets


def _rainmer_methods(item: str, profile: Profile) -> dict[str, RainmerConfig]:
    return rainmer_comparisons.methods(item, sized(item, profile))


def _weathers(profile: Profile, keep: bool) -> all_in_one.Weathers:
    """Nothing rendered yet in either case: a job needs what its run trains on, which `_of_weathers` renders."""
    return all_in_one.weathers_at(profile, unpaired(profile.data), keep=False)


def _of_weathers(method: str, data: all_in_one.Weathers, keep: bool) -> MixedPairs:
    mixed = all_in_one.data_of(method, data)
    return mixed.in_memory() if keep else mixed


# A run is looked for in this order: what it trains on has to be named, which means rendering it for `rainmer` alone.
PROGRAMS = {
    "dcdgan": Program(
        "dcdgan", comparisons.COMPARISONS, comparisons.methods, profiles.PROFILES, lambda profile, keep: unpaired(profile.data),
        lambda method, data, keep: data, lambda profile, items: profile.test_sets,
        experiment.identity_of, experiment.train_run,
    ),
    "weathers": Program(
        "rainmer", {"all_in_one": all_in_one.METHODS},
        lambda item, profile: dict.fromkeys(all_in_one.METHODS, profile.apply(rainmer_paper)),
        RAINMER_PROFILES, _weathers, _of_weathers, lambda profile, items: tuple(all_in_one.WEATHERS),
        rainmer_experiment.identity_of, rainmer_experiment.train_run,
    ),
    "rainmer": Program(
        "rainmer", rainmer_comparisons.COMPARISONS, _rainmer_methods, RAINMER_PROFILES, _aligned,
        rainmer_experiment.data_of, _rainmer_sets,
        rainmer_experiment.identity_of, rainmer_experiment.train_run,
    ),
}  # fmt: skip
