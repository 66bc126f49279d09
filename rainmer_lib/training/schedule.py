"""Schedules of the learning rate over a run."""

import math
from collections.abc import Sequence


def constant_then_linear(step: int, steps: int) -> float:
    """Return the factor on the learning rate: 1 for the first half of `steps`, then linear to zero (DCD-GAN, Sec. 4.1).

    The last step still learns (factor 2 / steps); zero would be reached one step later.
    """
    half = steps / 2
    return 1.0 if step < half else max(0.0, (steps - step) / (steps - half))


def cosine(step: int, steps: int) -> float:
    """Return the factor on the learning rate, half a cosine from 1 to nearly 0: (1 + cos(pi step / steps)) / 2."""
    return (1 + math.cos(math.pi * step / steps)) / 2


def milestones(step: int, steps: int, shares: Sequence[float], factor: float) -> float:
    """Return the factor on the learning rate: `factor` to the power of the milestones passed, which are shares of `steps`."""
    return factor ** sum(step >= share * steps for share in shares)
