"""Instance norm against its formula: values and gradients, in both orders of memory."""

from itertools import product

import pytest
import torch
from random_tensors import doubles, uniform

from rainmer_lib.networks import instance_norm
from rainmer_lib.networks.instance_norm import InstanceNorm, normalise

ORDERS = (torch.contiguous_format, torch.channels_last)


def formula(x):
    return (x - x.mean(dim=(2, 3), keepdim=True)) / (x.var(dim=(2, 3), correction=0, keepdim=True) + 1e-5).sqrt()


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize(("order", "of_gradient"), list(product(ORDERS, ORDERS)))
@pytest.mark.parametrize("affine", [False, True])
def test_the_gradient_of_a_norm_is_that_of_its_formula_in_any_order(batch, order, of_gradient, affine):
    """Also if what comes after it hands back a gradient in another order than that of the features."""
    x, weight = doubles(batch, 3, 6, 7), doubles(batch, 3, 6, 7, seed=1)
    norm = InstanceNorm(3, affine=affine).double()
    images = x.clone(memory_format=order).requires_grad_()
    y = norm(images)
    y.backward(weight.to(memory_format=of_gradient))
    plain = x.clone().requires_grad_()
    expected = formula(plain)
    expected.backward(weight)
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(images.grad, plain.grad)


def test_features_in_channels_last_order_are_normalised_in_that_order(monkeypatch):
    calls = []
    monkeypatch.setattr(instance_norm, "normalise", lambda *a: (calls.append(a), normalise(*a))[1])
    x = uniform(2, 5, 4, 6)
    InstanceNorm(5)(x), InstanceNorm(5, affine=True)(x.to(memory_format=torch.channels_last))
    with torch.no_grad():
        InstanceNorm(5)(x.to(memory_format=torch.channels_last))
    assert not calls
    y = InstanceNorm(5)(x.to(memory_format=torch.channels_last))
    assert len(calls) == 1 and y.is_contiguous(memory_format=torch.channels_last)


def test_flat_channels_and_large_means_keep_their_digits():
    """A constant channel becomes zero, not noise; a mean of a thousand deviations does not drown the variance."""
    x = torch.cat([torch.full((1, 1, 8, 8), 0.3), 1000 + uniform(1, 1, 8, 8)], dim=1).to(memory_format=torch.channels_last)
    y = normalise(x, 1e-5)
    assert y[:, 0].abs().max() < 1e-3
    torch.testing.assert_close(y.double(), formula(x.double()), rtol=1e-3, atol=1e-3)


def test_a_result_may_be_changed_in_place():
    """As by the ReLU of a residual block."""
    x = doubles(1, 3, 6, 7).to(memory_format=torch.channels_last).requires_grad_()
    normalise(x, 1e-5).relu_().square().sum().backward()
    expected = torch.autograd.grad(formula(x).relu().square().sum(), x)[0]
    torch.testing.assert_close(x.grad, expected)
