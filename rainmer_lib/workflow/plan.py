"""What is to be done at a profile: which notebooks, and which training runs they share."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import nbformat

from rainmer_lib.data.test_sets import benchmark_pairs
from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.rainmer.config import RainmerConfig
from rainmer_lib.workflow import catalogue, runner
from rainmer_lib.workflow.parameters import declared_parameters
from rainmer_lib.workflow.programs import PROGRAMS, Program


@dataclass(frozen=True)
class TrainingRun:
    """One training run: the first notebook's name for its method, and all notebooks that need it."""

    method: str
    config: DCDGANConfig | RainmerConfig
    items: tuple[str, ...]

    def __str__(self) -> str:
        """As notebooks print it."""
        return f"{self.method}, seed {self.config.seed}"


def training_runs(program: Program, profile: Profile, data: Any, items: Iterable[str]) -> dict[str, TrainingRun]:
    """The runs of a program that `items` compare, each once, by the key of its run folder; `data` are the profile's."""
    found: dict[str, TrainingRun] = {}
    for item in items:
        methods = program.methods(item, profile) if item in program.comparisons else {}
        prints = {method: program.data_of(method, data, False).fingerprint for method in methods}
        for seed in range(profile.seeds):
            for method, config in methods.items():
                config = replace(config, seed=seed)
                key = program.identity_of(config, prints[method]).key
                known = found.get(key, TrainingRun(method, config, ()))
                found[key] = replace(known, items=(*known.items, item))
    return found


def planned_runs(profile: Profile, items: Iterable[str]) -> dict[str, TrainingRun]:
    """The runs to train before the notebooks; FileNotFoundError if their data are missing.

    None where the profile does not keep runs: those are so short that a process for each would cost more than it trains.
    """
    items = list(items)
    compared = {name: [i for i in items if i in program.comparisons] for name, program in PROGRAMS.items()}
    if not profile.keeps_runs or not any(compared.values()):
        return {}
    for name in set(profile.test_sets) - {"held-out"}:
        benchmark_pairs(name)  # looks at the file lists: a missing test set must not wait until training is over
    found: dict[str, TrainingRun] = {}
    for name, program in PROGRAMS.items():
        if compared[name]:
            size = program.profiles[profile.name]
            found |= training_runs(program, size, program.data(size, False), compared[name])
    return found


def has_profiles(item: str) -> bool:
    """Whether a notebook has the parameter `profile`."""
    try:
        known = declared_parameters(runner.parameters_cell(nbformat.read(runner.NOTEBOOKS / f"{item}.ipynb", as_version=4)))
    except (ValueError, SyntaxError):  # a broken notebook is planned, so that its job fails and says why
        return True
    return any(d.name == "profile" for d in known)


def items_at(profile: Profile) -> list[str]:
    """The notebooks that exist at a profile; one without the parameter `profile` exists at `quick` alone."""
    return [item for item in runner.items() if profile.name == "quick" or has_profiles(item)]


def choose(profile: Profile, item: str | None) -> list[str]:
    """One notebook, or all for None.  FileNotFoundError lists what there is, ValueError names the profile to take."""
    there = items_at(profile)
    if item is None or item in there:
        return [item] if item else there
    if item in runner.items():
        raise ValueError(f"{item} has no sizes: reproduce it at profile quick")
    known = any(item == entry.notebook for entry in catalogue.ITEMS)
    raise FileNotFoundError(f"no notebook {item}{' yet' if known else ''}; there are {', '.join(there)}")


def to_come() -> list[str]:
    """Notebooks that the catalogue names and that do not exist yet."""
    return sorted({entry.notebook for entry in catalogue.ITEMS if not entry.source.exists()})
