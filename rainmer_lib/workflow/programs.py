"""The two training programs whose runs are planned: what their notebooks compare, on what data, and how a run is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rainmer_lib import comparisons, experiment, profiles
from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.profiles import Profile
from rainmer_lib.rainmer import comparisons as rainmer_comparisons
from rainmer_lib.rainmer import experiment as rainmer_experiment
from rainmer_lib.rainmer.aligned import AlignedRain, aligned_rain
from rainmer_lib.rainmer.config import RainmerConfig
from rainmer_lib.rainmer.config import paper as rainmer_paper
from rainmer_lib.rainmer.profiles import IMAGES, sized
from rainmer_lib.rainmer.profiles import PROFILES as RAINMER_PROFILES
from rainmer_lib.training.run import RunIdentity


@dataclass(frozen=True)
class Program:
    """What the plan and its jobs must know of a method.

    comparisons  notebook -> method -> changes;  `methods(notebook, profile)` are their configurations
    data         of a profile; with `keep` False for its fingerprint alone
    data_of      what one method of a comparison trains on, of that data; likewise
    test_sets    on which the notebooks that share a run score it
    train        `train(label, config, data, profile)`: find a run or make it
    """

    comparisons: Mapping[str, Mapping[str, dict]]
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


# by the method of their runs, which begins the key of a run's folder
PROGRAMS = {
    "dcdgan": Program(
        comparisons.COMPARISONS, comparisons.methods, profiles.PROFILES, lambda profile, keep: unpaired(profile.data),
        lambda method, data, keep: data, lambda profile, items: profile.test_sets,
        experiment.identity_of, experiment.train_run,
    ),
    "rainmer": Program(
        rainmer_comparisons.COMPARISONS, _rainmer_methods, RAINMER_PROFILES, _aligned,
        rainmer_experiment.data_of, _rainmer_sets,
        rainmer_experiment.identity_of, rainmer_experiment.train_run,
    ),
}  # fmt: skip
