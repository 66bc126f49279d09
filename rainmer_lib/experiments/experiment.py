"""An experiment: the rows that a notebook compares, the data that they train on, and the test sets that score them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any

import torch

from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.experiments.settings import Settings
from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.training.method import Method, Size


def _all(data: Any, keep: bool = True) -> Any:
    return data


@dataclass(frozen=True)
class Row:
    """One row of a comparison: a method and its configuration (without the seed).

    `changes`: fields in which the row differs from the method at its size, for a notebook to print.
    `data(data, keep)` selects the row's training data from the experiment's; with `keep` False, for the fingerprint alone.
    `remark`: a difference that no field of the configuration expresses.  `runs`: training runs at most, where an image takes
    too long to test more of them; 0 for as many as the experiment has seeds.
    """

    method: Method
    config: Any
    changes: Mapping[str, Any] = field(default_factory=dict)
    data: Callable[..., Any] = _all
    remark: str = ""
    runs: int = 0

    def seeds(self, number: int) -> range:
        """Return the seeds of this row's runs in an experiment of so many seeds."""
        return range(min(number, self.runs or number))


Rows = Mapping[str, Row]


@dataclass(frozen=True)
class Experiment:
    """Comparison that a notebook makes.

    rows       profile -> label -> `Row`
    data       (photos, profile's name, keep) -> training data of the rows; with `keep` False nothing is rendered yet
    test_sets  profile -> test sets on which the notebook scores its rows
    seeds      name of a profile -> training runs of each row, where it differs from the profile's number
    """

    rows: Callable[[Profile], Rows]
    data: Callable[..., Any]
    test_sets: Callable[[Profile], tuple[str, ...]]
    seeds: Mapping[str, int] = field(default_factory=dict)

    def at(self, profile: Profile) -> Profile:
        """Return the profile with this experiment's number of seeds."""
        return replace(profile, seeds=self.seeds.get(profile.name, profile.seeds))


def row_of(method: Method, profile: Profile, preset: str = "paper", **changes: Any) -> Row:
    """Return the row of a method at a profile's size, with these fields of its configuration changed.

    The steps follow the profile's training set, unless they are changed; minutes of the profile take the place of both.
    """
    config, told = method.at(profile.name, preset, **changes), dict(method.presets[preset]) | changes
    if "steps" not in told:
        config = method.lasting(config, profile.name, profile.photos)
    return Row(method, replace(config, minutes=float(profile.minutes)) if profile.minutes else config, told)


def describe(rows: Rows, settings: Settings) -> str:
    """Describe a comparison for a notebook: the profile, its size's changes to each method, and each row with its changes."""
    profile = settings.profile.name
    families = _by_size(row.method for row in rows.values())
    seeds = "seed 0" if settings.seeds == 1 else f"seeds 0 to {settings.seeds - 1}"
    durations = {method.sizes[profile].duration for method in families.values()}
    one = len(durations) == 1  # said once; otherwise with each group of methods
    lines = [f"profile {profile}, {seeds}{f', {next(iter(durations))}' if one else ''}"]
    for titles, method in families.items():
        size, paper = method.sizes[profile], method.config()
        changes = _changes_of_all(size, paper, [row for row in rows.values() if row.method.sizes is method.sizes])
        if changes or size.scaled:
            lines.append(f"{titles}{'' if one else f', {size.duration}'}, the paper's values -> this profile's:")
        lines += [f"  {name}: {getattr(paper, name)} -> {value}" for name, value in changes.items()]
        lines += [f"  {name}: times {factor:g}" for name, factor in size.scaled.items()]
    lines.append("rows:")
    for label, row in rows.items():
        changes = [f"{name}={value!r}" for name, value in row.changes.items()] + ([row.remark] if row.remark else [])
        size = parameters_of(row.method, row.config)
        lines.append(f"  {label:32s} {size:>10,} parameters  {', '.join(changes) or 'nothing changed'}")
    if remarks := getattr(settings.data, "remarks", ()):
        lines += ["training data:", *(f"  {remark}" for remark in remarks)]
    return "\n".join(lines)


def _changes_of_all(size: Size, paper: Any, rows: Sequence[Row]) -> dict[str, Any]:
    """Return the size's changes, with the values that all rows set instead or in addition, such as a number of steps."""
    told = {name for row in rows for name in row.changes}
    values = {f.name: [getattr(row.config, f.name) for row in rows] for f in fields(paper)}
    shared = {name: found[0] for name, found in values.items() if name not in told and found.count(found[0]) == len(found)}
    besides = {name: value for name, value in shared.items() if name not in size.scaled and value != getattr(paper, name)}
    return {name: shared.get(name, value) for name, value in size.changes.items()} | besides


def parameters_of(method: Method, config: Any) -> int:
    """Count the parameters of the derain network; no memory is allocated for them."""
    return _count(method.network, config)


@cache  # comparisons of networks of one size ask for the same ones again and again
def _count(network: Callable[[Any], Derainer], config: Any) -> int:
    with torch.device("meta"):
        return parameter_count(network(config))


def _by_size(methods: Iterable[Method]) -> dict[str, Method]:
    """Return one method for each set of sizes, by the joined titles of the methods that share it."""
    groups: dict[int, list[Method]] = {}
    for method in methods:
        group = groups.setdefault(id(method.sizes), [])
        if method not in group:
            group.append(method)
    return {", ".join(method.title for method in group): group[0] for group in groups.values()}
