"""The parameters that a notebook declares, read from the source of its parameters cell."""

import ast
from dataclasses import dataclass

from rainmer_lib.experiments.settings import WrongParameter


@dataclass(frozen=True)
class Declared:
    """One line of a parameters cell: `name: kind = default  # help`."""

    name: str
    kind: str
    default: object
    help: str


# What every notebook that trains takes besides, so that none has to declare it
MINUTES = Declared("minutes", "float", 0.0, "minutes of each training run, in place of steps; 0 is the profile's own budget")


def accepted(known: list[Declared]) -> list[Declared]:
    """Return the parameters that a notebook takes: those that it declares, and `minutes` if training runs are behind it."""
    names = {declared.name for declared in known}
    return [*known, MINUTES] if {"profile", "seeds"} <= names and MINUTES.name not in names else known


def declared_parameters(source: str) -> list[Declared]:
    """Parse the parameters that a cell declares; ValueError if it holds anything but annotated literals, one a line."""
    lines, found = source.splitlines(), []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            raise ValueError(f"line {node.lineno}: a parameters cell holds `name: type = literal  # help` and nothing else")
        comment = lines[node.end_lineno - 1].partition("  # ")[2]
        found.append(Declared(node.target.id, ast.unparse(node.annotation), ast.literal_eval(node.value), comment))
    return found


def check_names(known: list[Declared], given: set[str]) -> None:
    """Raise WrongParameter on a name that the notebook does not declare."""
    if unknown := sorted(given - {d.name for d in known}):
        lines = "".join(f"\n  {d.name}: {d.kind} = {d.default!r}  {d.help}" for d in known)
        raise WrongParameter(f"no such parameter: {', '.join(unknown)}. This notebook has{lines}")


def read(declared: Declared, text: str) -> object:
    """Read a value that was typed, as the declared type: a str is taken as it is.  WrongParameter if it is none of the type."""
    try:
        return {"str": str, "int": int, "float": float, "bool": _BOOLS.__getitem__}[declared.kind](text)
    except (ValueError, KeyError) as error:
        raise WrongParameter(f"{declared.name}={text!r}: expected {declared.kind}. {declared.help}") from error


_BOOLS = {"true": True, "True": True, "false": False, "False": False}


def check_type(declared: Declared, value: object) -> None:
    """Raise WrongParameter on a value of another type than declared; a float accepts an int, only a bool accepts a bool."""
    kinds = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}[declared.kind]
    if not isinstance(value, kinds) or (isinstance(value, bool) and declared.kind != "bool"):
        raise WrongParameter(f"{declared.name}={value!r}: expected {declared.kind}. {declared.help}")
