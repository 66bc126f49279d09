"""Learning rate over a run."""


def constant_then_linear(step: int, steps: int) -> float:
    """Factor on the learning rate: 1 for the first half of `steps`, then linear to zero (paper, Sec. 4.1).

    The last step still learns (factor 2 / steps); zero would be reached one step later.
    """
    half = steps / 2
    return 1.0 if step < half else max(0.0, (steps - step) / (steps - half))
