"""The ResNet generator: sizes, counts and shapes that the paper and its code fix, and the features of named layers."""

import pytest
import torch

from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.networks.resnet_generator import ResNetGenerator

TAPS = ("down1", "down2", "block1", "block5")


@pytest.mark.parametrize("antialias", [True, False])
def test_parameter_count(antialias):
    assert parameter_count(ResNetGenerator(antialias=antialias)) == 11_378_179


def test_tap_shapes_for_the_papers_crop():
    with torch.device("meta"):
        generator = ResNetGenerator()
        features = generator.encode(torch.zeros(1, 3, 256, 256), TAPS)
    shapes = [tuple(features[tap].shape[1:]) for tap in TAPS]
    assert shapes == [(128, 256, 256), (256, 128, 128), (256, 64, 64), (256, 64, 64)]
    assert generator.tap_channels(TAPS) == {tap: shape[0] for tap, shape in zip(TAPS, shapes, strict=True)}


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("size", [(32, 32), (36, 52)])
def test_output_has_the_size_of_the_input(antialias, size):
    image = torch.rand(1, 3, *size)
    output = ResNetGenerator(4, 2, antialias)(image)
    assert output.shape == image.shape and 0 <= output.min() and output.max() <= 1


def test_a_global_residual_starts_near_the_identity():
    image = torch.rand(1, 3, 32, 32)
    output = ResNetGenerator(8, 2, global_residual=True)(image)
    assert (output - image).abs().max() < 0.5


@pytest.mark.parametrize("residual", [True, False])
def test_translate_returns_the_output_and_what_stands_behind_the_taps(residual):
    """The features are those that the layers made on the way, and those of `encode`."""
    network, image, made = ResNetGenerator(4, 2, global_residual=residual), torch.rand(2, 3, 32, 32), {}
    for name, layer in network.layers.items():
        layer.register_forward_hook(lambda _, __, output, name=name: made.__setitem__(name, output))
    output, features = network.translate(image, ("down1", "block2"))
    assert list(features) == ["down1", "block2"] and all(features[tap] is made[tap] for tap in features)
    assert torch.equal(output, image + made["paint"] if residual else (made["paint"] + 1) / 2)
    assert network.translate(image)[1] == {} and torch.equal(network(image), output)
    made.clear()
    encoded = network.encode(image, ("down1", "block2"))
    assert all(torch.equal(encoded[tap], features[tap]) for tap in features)
    assert list(made) == list(network.layers)[:7] and list(made)[-1] == "block2", "it runs no further than the last tap"


def test_sizes_that_are_no_multiple_of_four_are_refused():
    with pytest.raises(ValueError, match="30x32.*pads and crops"):
        ResNetGenerator(4, 1)(torch.rand(1, 3, 30, 32))


@pytest.mark.parametrize(("antialias", "expected"), [
    (True, {4: "down1", 8: "down2", 12: "block1", 16: "block5"}),
    (False, {4: "down1", 8: "shrink2", 12: "block3", 16: "block7"}),
])  # fmt: skip
def test_the_layers_of_which_the_authors_code_knows_the_numbers(antialias, expected):
    """Numbers count modules of the code's one sequence; blocks are single modules, and blurs go without anti-aliasing."""
    numbered = []
    for name, layer in ResNetGenerator(width=2, antialias=antialias).layers.items():
        numbered += [name] * (len(layer) if name.startswith(("stem", "shrink")) else 1)
    assert {number: numbered[number] for number in expected} == expected
