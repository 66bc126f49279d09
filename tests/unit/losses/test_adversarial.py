"""Adversarial losses, Eq. (4), against their definitions logit by logit."""

import math

import pytest
import torch

from rainmer_lib.losses.adversarial import discriminator_loss, generator_loss, logits_total


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


SLOW = {  # discriminator on real, discriminator on fake, generator
    "log_likelihood": (
        lambda x: -math.log(sigmoid(x)), lambda x: -math.log(1 - sigmoid(x)), lambda x: -math.log(sigmoid(x)),
    ),
    "least_squares": (lambda x: (x - 1) ** 2, lambda x: x**2, lambda x: (x - 1) ** 2),
    "hinge": (lambda x: max(0, 1 - x), lambda x: max(0, 1 + x), lambda x: -x),
    "hinge_clipped": (lambda x: max(0, 1 - x), lambda x: max(0, 1 + x), lambda x: max(0, 1 - x)),
}  # fmt: skip


@pytest.mark.parametrize("mode", SLOW)
def test_equals_the_definition(mode):
    real, fake = torch.linspace(-2.3, 3, 12, dtype=torch.float64), torch.linspace(-1.7, 2.2, 12, dtype=torch.float64)
    on_real, on_fake, for_generator = SLOW[mode]

    def mean(function, values):
        return sum(function(v.item()) for v in values) / len(values)

    expected = 0.5 * (mean(on_real, real) + mean(on_fake, fake))
    assert discriminator_loss(real.view(1, 1, 3, 4), fake, mode).item() == pytest.approx(expected, rel=1e-12)
    assert generator_loss(fake, mode).item() == pytest.approx(mean(for_generator, fake), rel=1e-12)


def test_an_undecided_discriminator_costs_log_two():
    zero = torch.zeros(5, dtype=torch.float64)
    assert discriminator_loss(zero, zero, "log_likelihood").item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("mode", SLOW)
def test_the_rest_to_the_total_judges_the_other_way_round(mode):
    """Logits `total - x` tell fake from real as `x` tell real from fake; half of the total is undecided."""
    real, fake = torch.linspace(-2.3, 3, 12, dtype=torch.float64), torch.linspace(-1.7, 2.2, 12, dtype=torch.float64)
    total = logits_total(mode)
    torch.testing.assert_close(discriminator_loss(total - fake, total - real, mode), discriminator_loss(real, fake, mode))
    half = torch.tensor([total / 2], dtype=torch.float64, requires_grad=True)
    discriminator_loss(half, half, mode).backward()
    assert half.grad.item() == 0


def test_the_released_generator_stops_learning_above_one():
    logits = torch.tensor([0.5, 2.0], requires_grad=True)
    generator_loss(logits, "hinge_clipped").backward()
    assert logits.grad.tolist() == [-0.5, 0.0]


@pytest.mark.parametrize("mode", ["log_likelihood", "least_squares"])
def test_gradients_in_float64(mode):
    x = torch.linspace(-2, 2, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: discriminator_loss(v, -v, mode) + generator_loss(v, mode), x)


def test_message():
    with pytest.raises(ValueError, match="log_likelihood, least_squares, hinge"):
        generator_loss(torch.zeros(1), "wgan")
