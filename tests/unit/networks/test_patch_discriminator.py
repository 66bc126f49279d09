"""The PatchGAN discriminator: counts and shapes that the paper and its code fix, and how much of the image a logit sees."""

import pytest
import torch
import torch.nn.functional as F
from moved import weights
from random_tensors import doubles, uniform
from torch import nn

from rainmer_lib.networks.blocks import InstanceNorm, parameter_count
from rainmer_lib.networks.patch_discriminator import PatchDiscriminator, detail_of


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


def mirrored(i, size):
    return -i if i < 0 else 2 * (size - 1) - i if i >= size else i


def test_the_detail_is_the_grey_image_minus_its_neighbourhood():
    """Eight times grey minus its mean over 17x17 pixels, pixel by pixel, the borders mirrored."""
    image = doubles(2, 3, 11, 13)
    found = detail_of(image)
    assert found.shape == (2, 1, 11, 13)
    grey = ((image[:, 0] + image[:, 1] + image[:, 2]) / 3).tolist()
    for b in range(2):
        for i in range(11):
            for j in range(13):
                around = [grey[b][mirrored(i + u, 11)][mirrored(j + v, 13)] for u in range(-8, 9) for v in range(-8, 9)]
                assert found[b, 0, i, j].item() == pytest.approx(8 * (grey[b][i][j] - sum(around) / 17**2), abs=1e-9)


def test_the_detail_is_blind_to_tones_and_sees_streaks():
    image = uniform(1, 3, 40, 40)
    torch.testing.assert_close(detail_of(image + 0.2), detail_of(image), rtol=0, atol=1e-5)
    streak = torch.full((1, 3, 40, 40), 0.4)
    streak[..., 20] += 0.3
    assert detail_of(streak)[..., 20].min() > 2 and detail_of(streak)[..., :11].abs().max() < 1e-5


def test_the_gradient_of_the_detail_is_that_of_pooling():
    """The plain form: a mean over 17x17 pixels of the mirrored image."""
    image = doubles(2, 3, 20, 33).requires_grad_()
    grey = image.mean(1, keepdim=True)
    expected = 8 * (grey - F.avg_pool2d(F.pad(grey, (8, 8, 8, 8), mode="reflect"), 17, 1))
    found, weight = detail_of(image), doubles(2, 1, 20, 33, seed=1)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(*(torch.autograd.grad(y, image, weight)[0] for y in (found, expected)))
    with pytest.raises(ValueError, match="a side of 8 pixels: the detail of an image needs 9 or more"):
        detail_of(image[:, :, :8])


@pytest.mark.parametrize(("sees", "channels"), [("image", 3), ("detail", 1), ("both", 4)])
def test_a_discriminator_is_shown_the_image_its_detail_or_both(sees, channels):
    """The image in [-1, 1] first; all that follows is the same."""
    network, image, taken = PatchDiscriminator(4, layers=2, sees=sees), uniform(2, 3, 32, 32), []
    network.layers[0].register_forward_pre_hook(lambda _, arguments: taken.append(arguments[0]))
    network(image)
    shown = {"image": [2 * image - 1], "detail": [detail_of(image)], "both": [2 * image - 1, detail_of(image)]}
    torch.testing.assert_close(taken[0], torch.cat(shown[sees], 1))
    assert parameter_count(network) - parameter_count(PatchDiscriminator(4, layers=2)) == 16 * 4 * (channels - 3)


def test_what_it_sees_is_one_of_three():
    with pytest.raises(ValueError, match="sees='rain': choose one of image, both, detail"):
        PatchDiscriminator(4, sees="rain")


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_without_norm_the_other_layers_stay(antialias, layers):
    """The same layers and parameters, no statistics of the image: a logit does not change with what it does not see."""

    def kinds(network):
        return [type(layer) for layer in network.layers]

    normed, bare = (PatchDiscriminator(4, antialias, layers, norm=norm) for norm in (True, False))
    assert kinds(normed).count(InstanceNorm) == layers and InstanceNorm not in kinds(bare)
    assert kinds(bare) == [kind for kind in kinds(normed) if kind is not InstanceNorm]
    assert parameter_count(bare) == parameter_count(normed)
    image = uniform(1, 3, 192, 192)
    other = image.clone()
    other[..., 96:] = 0.5
    torch.testing.assert_close(bare(image)[..., 0], bare(other)[..., 0])
    assert not torch.allclose(normed(image)[..., 0], normed(other)[..., 0])


def test_without_norm_the_scale_of_the_activations_is_kept():
    """Weights of He et al. for LeakyReLU(0.2), no biases: logits are neither tiny nor huge; Xavier's here are below 1e-4."""
    torch.manual_seed(0)
    network, image = PatchDiscriminator(24, False, 2, norm=False), uniform(4, 3, 48, 48)
    for layer in network.layers:
        if isinstance(layer, nn.Conv2d):
            fan = layer.in_channels * 16
            assert layer.weight.std().item() == pytest.approx((2 / 1.04 / fan) ** 0.5, rel=0.15) and not layer.bias.any()
    assert 0.1 < network(image).std() < 5


@pytest.mark.parametrize("total", [0.0, 1.0])
@pytest.mark.parametrize("options", [{}, {"sees": "detail"}, {"sees": "both", "norm": False}])
def test_an_opposite_has_the_rest_to_a_total_as_its_logits(options, total):
    torch.manual_seed(0)
    first, second = (PatchDiscriminator(4, layers=2, **options) for _ in range(2))
    for p in first.parameters():
        p.data += 0.1 * torch.randn_like(p)
    before, image = weights(first), uniform(2, 3, 32, 32)
    second.become_opposite_of(first, total)
    logits = first(image)
    assert logits.std() > 1e-3
    torch.testing.assert_close(second(image), total - logits)
    assert all(torch.equal(a, b) for a, b in zip(before, first.parameters(), strict=True))
    assert all(p.requires_grad and p.grad is None for p in second.parameters())
    for p in first.parameters():
        p.data.zero_()  # the opposite is a copy, which goes its own way
    torch.testing.assert_close(second(image), total - logits)
