"""Sizes, counts and shapes that the paper and its code fix."""

import pytest
import torch

from rainmer_lib.dcdgan.guidance import ContrastiveGuidance
from rainmer_lib.dcdgan.translation import Generator, PatchCritic
from rainmer_lib.networks.blocks import parameter_count

TAPS = ("down1", "down2", "block1", "block5")


@pytest.mark.parametrize("antialias", [True, False])
def test_parameter_counts(antialias):
    generator = Generator(antialias=antialias)
    assert parameter_count(generator) == 11_378_179
    assert parameter_count(PatchCritic(antialias=antialias)) == 2_764_737
    guidance = ContrastiveGuidance(generator.tap_channels(TAPS))
    assert parameter_count(guidance.embed_rainy) == parameter_count(guidance.embed_clean) == 493_568


def test_tap_shapes_for_the_papers_crop():
    with torch.device("meta"):
        features = Generator().encode(torch.zeros(1, 3, 256, 256), TAPS)
        logits = PatchCritic()(torch.zeros(1, 3, 256, 256))
    shapes = [tuple(features[tap].shape[1:]) for tap in TAPS]
    assert shapes == [(128, 256, 256), (256, 128, 128), (256, 64, 64), (256, 64, 64)]
    assert tuple(logits.shape) == (1, 1, 30, 30)


def receptive_field(network, size=160):
    """Side of the square of input pixels that one logit depends on."""
    x = torch.randn(1, 3, size, size, requires_grad=True)
    for layer in network.modules():
        if isinstance(layer, torch.nn.InstanceNorm2d):
            layer.forward = lambda y: y  # statistics of the whole image would reach everywhere
    y = network(x)
    y[0, 0, y.shape[2] // 2, y.shape[3] // 2].backward()
    rows = x.grad.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
    return (rows[-1] - rows[0] + 1).item()


@pytest.mark.parametrize(("antialias", "layers", "side"), [(True, 3, 84), (False, 3, 70), (False, 2, 34), (False, 1, 16)])
def test_a_logit_sees_a_patch(antialias, layers, side):
    assert receptive_field(PatchCritic(4, antialias, layers)) == side


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("size", [(32, 32), (36, 52)])
def test_output_has_the_size_of_the_input(antialias, size):
    image = torch.rand(1, 3, *size)
    output, _ = Generator(4, 2, antialias)(image)
    assert output.shape == image.shape and 0 <= output.min() and output.max() <= 1


def test_a_global_residual_starts_near_the_identity():
    image = torch.rand(1, 3, 32, 32)
    output, _ = Generator(8, 2, global_residual=True)(image)
    assert (output - image).abs().max() < 0.5


def test_sizes_that_are_no_multiple_of_four_are_refused():
    with pytest.raises(ValueError, match="30x32.*pads and crops"):
        Generator(4, 1)(torch.rand(1, 3, 30, 32))
