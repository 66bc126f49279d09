"""Winograd's convolution against torch's own: values and gradients."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from random_tensors import doubles, normal

from rainmer_lib.networks import winograd
from rainmer_lib.networks.winograd import Convolution, convolve, interpolation

LAST = torch.channels_last


def direct(x, weight, bias, mode):
    return F.conv2d(F.pad(x, (1, 1, 1, 1), "reflect" if mode == "reflect" else "constant"), weight, bias)


def test_the_three_maps_give_the_convolution_of_a_line():
    """Four values of a correlation with three taps, of six inputs, by way of six products; exact for whole numbers."""
    (a, g, b), rng = interpolation(), np.random.default_rng(0)
    line, taps = rng.integers(-9, 9, 6), rng.integers(-9, 9, 3)
    assert a @ ((g @ taps) * (b @ line)) == pytest.approx(np.correlate(line, taps, "valid"), abs=1e-12)


@pytest.mark.parametrize("mode", ["zeros", "reflect"])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("at_once", [1, 4, 10**6])
@pytest.mark.parametrize("order", [torch.contiguous_format, LAST])
def test_values_and_gradients_are_those_of_the_direct_form(mode, batch, at_once, order, monkeypatch):
    """In double precision, in one band of tiles or in many, whatever the order of the gradient that comes back."""
    monkeypatch.setattr(winograd, "AT_ONCE", at_once)
    x = doubles(batch, 5, 8, 12).to(memory_format=LAST).requires_grad_()
    weight, bias = doubles(7, 5, 3, 3, seed=1).requires_grad_(), doubles(7, seed=2).requires_grad_()
    found, expected = convolve(x, weight, bias, mode), direct(x, weight, bias, mode)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)
    assert found.is_contiguous(memory_format=LAST)
    gradient = doubles(*found.shape, seed=3).to(memory_format=order)
    pairs = zip(*(torch.autograd.grad(y, (x, weight, bias), gradient) for y in (found, expected)), strict=True)
    for some, others in pairs:
        torch.testing.assert_close(some, others, rtol=1e-10, atol=1e-10)


def test_what_needs_no_gradient_gets_none():
    """A discriminator passes the gradient on without weights of its own learning; the first layer's image needs none."""
    weight, bias, x = doubles(4, 3, 3, 3), doubles(4), doubles(1, 3, 8, 8).to(memory_format=LAST)
    convolve(x.requires_grad_(), weight, bias).sum().backward()
    assert x.grad.any() and weight.grad is None and bias.grad is None
    fixed = x.detach()
    convolve(fixed, weight.requires_grad_(), bias).sum().backward()
    torch.testing.assert_close(weight.grad, torch.autograd.grad(direct(fixed, weight, bias, "zeros").sum(), weight)[0])
    assert fixed.grad is None and bias.grad is None


def test_rounding_in_single_precision_is_small():
    x, weight, bias = normal(1, 256, 16, 16).relu(), 0.02 * normal(64, 256, 3, 3, seed=1), torch.zeros(64)
    exact = direct(x.double(), weight.double(), bias.double(), "reflect")
    error = convolve(x.to(memory_format=LAST), weight, bias, "reflect") - exact
    assert 0 < error.std() / exact.std() < 4e-6


@pytest.fixture
def taken(monkeypatch):
    """The calls of `convolve` that layers make."""
    calls = []
    monkeypatch.setattr(winograd, "convolve", lambda *a: (calls.append(a), convolve(*a))[1])
    return calls


@pytest.mark.parametrize("mode", ["zeros", "reflect"])
def test_a_layer_takes_the_fast_form_where_a_step_gains_by_it(mode, taken):
    torch.manual_seed(0)
    layer, x = Convolution(64, 64, mode), normal(1, 64, 8, 12).to(memory_format=LAST)
    fast = layer(x)
    assert len(taken) == 1 and layer.weight.shape == (64, 64, 3, 3)
    with torch.no_grad():
        torch.testing.assert_close(fast, layer(x), rtol=1e-4, atol=1e-5)  # inference: torch's own
    layer(x.contiguous()), layer(x[:, :, :6]), Convolution(64, 8, mode)(x), Convolution(8, 64, mode)(x[:, :8])
    with torch.autocast("cpu", torch.bfloat16):
        layer(x)
    assert len(taken) == 1
