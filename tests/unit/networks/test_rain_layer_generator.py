"""The generator of a rain layer: Eq. (1), O = B + R, with one grey layer R that is subtracted or added."""

import pytest
import torch
from moved import changed, weights
from random_tensors import uniform

from rainmer_lib.inference.probe import reach
from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.networks.rain_layer_generator import LEAK, RainLayerGenerator

TAPS = ("stem", "block1", "block2")
SIGNS = pytest.mark.parametrize("sign", [-1, 1])


def made(sign=-1, jolted=True):
    """A small one; jolted, its layer of rain has both signs and is far from zero."""
    torch.manual_seed(0)
    network = RainLayerGenerator(8, 2, sign)
    if jolted:
        for p in network.parameters():
            p.data += 0.05 * torch.randn_like(p)
    return network


def layer_of(network, image):
    """What the last layer paints: (b, 1, h, w), of both signs."""
    found = []
    handle = network.layers["paint"].register_forward_hook(lambda _, __, output: found.append(output))
    network(image)
    handle.remove()
    assert (found[0] > 0).any() and (found[0] < 0).any()
    return found[0]


def test_parameter_count():
    """Stem 12 to 32 channels, five blocks of two convolutions 32 to 32, four phases of one grey layer without bias."""
    expected = (9 * 12 * 32 + 32) + 5 * 2 * (9 * 32 * 32 + 32) + 9 * 32 * 4
    assert parameter_count(RainLayerGenerator(width=32, blocks=5)) == expected == 97_120


@SIGNS
@pytest.mark.parametrize("training", [True, False])
def test_what_is_changed_is_grey(sign, training):
    """A difference of the same value in all three colours, so that no colour drifts."""
    network, image = made(sign).train(training), uniform(2, 3, 12, 16)
    change = network(image) - image
    assert change.abs().max() > 0.05
    torch.testing.assert_close(change, change.mean(1, keepdim=True).expand_as(change), rtol=1e-5, atol=1e-6)


@SIGNS
def test_in_use_negative_rain_is_zero(sign):
    """Deraining never adds light, adding rain never takes any."""
    network, image = made(sign).eval(), uniform(2, 3, 12, 16)
    layer = layer_of(network, image)
    change = sign * (network(image) - image)
    assert change.min() >= 0 and change.max() > 0.05
    torch.testing.assert_close(network(image), image + sign * layer.clamp(min=0).expand_as(image))


@SIGNS
def test_in_training_negative_rain_counts_a_tenth(sign):
    network, image = made(sign).train(), uniform(2, 3, 12, 16)
    layer = layer_of(network, image)
    assert LEAK == 0.1
    expected = torch.where(layer > 0, layer, 0.1 * layer)
    torch.testing.assert_close(network(image), image + sign * expected.expand_as(image))


@pytest.mark.parametrize("seed", range(3))
def test_training_begins_near_the_identity(seed):
    """But not at it: where the layer is zero everywhere, nothing would be learnt."""
    torch.manual_seed(seed)
    image = uniform(2, 3, 48, 48, seed=seed)
    change = (RainLayerGenerator(32, 5)(image) - image).abs()
    assert change.max() < 0.3 and 1e-3 < change.mean() < 0.05


def test_every_parameter_learns():
    network, image = made(jolted=False).train(), uniform(2, 3, 12, 16)
    before, optimiser = weights(network), torch.optim.SGD(network.parameters(), 1.0)
    (network(image) - uniform(2, 3, 12, 16, seed=1)).square().sum().backward()
    assert all(p.grad.abs().max() > 0 for p in network.parameters())
    optimiser.step()
    assert all(changed(before, network))


def test_a_layer_that_is_negative_everywhere_learns_in_training_alone():
    network, image = made(), uniform(1, 3, 8, 8)
    for training in (True, False):
        x = torch.full((1, 1, 8, 8), -0.5, requires_grad=True)
        network.train(training).finish(image, x).sum().backward()
        assert torch.allclose(x.grad, torch.tensor(-3 * LEAK if training else 0.0))


def test_features_are_what_stands_behind_the_taps():
    network, image, behind = made(), uniform(2, 3, 12, 16), {}
    for name, layer in network.layers.items():
        layer.register_forward_hook(lambda _, __, output, name=name: behind.__setitem__(name, output))
    features = network.translate(image, TAPS)[1]
    assert list(features) == list(TAPS) and all(features[tap] is behind[tap] for tap in TAPS)
    assert {tap: x.shape for tap, x in features.items()} == dict.fromkeys(TAPS, (2, 8, 6, 8)), "half the size"
    assert network.tap_channels(TAPS) == dict.fromkeys(TAPS, 8)
    encoded = network.encode(image, TAPS)
    assert all(torch.equal(encoded[tap], features[tap]) for tap in TAPS)


@pytest.mark.parametrize("size", [(8, 8), (10, 14), (4, 6)])
def test_even_sizes_are_taken(size):
    image = uniform(1, 3, *size)
    assert made()(image).shape == image.shape


@pytest.mark.parametrize("size", [(9, 8), (8, 11)])
def test_odd_sizes_are_refused(size):
    with pytest.raises(ValueError, match=f"{size[0]}x{size[1]}.*multiples of 2.*pads and crops"):
        made()(uniform(1, 3, *size))


def test_no_output_depends_on_the_image_far_around_it():
    """No statistics of the whole image: a window that holds the reach is derained as within the image."""
    network, image = made().eval(), uniform(1, 3, 64, 64)
    side = reach(network)
    assert side == 2 * (1 + 2 * 2 + 1), "a pixel for each convolution, at half the size"
    whole, window = network(image), network(image[..., 8:56, 8:56])
    torch.testing.assert_close(window[..., side:-side, side:-side], whole[..., 8 + side : 56 - side, 8 + side : 56 - side])
