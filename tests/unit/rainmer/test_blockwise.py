"""Blocks give what the whole image gives, at every border, and keep less of it."""

import pytest
import torch
from random_tensors import doubles, uniform
from torch import nn

from rainmer_lib.inference import probe
from rainmer_lib.rainmer import backbone, blockwise
from rainmer_lib.rainmer.model import build_network


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of few pixels: four times the reach a side, the least."""
    monkeypatch.setattr(blockwise, "BLOCK", 64)


@pytest.mark.parametrize(("height", "width"), [(5, 6), (16, 40), (33, 29)])
def test_blocks_are_the_whole(small_blocks, height, width):
    """Convolutions at borders of zeros, one after the other: within the image and at its border."""
    torch.manual_seed(0)
    layers, sides = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.Conv2d(5, 2, 5, padding=2)).double(), []
    x = doubles(2, 3, height, width)

    def seen(part):
        sides.append(max(part.shape[2:]))
        return layers(part)

    with torch.inference_mode():
        torch.testing.assert_close(blockwise.blockwise(seen, x, 3, 5), layers(x))
    assert max(sides) <= 12 and (len(sides) > 1) == (max(height, width) > 6)


def test_a_reach_that_is_too_short_is_seen(small_blocks):
    layer, x = nn.Conv2d(3, 3, 5, padding=2).double(), doubles(1, 3, 33, 29)
    with torch.inference_mode():
        assert not torch.allclose(blockwise.blockwise(layer, x, 1, 3), layer(x))


def test_training_and_export_are_plain():
    x = uniform(1, 3, 8, 8)
    assert not blockwise.applies(x)
    with torch.no_grad():
        assert not blockwise.applies(x), "the encoder of the keys and a graph to export"
    with torch.inference_mode():
        assert blockwise.applies(x) and not blockwise.applies(x.to("meta"))


def test_a_network_infers_what_it_computes_in_training(micro, jolt, small_blocks):
    """In double precision: at single, rounding can change which channels attention keeps, in either form."""
    network = jolt(build_network(micro)).double().eval()
    image = uniform(1, 3, 24, 26).double()
    with torch.no_grad():
        expected = network(image)
    with torch.inference_mode():
        torch.testing.assert_close(network(image), expected, rtol=1e-9, atol=1e-11)


def test_blocks_take_less_than_half_of_the_memory(monkeypatch):
    monkeypatch.setattr(blockwise, "BLOCK", 2**14)
    block, x, peaks = backbone.TransformerBlock(8, 1, 2.66, ("1/2",), "independent").eval(), uniform(1, 8, 64, 64), []
    for grad in (torch.no_grad(), torch.inference_mode()):
        with grad, probe._LiveBytes() as memory:
            block(x)
        peaks.append(memory.peak)
    assert peaks[1] < peaks[0] / 2
