"""Colour cycle-consistency, Eq. (3), against a loop."""

import pytest
import torch

from rainmer_lib.losses.colour_cycle import colour_cycle, plain_cycle


def slow_colour(a, b, norm):
    total = 0.0
    for channel in range(3):
        per_image = []
        for x, y in zip(a, b, strict=True):
            d = [(p - q).item() for p, q in zip(x[channel].flatten(), y[channel].flatten(), strict=True)]
            mean = sum(abs(v) for v in d) if norm == "l1" else sum(v * v for v in d)
            per_image.append(mean / len(d) if norm == "l1" else (mean / len(d)) ** 0.5)
        total += sum(per_image) / len(per_image)
    return total


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_colour_equals_the_loop(two_images, norm):
    a, b = two_images()
    assert colour_cycle(a, b, norm).item() == pytest.approx(slow_colour(a, b, norm), rel=1e-9)


def test_colour_l1_is_three_times_the_plain_cycle(two_images):
    """The remark in the docstring: with an L1 norm, the paper's colour term is a weight and nothing more."""
    a, b = two_images()
    torch.testing.assert_close(colour_cycle(a, b), 3 * plain_cycle(a, b))
    assert not torch.isclose(colour_cycle(a, b, "l2"), 3 * ((a - b) ** 2).mean().sqrt(), rtol=1e-6)


@pytest.mark.parametrize("loss", [colour_cycle, lambda a, b: colour_cycle(a, b, "l2"), plain_cycle])
def test_gradients_and_zero_of_cycles(two_images, differentiable, loss):
    differentiable(loss, *two_images(size=4, batch=1))


def test_an_unknown_norm(two_images):
    with pytest.raises(ValueError, match="l1 or l2"):
        colour_cycle(*two_images(), "L1")
