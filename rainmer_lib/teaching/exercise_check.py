"""Check an attempt at an exercise of a walkthrough, and say what is wrong."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch


class Wrong(AssertionError):
    """Error that says what is wrong with an attempt at an exercise; a notebook shows only the message."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython prints instead of a traceback into this library, which would not help a student."""
        return [str(self)]


def check(
    title: str, attempt: Callable, inputs: Sequence[tuple], right: Callable, mistakes: Mapping[str, Callable] | None = None,
    tolerance: float = 1e-6,
) -> None:
    """Compare `attempt` with `right` on each of `inputs`, argument tuples; print a line if the attempt is right.

    Raises Wrong if nothing is returned yet, with the message of `mistakes` (message -> function) whose function gives the same
    results as the attempt on all inputs, or else with input, expected and found value of the first difference.  Errors that
    the attempt raises itself are passed on.  Numbers, arrays and tensors are equal up to `tolerance` (relative and absolute),
    all else by `==`.
    """
    found = [attempt(*arguments) for arguments in inputs]
    if any(value is None or value is ... for value in found):
        raise Wrong(f"{title}: nothing is returned yet. Put your lines in place of the `...` above, and run both cells again")
    expected = [right(*arguments) for arguments in inputs]
    differ = [number for number, pair in enumerate(zip(found, expected, strict=True)) if not _equal(*pair, tolerance)]
    if not differ:
        print(f"{title} is right")
        return
    for message, mistake in (mistakes or {}).items():
        if all(_equal(value, mistake(*arguments), tolerance) for value, arguments in zip(found, inputs, strict=True)):
            raise Wrong(f"{title}: {message}")
    first = differ[0]
    raise Wrong(
        f"{title}: wrong for {len(differ)} of {len(inputs)} inputs; for {_shown(inputs[first])} "
        f"expected {_shown(expected[first])}, found {_shown(found[first])}"
    )


def _equal(found: object, expected: object, tolerance: float) -> bool:
    numeric = (int, float, np.ndarray, np.number, torch.Tensor)
    if not isinstance(expected, numeric) or isinstance(expected, bool):
        return type(found) is type(expected) and found == expected
    if not isinstance(found, numeric) or np.shape(_array(found)) != np.shape(_array(expected)):
        return False
    return np.allclose(_array(found), _array(expected), rtol=tolerance, atol=tolerance)


def _array(value: object) -> np.ndarray:
    return np.asarray(value.detach().cpu() if isinstance(value, torch.Tensor) else value)


def _shown(value: object) -> str:
    """Format a value for a message: large arrays by shape and mean, functions by name."""
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    if isinstance(value, np.ndarray | torch.Tensor) and _array(value).size > 8:
        return f"an array {tuple(value.shape)} of mean {float(_array(value).mean()):.6g}"
    if isinstance(value, np.ndarray | torch.Tensor):
        return f"{np.round(_array(value), 6).tolist()}"
    return getattr(value, "__name__", None) or (f"{value:.6g}" if isinstance(value, float) else f"{value!r}")
