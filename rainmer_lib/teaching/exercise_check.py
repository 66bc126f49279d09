"""Check an attempt at an exercise of a walkthrough, and say what is wrong."""

import linecache
import traceback
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
    results as the attempt on all inputs, or else with input, expected and found value of the first difference.  An error of
    the attempt itself becomes a Wrong that shows the attempt's own line; the error is its cause.  Numbers, and tuples, lists,
    arrays and tensors of numbers, are equal up to `tolerance` (relative and absolute), whichever of these they are; all else
    is compared by `==`, where a tuple is as good as a list.
    """
    found = [_tried(title, attempt, arguments) for arguments in inputs]
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


def _tried(title: str, attempt: Callable, arguments: tuple) -> object:
    """Call an attempt; an error becomes a message with the line of the attempt in which it arose."""
    try:
        return attempt(*arguments)
    except Exception as error:
        own = getattr(getattr(attempt, "__code__", None), "co_filename", None)
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == own]
        told = f"{title}: {type(error).__name__}: {error}"
        if frames:
            number = frames[-1].lineno
            line = linecache.getline(own, number).strip()
            told += f"\n  in line {number} of your cell" + (f":  {line}" if line else "")
        raise Wrong(told) from error


def _equal(found: object, expected: object, tolerance: float) -> bool:
    ours, theirs = _array(found), _array(expected)
    if theirs is not None:
        same_shape = ours is not None and ours.shape == theirs.shape
        return same_shape and np.allclose(ours, theirs, rtol=tolerance, atol=tolerance)
    if isinstance(expected, list | tuple):
        alike = isinstance(found, list | tuple) and len(found) == len(expected)
        return alike and all(_equal(*pair, tolerance) for pair in zip(found, expected, strict=True))
    return type(found) is type(expected) and found == expected


def _array(value: object) -> np.ndarray | None:
    """Return numbers as an array: a number, an array, a tensor, or tuples and lists of these; None for anything else."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    if isinstance(value, list | tuple):
        parts = [_array(part) for part in value]
        if not parts or any(part is None for part in parts) or len({part.shape for part in parts}) > 1:
            return None
        return np.stack(parts)
    if isinstance(value, int | float | np.ndarray | np.number) and not isinstance(value, bool):
        return np.asarray(value) if np.asarray(value).dtype.kind in "iufc" else None
    return None


def _shown(value: object) -> str:
    """Format a value for a message: large arrays by shape and mean, functions by name."""
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    if isinstance(value, np.ndarray | torch.Tensor) and _array(value).size > 8:
        return f"an array {tuple(value.shape)} of mean {float(_array(value).mean()):.6g}"
    if isinstance(value, np.ndarray | torch.Tensor):
        return f"{np.round(_array(value), 6).tolist()}"
    return getattr(value, "__name__", None) or (f"{value:.6g}" if isinstance(value, float) else f"{value!r}")
