"""The blocks of the U-Net against their plain slow forms, and where prompts enter."""

import numpy as np
import pytest
import rainmer_slow_forms as slow
import torch
from random_tensors import doubles

from rainmer_lib.rainmer.backbone import LayerNorm2d, MixedScaleFeedForward, TransformerBlock, pad_to_multiple
from rainmer_lib.rainmer.prompts import BlockPrompts

RATES = ("1/2", "2/3", "3/4", "4/5")


def test_the_norm_is_its_slow_form(jolt):
    torch.manual_seed(0)
    slow.check_images(slow.norm, jolt(LayerNorm2d(5).double()), doubles(2, 5, 7, 6))


def test_the_feed_forward_network_is_its_slow_form(jolt):
    torch.manual_seed(0)
    slow.check_images(slow.feed_forward, jolt(MixedScaleFeedForward(5, 2.66).double()), doubles(2, 5, 7, 6))


@pytest.mark.parametrize("width", [5, 6])
def test_chains_are_the_feed_forward_network(jolt, width):
    """13 and 15 hidden channels; and an even number, 12."""
    torch.manual_seed(0)
    for expansion in (2.66, 12.2 / width):
        network = jolt(MixedScaleFeedForward(width, expansion).double())
        x = doubles(2, width, 7, 6)
        with torch.inference_mode():
            torch.testing.assert_close(network.chains()(x), network(x))


@pytest.mark.parametrize("placement", ["attention", "residual"])
def test_where_a_block_is_prompted(jolt, placement):
    torch.manual_seed(0)
    prompts = BlockPrompts(4, 16, ("illumination", "appearance"), "illumination")
    block = jolt(TransformerBlock(4, 1, 2.66, RATES, "independent", prompts, placement).double())
    x, z = doubles(1, 4, 5, 6), {name: doubles(1, 16, 1, 1, seed=4) for name in ("illumination", "appearance")}
    o = block.attention(block.before_attention(x))
    y = x + o + prompts(o, z) if placement == "attention" else x + o + prompts(x + o, z)
    torch.testing.assert_close(block(x, z), y + block.feed_forward(block.before_feed(y)))
    plain = x + o
    torch.testing.assert_close(block(x), plain + block.feed_forward(block.before_feed(plain)))


@pytest.mark.parametrize(("height", "width"), [(13, 18), (8, 16), (3, 1)])
def test_borders_are_mirrored_as_inference_does(height, width):
    image = doubles(1, 3, height, width)
    found = pad_to_multiple(image, 8)
    expected = np.pad(image[0].numpy(), [(0, 0), (0, -height % 8), (0, -width % 8)], mode="symmetric")
    assert np.array_equal(found[0].numpy(), expected)
