"""What an image costs: closed forms for the multiply-accumulates, and what is left out."""

import numpy as np
import pytest
from torch import nn

from rainmer_lib.experiments import cost
from rainmer_lib.experiments.experiment import parameters_of
from rainmer_lib.experiments.profiles import profile
from rainmer_lib.experiments.registry import rows


class Two(nn.Module):
    """Two convolutions, the second at half the size, and back."""

    multiple, smallest = 2, 2

    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Conv2d(3, 8, 2, 2), nn.ConvTranspose2d(8, 3, 2, 2)

    def forward(self, x):
        """Return an image of the same size."""
        return self.up(self.down(x))


def test_multiply_accumulates_of_two_layers():
    assert cost.gmac(Two()) == pytest.approx(2 * (3 * 4) * 8 * 128**2 / 1e9)


def test_a_row_for_each_method_and_no_gmac_under_a_prior(monkeypatch):
    monkeypatch.setattr(cost, "TIMED", (32, 48))
    monkeypatch.setattr(cost, "COUNTED", 64)
    compared = {name: row for name, row in rows("benchmarks", profile("quick")).items() if name in ("DSC", "DDN", "DCD-GAN")}
    found = cost.costs(compared, repeats=1)
    assert list(found.index) == ["DSC", "DDN", "DCD-GAN"] and list(found.kind) == ["prior-based", "supervised", "unpaired"]
    assert np.isnan(found.GMAC["DSC"]) and found.GMAC[["DDN", "DCD-GAN"]].gt(0).all() and found.seconds.gt(0).all()
    assert found.parameters["DDN"] == parameters_of(compared["DDN"].method, compared["DDN"].config)


def test_no_repetition_is_an_error():
    with pytest.raises(ValueError, match="repeats=0: expected 1 or more"):
        cost.seconds(Two(), 0)


@pytest.mark.parametrize(("taken", "expected"), [((9.0, 2.0, 3.0), 9.0), ((0.9, 0.5, 0.4), 0.4)])
def test_a_long_pass_is_timed_once_and_of_short_ones_the_first_does_not_count(monkeypatch, taken, expected):
    passes, clock = iter(taken), [0.0]

    def derain(network, image):
        clock[0] += next(passes)

    monkeypatch.setattr(cost, "derain", derain)
    monkeypatch.setattr(cost, "process_time", lambda: clock[0])
    assert cost.seconds(Two(), 2) == pytest.approx(expected)
