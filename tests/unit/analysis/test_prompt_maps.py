"""What prompts and interaction do on an image, against other ways to find it."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from rainmer_lib.analysis.prompt_maps import (
    block_gates,
    centres,
    decoder_gates,
    gate_spread,
    interaction_maps,
    shown_gates,
)
from rainmer_lib.data.batches import PairedBatch
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.rainmer import tiny
from rainmer_lib.rainmer.model import build_network
from rainmer_lib.rainmer.step import Trainer

MICRO = replace(tiny, width=4, crop=16, view_size=16, batch=2, memory_bank=2, steps=4)


def batch(seed):
    return PairedBatch(*torch.rand(4, 2, 3, 16, 16, generator=torch.Generator().manual_seed(seed)))


@pytest.fixture(scope="module")
def trainer():
    trainer = Trainer.start(MICRO)
    trainer.train_step(batch(0))
    trainer.train_step(batch(1))
    return trainer


def test_gates_are_those_that_the_prompts_use(trainer):
    network, image = trainer.model.derain, batch(2).rainy[:1]
    gates = decoder_gates(network, image)
    assert list(gates) == [(head, f"decoder.{i}") for i in range(3) for head in ("illumination", "appearance")]
    assert [gates["illumination", f"decoder.{i}"].shape for i in range(3)] == [(4, 4), (8, 8), (16, 16)]
    photos, shown = shown_gates(network, {"day": image})
    np.testing.assert_array_equal(shown["day"]["appearance", "decoder.1"], gates["appearance", "decoder.1"])
    np.testing.assert_array_equal(photos["day"], np.moveaxis(image[0].numpy(), 0, 2))
    block = network.backbone.decoder[2][0]
    seen = []
    handle = block.attention.register_forward_hook(lambda module, given, out: seen.append(out))
    with torch.no_grad():
        network(image)
        handle.remove()
        expected = block.prompts.attend["appearance"].gate(seen[0])[0, 0]
    np.testing.assert_allclose(gates["appearance", "decoder.2"], expected.numpy())
    assert not any(module._forward_hooks for module in network.modules())


def test_centres_are_those_of_the_first_images():
    image = np.arange(20 * 30 * 3, dtype=np.uint16).reshape(20, 30, 3).astype(np.uint8)
    pairs = [Pair(str(i), image + i, image) for i in range(3)]
    for pair in pairs:
        pair.rainy.setflags(write=False)  # as images from files are; torch would warn, which fails here
    found = centres({"day": pairs, "night": pairs[:1]}, count=2, side=16)
    assert {name: len(several) for name, several in found.items()} == {"day": 2, "night": 1}
    assert found["day"][1].shape == (1, 3, 16, 16)
    assert found["day"][1][0, :, 0, 0].mul(255).round().tolist() == (image + 1)[2, 7].tolist()


@torch.no_grad()
def test_gates_of_a_block_alone(trainer):
    block, x = trainer.model.derain.backbone.decoder[2][0], torch.randn(1, 8, 5, 6)
    gates = block_gates(block, x, dict.fromkeys(("illumination", "appearance"), torch.ones(1, 16, 1, 1)))
    found = block.attention(block.before_attention(x))
    for head, gate in gates.items():
        np.testing.assert_allclose(gate, block.prompts.attend[head].gate(found)[0, 0].numpy())
    assert set(gates) == {"illumination", "appearance"} and not any(module._forward_hooks for module in block.modules())


LAST = ("interaction", "for features")


def check_spread(row, planes):
    pixels, means = [], []
    for maps in planes:
        maps = [plane.astype(float) for plane in maps]
        pixels += [math.sqrt(((plane - plane.mean()) ** 2).mean()) for plane in maps]
        average = [plane.mean() for plane in maps]
        means.append(math.sqrt(sum((m - sum(average) / 3) ** 2 for m in average) / 3))
    assert row["new", "over pixels"] == pytest.approx(sum(pixels) / 6, rel=1e-3)
    assert row["new", "over images"] == pytest.approx(sum(means) / 2, rel=1e-3)
    assert row["first", "over pixels"] == pytest.approx(sum(pixels[:3]) / 3, rel=1e-3)


@pytest.mark.slow
def test_spread_of_gates_is_that_of_the_loops():
    networks = [Trainer.start(replace(MICRO, seed=seed)).model.derain for seed in (0, 1)]
    images = [batch(seed).rainy[:1] for seed in (5, 6, 7)]
    table = gate_spread({"new": networks, "first": networks[:1]}, images)
    assert list(table.index) == [*decoder_gates(networks[0], images[0]), ("interaction", "for location"), LAST]
    of_prompts = [[decoder_gates(network, image)["appearance", "decoder.1"] for image in images] for network in networks]
    joined = [[interaction_maps(network, image).for_features for image in images] for network in networks]
    for key, planes in {("appearance", "decoder.1"): of_prompts, LAST: joined}.items():
        check_spread(table.loc[key], planes)
    alone = build_network(replace(MICRO, interaction=False))
    assert list(gate_spread({"alone": [alone]}, images).index) == list(decoder_gates(alone, images[0]))


def test_interaction_maps_put_together_are_the_interaction(trainer):
    """From the two maps alone, the loop gives what the module gives; the gates shown are means of its sigmoids."""
    network, image = trainer.model.derain, batch(2).rainy[:1]
    maps = interaction_maps(network, image)
    with torch.no_grad():
        location, features = network.encoder.locate(image), network.backbone.embed(image)
        expected = network.interaction(location, features)[0].double().numpy()
    l_, x = (part[0].double().numpy() for part in (location, features))
    for_l = 1 / (1 + np.exp(-maps.spatial * x))
    for_x = 1 / (1 + np.exp(-maps.channel[:, None, None] * l_))
    np.testing.assert_allclose(for_l * l_ + for_x * x, expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(maps.for_location, for_l.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(maps.for_features, for_x.mean(axis=0), rtol=1e-5)


def test_what_is_off_has_no_maps():
    image = torch.rand(1, 3, 16, 16)
    with pytest.raises(ValueError, match="no prompts"):
        decoder_gates(build_network(replace(MICRO, prompts=False)), image)
    with pytest.raises(ValueError, match="no interaction"):
        interaction_maps(build_network(replace(MICRO, interaction=False)), image)
