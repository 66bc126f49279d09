"""Learning rates over a run."""

import pytest

from rainmer_lib.training.schedule import constant_then_linear, cosine, milestones


def test_constant_then_linear():
    """Sec. 4.1: 300 epochs constant, 300 linear to zero."""
    factors = [constant_then_linear(step, 10) for step in range(11)]
    assert factors == pytest.approx([1, 1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0])


def test_cosine():
    """Half a cosine from the first step: half of the rate in the middle, nearly none at the last step."""
    factors = [cosine(step, 8) for step in range(9)]
    assert factors[0] == 1 and factors[4] == pytest.approx(0.5) and factors[8] == pytest.approx(0)
    assert factors[2] == pytest.approx(0.5 + 0.5**1.5) and factors[7] == pytest.approx(0.0380602337)
    assert factors == sorted(factors, reverse=True) and [1 - f for f in factors[::-1]] == pytest.approx(factors)
    assert cosine(1199, 1200) > 0, "the last step still learns"


def test_milestones():
    """PReNet: a fifth at epochs 30, 50 and 80 of 100; the first step of such an epoch has the new rate already."""
    factors = {step: milestones(step, 1000, (0.3, 0.5, 0.8), 0.2) for step in (0, 299, 300, 499, 500, 799, 800, 999)}
    assert list(factors.values()) == pytest.approx([1, 1, 0.2, 0.2, 0.04, 0.04, 0.008, 0.008])


def test_without_milestones_the_rate_stays():
    assert {milestones(step, 10, (), 0.2) for step in range(11)} == {1.0}
