"""The PatchGAN discriminator: counts and shapes that the paper and its code fix, and how much of the image a logit sees."""

import pytest
import torch

from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.networks.patch_discriminator import PatchDiscriminator


@pytest.mark.parametrize("antialias", [True, False])
def test_parameter_count(antialias):
    assert parameter_count(PatchDiscriminator(antialias=antialias)) == 2_764_737


def test_logits_for_the_papers_crop():
    with torch.device("meta"):
        logits = PatchDiscriminator()(torch.zeros(1, 3, 256, 256))
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
    assert receptive_field(PatchDiscriminator(4, antialias, layers)) == side
