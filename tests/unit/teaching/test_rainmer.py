"""Which term teaches which part: zero, no path, and the norm, against a backward pass."""

from dataclasses import replace

import pytest
import torch

from rainmer_lib.data.paired import PairedBatch
from rainmer_lib.rainmer.model import Rainmer
from rainmer_lib.rainmer.step import Trainer
from rainmer_lib.teaching.rainmer import PARTS, gradient_flow, part_of


@pytest.fixture
def trainer(micro, images):
    """After three steps: the archive is full."""
    trainer = Trainer.start(micro)
    for seed in range(3):
        trainer.train_step(*images(seed))
    return trainer


def state(trainer):
    return trainer.model.state_dict() | trainer.archive.rows | {"generator": trainer.generator.get_state()}


def test_contrast_reaches_its_head_and_the_stem_alone(trainer, images):
    before = {name: value.clone() for name, value in state(trainer).items()}
    flow = gradient_flow(trainer, PairedBatch(*images(3)))
    reached = {term: set(flow.index[flow[term] > 0]) for term in flow}
    assert reached["illumination"] == {"encoder.stem", "encoder.heads.illumination"}
    assert reached["degradation_detail"] == {"encoder.stem", "encoder.heads.appearance"}
    assert reached["charbonnier"] == reached["ssim"] == set(PARTS) - {"encoder of the keys"}
    assert flow.isna().sum().to_dict() == {"charbonnier": 1, "ssim": 1, "illumination": 6, "degradation_detail": 6}
    assert all(torch.equal(value, before[name]) for name, value in state(trainer).items())
    assert all(parameter.grad is None for parameter in trainer.model.parameters())


def test_contrast_needs_a_full_archive(micro, images):
    with pytest.raises(ValueError, match="archive of 4 is not full"):
        gradient_flow(Trainer.start(micro), PairedBatch(*images(3)))


def test_parts_are_those_of_all_parameters(micro):
    assert {part_of(name) for name, _ in Rainmer(micro).named_parameters()} == set(PARTS)


@pytest.mark.parametrize("weight", [1.0, 0.25])
def test_the_norm_is_that_of_a_backward_pass_of_the_weighted_term(micro, images, weight):
    trainer = Trainer.start(replace(micro, contrastive_weight=0.0, ssim_weight=0.0, charbonnier_weight=weight))
    given, network = PairedBatch(*images(4)), trainer.model.derain
    flow = gradient_flow(trainer, given)
    output = network.restore(given.rainy, network.encode(given.rainy_whole).prompts)
    (weight * ((output - given.clean).square() + 1e-6).sqrt().mean()).backward()
    norm = sum(p.grad.square().sum() for p in network.interaction.parameters()).sqrt().item()
    assert flow.loc["interaction", "charbonnier"] == pytest.approx(norm, rel=1e-4)
