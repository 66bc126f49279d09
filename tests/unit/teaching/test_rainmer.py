"""What the walkthroughs of Rainmer look at: gradients, sizes, maps, and what is switched off."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rainmer_lib.data.test_sets import Pair
from rainmer_lib.rainmer.model import Rainmer
from rainmer_lib.rainmer.step import Trainer
from rainmer_lib.teaching.rainmer import (
    PARTS,
    encoder_shapes,
    filled_memory_bank,
    gradient_flow,
    least_white,
    location_maps,
    location_pairs,
    part_of,
    switched_off,
)


@pytest.fixture
def trainer(micro, images):
    """After three steps: the memory bank is full."""
    trainer = Trainer.start(micro)
    for seed in range(3):
        trainer.train_step(images(seed))
    return trainer


def state(trainer):
    return trainer.model.state_dict() | trainer.memory_bank.rows | {"generator": trainer.generator.get_state()}


def test_contrast_reaches_its_head_and_the_stem_alone(trainer, images):
    before = {name: value.clone() for name, value in state(trainer).items()}
    flow = gradient_flow(trainer, images(3))
    reached = {term: set(flow.index[flow[term] > 0]) for term in flow}
    assert reached["illumination"] == {"encoder.stem", "encoder.heads.illumination"}
    assert reached["degradation_detail"] == {"encoder.stem", "encoder.heads.appearance"}
    assert reached["charbonnier"] == reached["ssim"] == set(PARTS) - {"encoder of the keys"}
    assert flow.isna().sum().to_dict() == {"charbonnier": 1, "ssim": 1, "illumination": 6, "degradation_detail": 6}
    assert all(torch.equal(value, before[name]) for name, value in state(trainer).items())
    assert all(parameter.grad is None for parameter in trainer.model.parameters())


def test_contrast_needs_a_full_memory_bank(micro, images):
    with pytest.raises(ValueError, match="memory bank of 4 is not full"):
        gradient_flow(Trainer.start(micro), images(3))


def test_parts_are_those_of_all_parameters(micro):
    assert {part_of(name) for name, _ in Rainmer(micro).named_parameters()} == set(PARTS)


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_the_norm_is_that_of_a_backward_pass_of_the_weighted_term(micro, images, weight):
    trainer = Trainer.start(replace(micro, contrastive_weight=0.0, ssim_weight=0.0, charbonnier_weight=weight))
    given, network = images(4), trainer.model.derain
    flow = gradient_flow(trainer, given)
    output = network.restore(given.rainy, network.encode(given.rainy_whole).prompts)
    (weight * ((output - given.clean).square() + 1e-6).sqrt().mean()).backward()
    norm = sum(p.grad.square().sum() for p in network.interaction.parameters()).sqrt().item()
    assert flow.loc["interaction", "charbonnier"] == pytest.approx(norm, rel=1e-4)


def test_sizes_of_the_encoder_are_those_of_a_pass(micro):
    shapes = encoder_shapes(micro)
    encoder = Rainmer(micro).derain.encoder
    encoding = encoder(torch.rand(1, 3, 16, 16))
    assert all(shapes[view] == tuple(x.shape[1:]) for view, x in encoding.features.items())
    assert shapes["location"] == (4, 16, 16) and shapes["appearance prompt"] == (16, 1, 1)


def test_the_pair_with_the_fewest_white_pixels_in_its_corner_is_shown():
    def pair(name, white, corner):
        rainy = np.full((10, 10, 3), 200, np.uint8)
        rainy[(slice(6, 6 + white), slice(6, 10)) if corner else (slice(0, white), slice(0, 4))] = 255
        return Pair(name, rainy, rainy)

    pairs = [pair("two rows", 2, True), pair("four rows elsewhere", 4, False), pair("one row", 1, True)]
    assert least_white(pairs, side=4).name == "four rows elsewhere"
    assert least_white(pairs[::2], side=4).name == "one row"
    shown = location_pairs(SimpleNamespace(pairs="abcdefg", held=pairs), side=4)
    assert [*shown[:-1], shown[-1].name] == ["a", "b", "c", "d", "e", "four rows elsewhere"]


def test_location_maps_begin_with_the_truth(micro, images):
    pairs = [Pair("", *((255 * image[0]).permute(1, 2, 0).numpy().astype(np.uint8) for image in (batch.rainy, batch.clean)))
             for batch in map(images, range(4))]  # fmt: skip
    maps, quality = location_maps({"stem": Rainmer(micro).derain.encoder}, pairs, side=12)
    assert list(maps) == ["ground truth", "colours", "stem"] and list(quality) == ["colours", "stem"]
    last = pairs[-1]
    expected = np.clip(last.rainy[-12:, -12:] / 255 - last.clean[-12:, -12:] / 255, 0, 1).mean(axis=2)
    np.testing.assert_allclose(maps["ground truth"], expected)


@pytest.mark.slow
def test_what_is_switched_off_computes_neither_in_training_nor_in_the_test(micro):
    """Beside each switch, written down by hand, what it takes with it."""
    found = switched_off({
        "full": micro, "prompts": replace(micro, prompts=False), "interaction": replace(micro, interaction=False),
        "light": replace(micro, views=("degradation", "detail")), "all": replace(micro, views=(), interaction=False),
    })  # fmt: skip
    assert set(found.full[list(PARTS[:-1])]) == {"train, test"} and set(found.full[PARTS[-1]:][:-1]) == {"train"}
    gone = {name: set(found.index[found[name] != found.full]) - {"parameters"} for name in found}
    both = {"prompts of illumination", "prompts of appearance"}
    assert gone["prompts"] == both | {"encoder.heads.illumination", "encoder.heads.appearance"}
    assert set(found.prompts[list(both)]) == {"-"} and found.prompts["encoder.heads.appearance"] == "train"
    assert gone["interaction"] == {"interaction"} and found.interaction["interaction"] == "-"
    light = {"encoder.heads.illumination", "prompts of illumination", "loss: illumination", "memory bank: colours"}
    assert gone["light"] == light and set(found.light[list(light)]) == {"-"}
    left = found["all"][found["all"] != "-"]
    assert set(left.index) == {"backbone", "loss: charbonnier", "loss: ssim", "parameters"}
    sizes = {name: int(value.replace(",", "")) for name, value in found.loc["parameters"].items()}
    assert sizes["full"] == sum(p.numel() for p in Rainmer(micro).derain.parameters()) > sizes["prompts"] > sizes["all"]


def test_the_memory_bank_is_filled_by_the_first_batches(micro, images, filled_bank):
    class Data:
        def batch(self, step, size, crop, seed):
            assert (size, crop, seed) == (micro.batch, micro.crop, micro.seed)
            return images(step)

    found = filled_memory_bank(micro, Data())
    assert found.enqueued == filled_bank.enqueued == 4 and set(found.rows) == set(filled_bank.rows)
    assert all(torch.equal(found.rows[kind], filled_bank.rows[kind]) for kind in found.rows)
