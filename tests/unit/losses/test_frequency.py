"""Frequency loss, Eq. (5), against a loop and a closed form."""

import cmath

import pytest
import torch

from rainmer_lib.losses.frequency import frequency


def slow_spectrum(plane):
    """One-sided transform of one channel, from the definition."""
    h, w = plane.shape
    return [
        sum(plane[y, x].item() * cmath.exp(-2j * cmath.pi * (u * y / h + v * x / w)) for y in range(h) for x in range(w))
        for u in range(h) for v in range(w // 2 + 1)
    ]  # fmt: skip


@pytest.mark.parametrize("variant", ["ortho_l1", "iicnet"])
def test_frequency_equals_the_loop(two_images, variant):
    a, b = two_images(size=4)
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


def test_gradients_and_zero_of_the_frequency_loss(two_images, differentiable):
    differentiable(frequency, *two_images(size=4, batch=1))


def test_an_unknown_variant(two_images):
    with pytest.raises(ValueError, match="ortho_l1 or iicnet"):
        frequency(*two_images(), "l2")
