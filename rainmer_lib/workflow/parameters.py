"""Strict parameters for notebooks, whoever runs them: Jupyter, nbval, or papermill by itself.

papermill sets unknown names with a warning only and checks no types; a check cell behind the parameters makes up for it.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from rainmer_lib.data.test_sets import benchmark_pairs
from rainmer_lib.data.unpaired import SOURCES, UnpairedRain
from rainmer_lib.experiments.profiles import PROFILES, Profile, profile

INJECTED = "# Parameters"  # papermill's first line in the cell that it injects


class WrongParameter(ValueError):
    """A parameter that a notebook does not have, or a value that it cannot take."""


@dataclass(frozen=True)
class Declared:
    """One line of a parameters cell: `name: kind = default  # help`."""

    name: str
    kind: str
    default: object
    help: str


def declared_parameters(source: str) -> list[Declared]:
    """The parameters that a cell declares; ValueError if it holds anything but annotated literals, one a line."""
    lines, found = source.splitlines(), []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            raise ValueError(f"line {node.lineno}: a parameters cell holds `name: type = literal  # help` and nothing else")
        comment = lines[node.end_lineno - 1].partition("  # ")[2]
        found.append(Declared(node.target.id, ast.unparse(node.annotation), ast.literal_eval(node.value), comment))
    return found


def check_names(known: list[Declared], given: set[str]) -> None:
    """Stop on a name that the notebook does not declare."""
    if unknown := sorted(given - {d.name for d in known}):
        lines = "".join(f"\n  {d.name}: {d.kind} = {d.default!r}  {d.help}" for d in known)
        raise WrongParameter(f"no such parameter: {', '.join(unknown)}. This notebook has{lines}")


def check_type(declared: Declared, value: object) -> None:
    """Stop on a value of another type than declared; an int may stand for a float, a bool for nothing else."""
    kinds = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}[declared.kind]
    if not isinstance(value, kinds) or (isinstance(value, bool) and declared.kind != "bool"):
        raise WrongParameter(f"{declared.name}={value!r}: expected {declared.kind}. {declared.help}")


@dataclass(frozen=True)
class Settings:
    """The checked parameters of a result notebook."""

    profile: Profile
    data: UnpairedRain
    seeds: int
    test_sets: tuple[str, ...]
    given: dict

    def suffix(self) -> str:
        """What tells results with changed parameters from the profile's own: empty for the latter."""
        normal = {"data": self.profile.data, "seeds": self.profile.seeds}
        actual = {"data": self.data.name, "seeds": self.seeds}
        return "".join(f"__{name}-{value}" for name, value in actual.items() if value != normal[name])


def check_parameters(namespace: dict, others: Mapping[str, Callable[[], Any]] = MappingProxyType({})) -> Settings:
    """Check a result notebook's parameters (`profile`, `data`, `seeds`) and load its data.

    Call it right behind the parameters cell with `globals()`.  The cells that ran so far tell which names the notebook
    declares and which ones papermill injected.  `others`: what else `data` may be, a name and what makes it.
    Raises WrongParameter (a name, type or value), or FileNotFoundError (data), with the valid choices in the message, before
    anything is computed.
    """
    given = given_values(namespace)
    size = _profile(given)
    sources = SOURCES | others
    if given["data"] not in ("auto", *sources):
        raise WrongParameter(f"data={given['data']!r}: choose one of auto, {', '.join(sources)}")
    if given["seeds"] < 0:
        raise WrongParameter(f"seeds={given['seeds']}: expected 0 (as the profile says) or a number of runs")
    data = sources[size.data if given["data"] == "auto" else given["data"]]()
    # who chooses the embedded photos has no real data: their held-out part is the test
    test_sets = ("held-out",) if data.name == "embedded" else size.test_sets
    for name in (name for name in test_sets if name != "held-out"):
        benchmark_pairs(name)  # looks at the file lists: a missing test set must not wait until training is over
    return Settings(size, data, given["seeds"] or size.seeds, test_sets, given)


def check_walkthrough(namespace: dict) -> dict:
    """Check a walkthrough's parameters likewise: names, types, and `profile`; the others must be at least 1.

    Returns the values by name, `profile` as a Profile.  Raises WrongParameter.
    """
    given = given_values(namespace)
    for name, value in given.items():
        if isinstance(value, int) and value < 1:
            raise WrongParameter(f"{name}={value}: expected at least 1")
    return given | {"profile": _profile(given)}


def given_values(namespace: dict) -> dict:
    """Values of the declared parameters, names and types checked."""
    cells = [cell for cell in namespace.get("In", []) if cell.strip()]
    known, injected = _split(cells) if cells else (_annotated(namespace), set())
    check_names(known, injected)
    given = {d.name: namespace[d.name] for d in known}
    for d in known:
        check_type(d, given[d.name])
    return given


def _profile(given: dict) -> Profile:
    if given["profile"] not in PROFILES:
        raise WrongParameter(f"profile={given['profile']!r}: choose one of {', '.join(PROFILES)}")
    return profile(given["profile"])


def _annotated(namespace: dict) -> list[Declared]:
    """The annotated names, for a runner that keeps no history of cells (nbval) and so injects no parameters either."""
    found = [Declared(name, kind.__name__, namespace[name], "") for name, kind in namespace.get("__annotations__", {}).items()]
    if not found:
        raise WrongParameter("run the parameters cell first")
    return found


def _split(cells: list[str]) -> tuple[list[Declared], set[str]]:
    """The newest parameters cell among those that ran, and the names that a cell injected behind it assigns."""
    for index in range(len(cells) - 1, -1, -1):
        try:
            known = declared_parameters(cells[index])
        except (ValueError, SyntaxError):
            continue
        if known:
            behind = (cell for cell in cells[index + 1 :] if cell.startswith(INJECTED))
            return known, {t.id for cell in behind for node in ast.parse(cell).body for t in node.targets}
    raise WrongParameter("run the parameters cell first")
