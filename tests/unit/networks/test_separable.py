"""Depthwise, pointwise and pairwise convolutions against torch's own: values and gradients."""

import pytest
import torch
import torch.nn.functional as F
from random_tensors import doubles, normal

from rainmer_lib.networks.separable import DepthwiseConv, PairwiseConv, PointwiseConv, convolve, weight_gradient

LAST = torch.channels_last
ORDERS = [torch.contiguous_format, LAST]


def direct(x, weight, dilation=1):
    return F.conv2d(x, weight, padding=dilation * (weight.shape[-1] // 2), dilation=dilation, groups=len(weight))


def gradients(y, inputs, order=LAST):
    return torch.autograd.grad(y, inputs, doubles(*y.shape, seed=3).to(memory_format=order))


def check_same(some, others):
    for one, other in zip(some, others, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


def slow_weight_gradient(x, gradient, kernel, dilation):
    """The sum of the docstring, tap by tap."""
    height, width = x.shape[2:]
    reach = dilation * (kernel // 2)
    framed = F.pad(x, (reach,) * 4)
    taps = [
        (gradient * framed[..., dilation * i : dilation * i + height, dilation * j : dilation * j + width]).sum((0, 2, 3))
        for i in range(kernel)
        for j in range(kernel)
    ]
    return torch.stack(taps, dim=1).view(-1, 1, kernel, kernel)


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("size", [(9, 11), (8, 8), (5, 13), (2, 3)])
@pytest.mark.parametrize("order", ORDERS)
def test_values_and_gradients_are_those_of_the_direct_form(kernel, dilation, size, order):
    """For images of odd sizes and smaller than the kernel too, whatever the order of images and gradients in memory."""
    x = doubles(3, 4, *size).to(memory_format=order).requires_grad_()
    weight = doubles(4, 1, kernel, kernel, seed=1).requires_grad_()
    found, expected = convolve(x, weight, dilation), direct(x, weight, dilation)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    check_same(gradients(found, (x, weight), order), gradients(expected, (x, weight)))


@pytest.mark.parametrize(("kernel", "dilation"), [(3, 1), (3, 2), (5, 1), (5, 2), (7, 1), (7, 2), (9, 3)])
def test_the_gradient_of_the_weights_is_the_sum_over_pixels(kernel, dilation):
    x, gradient = doubles(2, 3, 7, 10), doubles(2, 3, 7, 10, seed=1)
    check_same([weight_gradient(x, gradient, kernel, dilation)], [slow_weight_gradient(x, gradient, kernel, dilation)])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("layer", "channels"),
    [
        (DepthwiseConv(6, 5), 6), (DepthwiseConv(6, 3, 2), 6), (PointwiseConv(6, 5), 6), (PairwiseConv(5, 3), 10),
        (PairwiseConv(4, 5), 8),
    ],
)  # fmt: skip
def test_layers_are_convolutions(layer, channels, order):
    """Their parameters, values and gradients are those of torch's layer, in training and without gradients."""
    layer = layer.double().to(memory_format=order)
    plain = torch.nn.Conv2d(
        layer.in_channels, layer.out_channels, layer.kernel_size, padding=layer.padding, dilation=layer.dilation,
        groups=layer.groups, bias=False,
    ).double()  # fmt: skip
    plain.load_state_dict(layer.state_dict())
    x = doubles(2, channels, 9, 10).to(memory_format=order).requires_grad_()
    inputs = [(x, *network.parameters()) for network in (layer, plain)]
    check_same(*(gradients(network(x), of) for network, of in zip((layer, plain), inputs, strict=True)))
    with torch.no_grad():
        check_same([layer(x)], [plain(x)])


def test_what_needs_no_gradient_gets_none():
    x, weight = doubles(1, 3, 8, 8), doubles(3, 1, 5, 5)
    convolve(x.requires_grad_(), weight).sum().backward()
    assert x.grad.any() and weight.grad is None
    fixed = x.detach()
    convolve(fixed, weight.requires_grad_()).sum().backward()
    assert weight.grad.any() and fixed.grad is None


def test_rounding_in_single_precision_is_small():
    x, gradient = (normal(8, 16, 32, 32, seed=seed).to(memory_format=LAST) for seed in (0, 1))
    exact = slow_weight_gradient(x.double(), gradient.double(), 7, 1)
    error = weight_gradient(x, gradient, 7, 1) - exact
    assert 0 < error.std() / exact.std() < 4e-6
