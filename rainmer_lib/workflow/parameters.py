"""Strict parameters for notebooks, with every runner: Jupyter, nbval, or papermill by itself.

papermill only warns about unknown names and checks no types; therefore a check cell follows the parameters cell.
"""

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from rainmer_lib.data.test_sets import benchmark_pairs
from rainmer_lib.data.unpaired import FOLDERS, SOURCES, of_folders
from rainmer_lib.experiments.dcdgan import DCDGAN
from rainmer_lib.experiments.profiles import PROFILES, Profile, profile
from rainmer_lib.experiments.registry import EXPERIMENTS
from rainmer_lib.experiments.settings import Settings, WrongParameter
from rainmer_lib.rainmer.published import PUBLISHED
from rainmer_lib.workflow.declared import MINUTES, Declared, accepted, check_names, check_type, declared_parameters

INJECTED = "# Parameters"  # papermill's first line in the cell that it injects


def check_parameters(
    namespace: dict, others: Mapping[str, Callable[[], Any]] = MappingProxyType({}), *, experiment: str = ""
) -> Settings:
    """Check a result notebook's parameters (`profile`, `data`, `seeds`) and load its data.

    Call this function with `globals()` right after the parameters cell.  The cells that ran so far show which names the
    notebook declares and which ones papermill injected.  `experiment` names the entry of `EXPERIMENTS` whose number of seeds
    holds; without it, the profile's does.  `others`: further values of `data`, name -> function that loads it.  Photos in
    `folder:RAINY|CLEAN` must be as large as a crop of DCD-GAN.
    Raises WrongParameter (a name, type or value), or FileNotFoundError (data), with the valid choices in the message, before
    anything is computed.
    """
    given = given_values(namespace)
    size = EXPERIMENTS[experiment].at(_profile(given)) if experiment else _profile(given)
    sources = SOURCES | others
    check_values(given, sources)
    own = given["data"].startswith(FOLDERS)
    data = of_folders(given["data"], DCDGAN.at(size.name).crop) if own else sources[_named(given, size)]()
    size = replace(size, photos=getattr(data, "photos", 0), minutes=given.get(MINUTES.name, 0.0))
    test_sets = _test_sets(data, size)
    for name in (name for name in test_sets if name != "held-out"):
        benchmark_pairs(name)  # reads the file lists: report a missing test set before training, not after it
    return Settings(size, data, given["seeds"] or size.seeds, test_sets, given)


def _named(given: dict, size: Profile) -> str:
    return size.data if given["data"] == "auto" else given["data"]


def _test_sets(data: Any, size: Profile) -> tuple[str, ...]:
    """Return the test sets of the training data: its own, else the profile's.

    The embedded photos are used without other data, so their held-out part is the test set.
    """
    if data.name == "embedded":
        return ("held-out",)
    own = getattr(data, "test_sets", None)
    return size.test_sets if own is None else ("held-out", *own)


def check_walkthrough(namespace: dict) -> dict:
    """Check a walkthrough's parameters: names, types, and `profile`; integers must be at least 1.

    Returns the values by name, `profile` as a Profile.  Raises WrongParameter.
    """
    given = given_values(namespace)
    check_values(given, walkthrough=True)
    return given | {"profile": _profile(given)}


def check_values(given: Mapping[str, Any], sources: Collection[str] = (), walkthrough: bool = False) -> None:
    """Check the values of those parameters that every notebook understands alike; WrongParameter lists the valid ones.

    `sources`: values of `data`; without them, those of every notebook.
    """
    sources = sources or (*SOURCES, *PUBLISHED)
    if "profile" in given:
        _profile(given)
    data = given.get("data", "auto")
    if data not in ("auto", *sources) and not data.startswith(FOLDERS):
        raise WrongParameter(f"data={data!r}: choose one of auto, {', '.join(sources)}, or {FOLDERS}RAINY|CLEAN")
    if not walkthrough and given.get("seeds", 0) < 0:
        raise WrongParameter(f"seeds={given['seeds']}: expected 0 (the profile's number) or a number of runs")
    if given.get(MINUTES.name, 0.0) < 0:
        raise WrongParameter(f"minutes={given['minutes']}: expected 0 (the profile's budget) or minutes of each training run")
    for name, value in given.items():
        if walkthrough and isinstance(value, int) and value < 1:
            raise WrongParameter(f"{name}={value}: expected at least 1")


def given_values(namespace: dict) -> dict:
    """Return the values of the declared parameters, with names and types checked."""
    cells = [cell for cell in namespace.get("In", []) if cell.strip()]
    known, injected = _split(cells) if cells else (_annotated(namespace), set())
    check_names(accepted(known), injected)
    if MINUTES.name in injected:
        known = [*known, MINUTES]
    given = {d.name: namespace[d.name] for d in known}
    for d in known:
        check_type(d, given[d.name])
    return given


def _profile(given: dict) -> Profile:
    if given["profile"] not in PROFILES:
        raise WrongParameter(f"profile={given['profile']!r}: choose one of {', '.join(PROFILES)}")
    return profile(given["profile"])


def _annotated(namespace: dict) -> list[Declared]:
    """Read the annotated names, for a runner that keeps no history of cells (nbval) and so injects no parameters."""
    found = [Declared(name, kind.__name__, namespace[name], "") for name, kind in namespace.get("__annotations__", {}).items()]
    if not found:
        raise WrongParameter("run the parameters cell first")
    return found


def _split(cells: list[str]) -> tuple[list[Declared], set[str]]:
    """Return the latest parameters cell that ran, and the names that a cell injected after it assigns."""
    for index in range(len(cells) - 1, -1, -1):
        try:
            known = declared_parameters(cells[index])
        except (ValueError, SyntaxError):
            continue
        if known:
            behind = (cell for cell in cells[index + 1 :] if cell.startswith(INJECTED))
            return known, {t.id for cell in behind for node in ast.parse(cell).body for t in node.targets}
    raise WrongParameter("run the parameters cell first")
