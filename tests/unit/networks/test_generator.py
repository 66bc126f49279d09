"""The base class of the generators: layers in their order, features behind taps, and sizes that are refused."""

import pytest
import torch
from random_tensors import uniform
from torch import nn

from rainmer_lib.networks.generator import Generator

TAPS = ("stem", "block2")


class Shifting(Generator):
    """Every layer is a convolution of one pixel; the image is the input minus the last output."""

    multiple = 2

    def __init__(self):
        super().__init__()
        widths = {"stem": (3, 4), "block1": (4, 5), "block2": (5, 6), "paint": (6, 3)}
        self.layers = nn.ModuleDict({name: nn.Conv2d(*width, 1) for name, width in widths.items()})

    def finish(self, image, x):
        return image - x

    def channels(self, tap):
        return self.layers[tap].out_channels


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Shifting()


def by_hand(network, image):
    """The output of each layer, one after the other, from the image in [-1, 1]."""
    x, outputs = 2 * image - 1, {}
    for name in network.layers:
        x = outputs[name] = network.layers[name](x)
    return outputs


def test_the_image_is_what_the_subclass_makes_of_the_last_output(network):
    image = uniform(2, 3, 6, 4)
    torch.testing.assert_close(network(image), image - by_hand(network, image)["paint"])
    torch.testing.assert_close(network.translate(image)[0], network(image))


def test_features_are_the_outputs_of_the_tapped_layers(network):
    image = uniform(2, 3, 6, 4)
    expected, features = by_hand(network, image), network.translate(image, TAPS)[1]
    assert list(features) == list(TAPS) and network.translate(image)[1] == {}
    for tap in TAPS:
        torch.testing.assert_close(features[tap], expected[tap])
    assert network.tap_channels(TAPS) == {tap: features[tap].shape[1] for tap in TAPS} == {"stem": 4, "block2": 6}


def test_an_encoder_runs_to_the_last_tap_and_no_further(network):
    image, made = uniform(1, 3, 4, 4), []
    for name, layer in network.layers.items():
        layer.register_forward_hook(lambda *_, name=name: made.append(name))
    for taps, run in ((("block1", "stem"), ["stem", "block1"]), (TAPS, ["stem", "block1", "block2"])):
        made.clear()
        encoded = network.encode(image, taps)
        assert made == run and set(encoded) == set(taps)
        assert all(torch.equal(encoded[tap], network.translate(image, taps)[1][tap]) for tap in taps)


@pytest.mark.parametrize("size", [(5, 4), (4, 5), (3, 3)])
def test_sizes_that_are_no_multiple_are_refused(network, size):
    for run in (network, network.translate, lambda image: network.encode(image, TAPS)):
        with pytest.raises(ValueError, match=f"{size[0]}x{size[1]}: the generator needs multiples of 2.*pads and crops"):
            run(uniform(1, 3, *size))


def test_a_subclass_has_to_say_what_it_makes():
    with pytest.raises(TypeError, match="channels, finish"):
        Generator()
