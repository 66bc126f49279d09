"""Checks that every configuration uses, and its changes from the defaults."""

from dataclasses import fields
from typing import Any


def check_types(config: object) -> None:
    """Raise TypeError when a field holds another type than it declares (an int may stand for a float)."""
    for field in fields(config):
        value, kind = getattr(config, field.name), field.type
        base = {int: int, float: (int, float), bool: bool, str: str}.get(kind, tuple)
        if not isinstance(value, base) or (isinstance(value, bool) and kind is not bool):
            raise TypeError(f"{field.name}={value!r}: expected {getattr(kind, '__name__', kind)}")


def check_choices(config: object, choices: dict[str, tuple]) -> None:
    """Raise ValueError when a field holds none of its allowed values."""
    for name, allowed in choices.items():
        if getattr(config, name) not in allowed:
            raise ValueError(f"{name}={getattr(config, name)!r}: choose one of {', '.join(map(str, allowed))}")


def changed_fields(config: object) -> dict[str, Any]:
    """Return the fields in which a configuration differs from the defaults of its class, which are the paper's."""
    return {f.name: getattr(config, f.name) for f in fields(config) if getattr(config, f.name) != f.default}
