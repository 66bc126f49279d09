"""Convolution blocks of the CycleGAN family against their definitions."""

import pytest
import torch
import torch.nn.functional as F
from random_tensors import doubles, uniform
from torch import nn

from rainmer_lib.networks.blocks import (
    PlainBlock,
    ResidualBlock,
    initialise,
    initialise_he,
    parameter_count,
    to_signed,
)


def test_a_residual_block_is_its_formula():
    """x + IN(conv(ReLU(IN(conv(x))))) on reflected borders; IN without scale and shift."""
    torch.manual_seed(0)
    block, x = ResidualBlock(3).double(), doubles(2, 3, 6, 7)
    first, second = (layer for layer in block.body if isinstance(layer, nn.Conv2d))

    def normalised_convolution(x, conv):
        y = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), conv.weight, conv.bias)
        mean, var = y.mean(dim=(2, 3), keepdim=True), y.var(dim=(2, 3), correction=0, keepdim=True)
        return (y - mean) / (var + 1e-5).sqrt()

    expected = x + normalised_convolution(normalised_convolution(x, first).relu(), second)
    torch.testing.assert_close(block(x), expected)


def test_a_plain_block_is_its_formula():
    """x + conv(ReLU(conv(x))) on borders of zeros."""
    torch.manual_seed(0)
    block, x = PlainBlock(3).double(), doubles(2, 3, 6, 7)
    first, second = (layer for layer in block.body if isinstance(layer, nn.Conv2d))
    inner = F.conv2d(F.pad(x, (1, 1, 1, 1)), first.weight, first.bias).relu()
    torch.testing.assert_close(block(x), x + F.conv2d(F.pad(inner, (1, 1, 1, 1)), second.weight, second.bias))


def test_initial_weights_follow_xaviers_law_with_a_gain_of_a_fiftieth():
    """A standard deviation of gain sqrt(2 / (fan in + fan out)); no biases; norms are left alone."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(32, 64, 3), nn.ConvTranspose2d(64, 32, 3), nn.Linear(300, 200), nn.BatchNorm2d(4))
    assert initialise(module) is module
    for layer, fans in zip(module, (9 * (32 + 64), 9 * (64 + 32), 500), strict=False):
        assert layer.weight.std().item() == pytest.approx(0.02 * (2 / fans) ** 0.5, rel=0.05)
        assert abs(layer.weight.mean().item()) < 0.05 * layer.weight.std().item() and not layer.bias.any()
        assert layer.weight.abs().max() > 3 * layer.weight.std(), "normal: a uniform law ends at 1.7 deviations"
    assert (module[3].weight == 1).all()
    assert initialise(nn.Linear(300, 200), gain=1.0).weight.std().item() == pytest.approx((2 / 500) ** 0.5, rel=0.05)


def test_initial_weights_of_networks_without_norm_follow_the_law_of_he():
    """A standard deviation of sqrt(2 / (1 + 0.2^2) / fan in) for LeakyReLU(0.2); no biases; other layers are left alone."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(32, 64, 3), nn.Conv2d(64, 32, 3, bias=False), nn.BatchNorm2d(4))
    assert initialise_he(module) is module and (module[2].weight == 1).all() and not module[0].bias.any()
    for layer, fan_in in zip(module, (9 * 32, 9 * 64), strict=False):
        assert layer.weight.std().item() == pytest.approx((2 / 1.04 / fan_in) ** 0.5, rel=0.05)
        assert layer.weight.abs().max() > 3 * layer.weight.std(), "normal: a uniform law ends at 1.7 deviations"


def test_only_trainable_values_are_counted():
    module = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Linear(4, 5).requires_grad_(False))
    assert parameter_count(module) == 2 * 3 * 9 + 3 + 2 * 3


def test_the_range_of_the_networks():
    image = uniform(1, 3, 4, 4)
    torch.testing.assert_close(to_signed(image), 2 * image - 1)
    assert to_signed(torch.tensor([[[[0.0, 0.5, 1.0]]]])).flatten().tolist() == [-1, 0, 1]
