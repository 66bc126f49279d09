"""Colour cycle-consistency, Eq. (3), and frequency loss, Eq. (5), against loops and closed forms."""

import cmath

import pytest
import torch

from rainmer_lib.losses.colour_cycle import colour_cycle, plain_cycle
from rainmer_lib.losses.frequency import frequency


def images(size=5, batch=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(batch, 3, size, size + 1, generator=generator, dtype=torch.float64) for _ in range(2)]


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
def test_colour_equals_the_loop(norm):
    a, b = images()
    assert colour_cycle(a, b, norm).item() == pytest.approx(slow_colour(a, b, norm), rel=1e-9)


def test_colour_l1_is_three_times_the_plain_cycle():
    """The remark in the docstring: with an L1 norm, the paper's colour term is a weight and nothing more."""
    a, b = images()
    torch.testing.assert_close(colour_cycle(a, b), 3 * plain_cycle(a, b))
    assert not torch.isclose(colour_cycle(a, b, "l2"), 3 * ((a - b) ** 2).mean().sqrt(), rtol=1e-6)


def slow_spectrum(plane):
    """One-sided transform of one channel, from the definition."""
    h, w = plane.shape
    return [
        sum(plane[y, x].item() * cmath.exp(-2j * cmath.pi * (u * y / h + v * x / w)) for y in range(h) for x in range(w))
        for u in range(h) for v in range(w // 2 + 1)
    ]  # fmt: skip


@pytest.mark.parametrize("variant", ["ortho_l1", "iicnet"])
def test_frequency_equals_the_loop(variant):
    a, b = images(size=4)
    spectra = [[slow_spectrum(channel) for channel in image] for image in (a - b)]
    flat = [value for image in spectra for channel in image for value in channel]
    if variant == "ortho_l1":
        expected = sum(abs(v) for v in flat) / len(flat) / (4 * 5) ** 0.5
    else:
        expected = sum(abs(v) ** 2 for v in flat) / 2
    assert frequency(a, b, variant).item() == pytest.approx(expected, rel=1e-9)


def test_iicnet_is_pixel_error_times_a_constant():
    """Parseval: the squared one-sided transform is (h w)^2 * 3/2 times the MSE, up to the unpaired columns."""
    generator = torch.Generator().manual_seed(1)
    a = torch.rand(1, 3, 64, 64, generator=generator, dtype=torch.float64)
    b = a + 0.02 * torch.randn(a.shape, generator=generator, dtype=torch.float64)
    ratio = frequency(a, b, "iicnet") / (((a - b) ** 2).mean() * 64**4 * 1.5)
    assert ratio.item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("loss", [colour_cycle, lambda a, b: colour_cycle(a, b, "l2"), plain_cycle, frequency])
def test_gradients_and_zero(loss):
    a, b = images(size=4, batch=1)
    assert torch.autograd.gradcheck(lambda x: loss(x, b), a.requires_grad_())
    assert loss(b, b).item() == pytest.approx(0, abs=4e-6)
    perfect = b.clone().requires_grad_()
    loss(perfect, b).backward()
    assert torch.isfinite(perfect.grad).all()


def test_messages():
    a, b = images()
    with pytest.raises(ValueError, match="l1 or l2"):
        colour_cycle(a, b, "L1")
    with pytest.raises(ValueError, match="ortho_l1 or iicnet"):
        frequency(a, b, "l2")
