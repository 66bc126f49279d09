"""The moving average of weights."""

import pytest
import torch
from torch import nn

from rainmer_lib.training.ema import MovingAverage


@pytest.fixture
def module():
    return nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))


def move(module):
    """Give parameters and running statistics new values."""
    with torch.no_grad():
        for p in module.parameters():
            p.normal_()
    module(torch.rand(3, 1, 4, 4))


def test_the_average_is_its_recursion(module):
    """a <- d a + (1 - d) w with d = min(decay, (1 + step) / (10 + step))."""
    average = MovingAverage(module, 0.3)
    expected = {name: p.detach().clone() for name, p in module.named_parameters()}
    for step, decay in ((0, 0.1), (1, 2 / 11), (2, 0.25), (3, 0.3), (50, 0.3)):
        move(module)
        average.update(step)
        expected = {name: decay * expected[name] + (1 - decay) * p.detach() for name, p in module.named_parameters()}
        for name, value in average.state().items():
            torch.testing.assert_close(value, expected[name])


def test_decay_zero_keeps_the_weights_themselves(module):
    average = MovingAverage(module, 0.0)
    move(module)
    average.update(7)
    assert all(torch.equal(average.state()[name], p) for name, p in module.named_parameters())


def test_weights_are_averages_and_present_buffers(module):
    """What is exported loads into the network: nothing is missing, and statistics are not averaged."""
    average = MovingAverage(module, 0.9)
    move(module)
    average.update(0)
    move(module)
    weights = average.weights()
    assert set(weights) == set(module.state_dict()) > set(average.state())
    for name, value in weights.items():
        assert torch.equal(value, average.state()[name] if name in average.state() else module.state_dict()[name])
    assert not torch.equal(weights["0.weight"], module[0].weight) and weights["1.running_mean"].abs().max() > 0
    nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)).load_state_dict(weights)


def test_restored_it_goes_on(module):
    one, other = MovingAverage(module, 0.9), MovingAverage(module, 0.9)
    move(module)
    one.update(0)
    other.restore({name: value.clone() for name, value in one.state().items()})
    move(module)
    one.update(1)
    other.update(1)
    assert all(torch.equal(one.state()[name], other.state()[name]) for name in one.state())
