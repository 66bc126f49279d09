"""The interface of a network that removes rain: what the base gives, and that every method's network keeps to it."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from random_tensors import uniform

from rainmer_lib.inference.derain import derain
from rainmer_lib.methods import METHODS
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.training.ema import MovingAverage


class Darker(Derainer):
    def forward(self, image):
        return image / 2


def test_a_network_without_stages_has_one():
    image = uniform(1, 3, 5, 7)
    (only,) = Darker().stages(image)
    assert torch.equal(only, image / 2)


def test_a_network_that_does_not_look_at_the_whole_takes_any():
    network, image = Darker(), uniform(1, 3, 4, 4)
    with network.conditioned_on(uniform(1, 3, 9, 9)) as nothing:
        assert nothing is None and torch.equal(network(image), image / 2)


@pytest.mark.slow
def test_by_default_any_size_is_taken_and_the_reach_is_measured():
    assert (Darker.multiple, Darker.smallest, Darker.reach) == (1, 1, None)
    image = np.random.default_rng(0).random((3, 5, 3), np.float32)
    assert np.array_equal(derain(Darker(), image), image / 2)


@pytest.fixture(params=METHODS)
def network(request):
    """Every method's network at the smallest size, with weights that answer."""
    method = METHODS[request.param]
    torch.manual_seed(0)
    made = method.network(method.at("quick")).eval()
    for p in made.parameters():
        p.data += 0.05 * torch.randn_like(p)
    return made


@torch.inference_mode()
def test_one_tensor_in_one_tensor_out(network):
    image = uniform(2, 3, 32, 64)  # every network takes multiples of 32
    output = network(image)
    assert isinstance(network, Derainer) and isinstance(output, torch.Tensor) and output.shape == image.shape
    assert torch.isfinite(output).all() and not torch.equal(output, image)


@torch.inference_mode()
def test_the_last_stage_is_the_result(network):
    image = uniform(1, 3, 32, 32)
    stages = network.stages(image)
    assert torch.equal(stages[-1], network(image)) and {stage.shape for stage in stages} == {image.shape}


@torch.inference_mode()
def test_the_smallest_size_and_one_multiple_more_are_taken(network):
    for height in (network.smallest, network.smallest + network.multiple):
        image = uniform(1, 3, height, network.smallest)
        assert network(image).shape == image.shape and torch.isfinite(network(image)).all()


@torch.inference_mode()
def test_conditioned_on_the_image_itself_nothing_changes(network):
    """A whole image is its own condition; afterwards the next image is on its own again."""
    image, other = uniform(1, 3, 32, 32), uniform(1, 3, 32, 64, seed=1)
    alone, next_one = network(image), network(other)
    with network.conditioned_on(image):
        torch.testing.assert_close(network(image), alone)
    assert torch.equal(network(other), next_one)


def test_a_network_is_left_conditioned_by_no_error(network):
    image = uniform(1, 3, 32, 32)
    alone = network(image)
    with pytest.raises(KeyboardInterrupt), network.conditioned_on(uniform(1, 3, 64, 64, seed=1)):
        raise KeyboardInterrupt
    assert torch.equal(network(image), alone)


@torch.inference_mode()
def test_what_is_exported_is_the_whole_network(network):
    """Averages of parameters and buffers as they are: loaded into another network of the kind, they give the same images."""
    image, other = uniform(1, 3, 32, 32), deepcopy(network)
    for p in other.parameters():
        p.data += 1
    other.load_state_dict(MovingAverage(network, 0.9).weights())
    assert torch.equal(other(image), network(image))
