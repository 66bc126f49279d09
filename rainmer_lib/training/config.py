"""Checks that every configuration uses, and its changes from the defaults."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args, get_origin

# In the words of the errors: what `check_ranges` may ask of a number, or of every number of a tuple
RULES: dict[str, Callable[[float], bool]] = {
    "above 0": lambda x: x > 0,
    "0 or more": lambda x: x >= 0,
    "1 or more": lambda x: x >= 1,
    "within [0, 1]": lambda x: 0 <= x <= 1,
    "within [0, 1)": lambda x: 0 <= x < 1,
    "within (0, 1]": lambda x: 0 < x <= 1,
    "0 or more, below 2**63": lambda x: 0 <= x < 2**63,
}


def check_types(config: object) -> None:
    """Raise TypeError when a field holds another type than it declares, ValueError on a float that is not finite.

    An int may stand for a float.  Each element of a tuple is checked, and their number where the field declares it.
    """
    for field in fields(config):
        value = getattr(config, field.name)
        if not _is_of(value, field.type):
            name = field.type.__name__ if isinstance(field.type, type) and not get_origin(field.type) else str(field.type)
            raise TypeError(f"{field.name}={value!r}: expected {name}")
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int | float) and not _finite(number):
                raise ValueError(f"{field.name}={value!r}: expected finite numbers")


def _is_of(value: Any, kind: Any) -> bool:
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        if isinstance(value, tuple) and kinds[-1] is ...:
            kinds = kinds[:1] * len(value)
        return isinstance(value, tuple) and len(value) == len(kinds) and all(map(_is_of, value, kinds))
    return isinstance(value, (int, float) if kind is float else kind) and (kind is bool or not isinstance(value, bool))


def _finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an int beyond the floats
        return False


def check_choices(config: object, choices: dict[str, tuple]) -> None:
    """Raise ValueError when a field holds none of its allowed values."""
    for name, allowed in choices.items():
        if getattr(config, name) not in allowed:
            raise ValueError(f"{name}={getattr(config, name)!r}: choose one of {', '.join(map(str, allowed))}")


def check_ranges(config: object, ranges: Mapping[str, Sequence[str]]) -> None:
    """Raise ValueError when a field, or an element of one, breaks its rule; `ranges`: a rule of `RULES` -> fields."""
    for rule, names in ranges.items():
        for name in names:
            value = getattr(config, name)
            if not all(map(RULES[rule], value if isinstance(value, tuple) else (value,))):
                raise ValueError(f"{name}={value!r}: expected {rule}")


def changed_fields(config: object) -> dict[str, Any]:
    """Return the fields in which a configuration differs from the defaults of its class, which are the paper's."""
    return {f.name: getattr(config, f.name) for f in fields(config) if getattr(config, f.name) != f.default}
