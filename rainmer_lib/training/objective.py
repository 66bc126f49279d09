"""An objective as a list of named, weighted terms: each is summed, logged and plotted under its name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Term:
    """One summand of an objective: `weight * value(...)`; the arguments are the method's own."""

    name: str
    weight: float
    value: Callable[..., Tensor]


def switched_on(terms: Sequence[Term]) -> list[Term]:
    """Return the terms whose weight is not zero; a term that is switched off is neither computed nor logged."""
    return [term for term in terms if term.weight != 0]


def evaluate(objective: Sequence[Term], *arguments) -> tuple[dict[str, Tensor], Tensor]:
    """Return the value of each term before its weight, and the weighted sum."""
    values = {term.name: term.value(*arguments) for term in objective}
    return values, sum(term.weight * values[term.name] for term in objective)
