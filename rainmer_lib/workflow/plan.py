"""Plan of the work at a profile: the notebooks, and the training runs that they share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from rainmer_lib.data.test_sets import benchmark_pairs
from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.experiments.experiment import Experiment, Row
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.experiments.registry import EXPERIMENTS, notebook_of
from rainmer_lib.workflow import catalogue, runner


@dataclass(frozen=True)
class TrainingRun:
    """One training run: its row and seed under the first notebook's label, and all experiments that need it."""

    label: str
    row: Row
    config: Any
    experiments: tuple[str, ...]

    @property
    def notebooks(self) -> tuple[str, ...]:
        """Notebooks that need the run."""
        return tuple(notebook_of(name) for name in self.experiments)

    def test_sets(self, profile: Profile) -> tuple[str, ...]:
        """Return the test sets on which the experiments score the run."""
        return tuple(dict.fromkeys(s for name in self.experiments for s in EXPERIMENTS[name].test_sets(profile)))

    def __str__(self) -> str:
        """Name the run in messages."""
        return f"{self.label}, seed {self.config.seed}"


@dataclass(frozen=True)
class Unmade:
    """Stands for training data that take minutes to make, where no run can have been trained on them yet."""

    fingerprint: str = "not made"
    real_rainy: tuple[str, ...] = ("a photo",)

    def unaligned(self, keep: bool) -> "Unmade":
        """Return what stands for the same data without alignment."""
        return Unmade(f"{self.fingerprint}, unaligned")

    def only(self, weathers: Iterable[str]) -> "Unmade":
        """Return what stands for some of the weathers."""
        return Unmade(f"{self.fingerprint}, {'+'.join(weathers)}")


def data_of(experiment: Experiment, profile: Profile, keep: bool) -> Any:
    """Return the training data of an experiment at a profile; with `keep` False, for fingerprints alone."""
    return experiment.data(unpaired(profile.data), profile.name, keep)


def training_runs(names: Iterable[str], profile: Profile, data: Any) -> dict[str, TrainingRun]:
    """List the runs of experiments that train on `data`, each once, by the key of its run folder."""
    found: dict[str, TrainingRun] = {}
    for name in names:
        rows = EXPERIMENTS[name].rows(profile)
        prints = {label: row.data(data, keep=False).fingerprint for label, row in rows.items()}
        number = EXPERIMENTS[name].at(profile).seeds
        for seed in range(number):
            for label, row in rows.items():
                if seed not in row.seeds(number):
                    continue
                config = replace(row.config, seed=seed)
                key = row.method.identity(config, prints[label]).key
                known = found.get(key, TrainingRun(label, row, config, ()))
                found[key] = replace(known, experiments=(*known.experiments, name))
    return found


def grouped(names: Iterable[str]) -> list[list[str]]:
    """Group experiments by their training data, so that it is made once for each group; in the order of the registry."""
    groups: dict[Any, list[str]] = {}
    for name in EXPERIMENTS:
        if name in set(names):
            groups.setdefault(EXPERIMENTS[name].data, []).append(name)
    return list(groups.values())


def planned_runs(profile: Profile, notebooks: Iterable[str], made: Callable | None = None) -> dict[str, TrainingRun]:
    """List the runs to train before the notebooks; FileNotFoundError if their data are missing.

    `made` returns an experiment's training data, in place of `data_of` and with its arguments.
    Empty if the profile does not keep runs: those are so short that starting a process for each would take longer.
    """
    names = [name for name in EXPERIMENTS if notebook_of(name) in set(notebooks)]
    if not profile.keeps_runs or not names:
        return {}
    for test_set in set(profile.test_sets) - {"held-out"}:
        benchmark_pairs(test_set)  # reads the file lists: report a missing test set before training, not after it
    found: dict[str, TrainingRun] = {}
    for group in grouped(names):
        found |= training_runs(group, profile, (made or data_of)(EXPERIMENTS[group[0]], profile, False))
    return found


def notebooks_at(profile: Profile) -> list[str]:
    """List the notebooks that exist at a profile; one without the parameter `profile` exists at `quick` alone."""
    return [name for name in runner.notebooks() if profile.name == "quick" or runner.has_profiles(name)]


def choose(profile: Profile, notebook: str | None) -> list[str]:
    """Return one notebook, or all for None.  FileNotFoundError lists the notebooks, ValueError names the right profile."""
    there = notebooks_at(profile)
    if notebook is None or notebook in there:
        return [notebook] if notebook else there
    if notebook in runner.notebooks():
        raise ValueError(f"{notebook} does not depend on the profile: reproduce it at profile quick")
    known = any(notebook == entry.notebook for entry in catalogue.ITEMS)
    meant = "" if known else " or ".join(catalogue.meant_by(notebook, there))
    maybe = f"; did you mean {meant}?" if meant else f"; there are {', '.join(there)}"
    raise FileNotFoundError(f"no notebook {notebook}{' yet' if known else ''}{maybe}")


def to_come() -> list[str]:
    """List the notebooks that the catalogue names but that do not exist yet."""
    return sorted({entry.notebook for entry in catalogue.ITEMS if not entry.source.exists()})
