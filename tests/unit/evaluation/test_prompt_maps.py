"""What prompts and interaction do on an image, and which term teaches which part, against other ways to find it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rainmer_lib.data.paired import PairedBatch
from rainmer_lib.evaluation.prompt_maps import decoder_gates, gradient_reach, interaction_maps, parts_of
from rainmer_lib.rainmer import tiny
from rainmer_lib.rainmer.model import build_network
from rainmer_lib.rainmer.step import Trainer

MICRO = replace(tiny, width=4, crop=16, view_size=16, batch=2, archive=2, steps=4)


def batch(seed):
    return PairedBatch(*torch.rand(4, 2, 3, 16, 16, generator=torch.Generator().manual_seed(seed)))


@pytest.fixture(scope="module")
def trainer():
    trainer = Trainer.start(MICRO)
    trainer.train_step(*batch(0))
    trainer.train_step(*batch(1))
    return trainer


def test_gates_are_those_that_the_prompts_use(trainer):
    network, image = trainer.model.derain, batch(2).rainy[:1]
    gates = decoder_gates(network, image)
    assert list(gates) == [(head, f"decoder.{i}") for i in range(3) for head in ("illumination", "appearance")]
    assert [gates["illumination", f"decoder.{i}"].shape for i in range(3)] == [(4, 4), (8, 8), (16, 16)]
    block = network.backbone.decoder[2][0]
    seen = []
    handle = block.attention.register_forward_hook(lambda module, given, out: seen.append(out))
    with torch.no_grad():
        network(image)
        handle.remove()
        expected = block.prompts.attend["appearance"].gate(seen[0])[0, 0]
    np.testing.assert_allclose(gates["appearance", "decoder.2"], expected.numpy())
    assert not any(module._forward_hooks for module in network.modules())


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


def test_every_parameter_is_in_one_part(trainer):
    network = trainer.model.derain
    parts = parts_of(network)
    assert set(parts) == {"backbone", "prompts", "interaction", "stem", "illumination head", "appearance head"}
    found = [id(p) for parameters in parts.values() for p in parameters]
    assert len(found) == len(set(found)) and set(found) == {id(p) for p in network.parameters()}
    assert {id(p) for p in parts["appearance head"]} == {id(p) for p in network.encoder.heads["appearance"].parameters()}
    assert set(parts_of(build_network(replace(MICRO, views=(), interaction=False)))) == {"backbone"}


def test_reach_is_zero_where_and_only_where_a_term_does_not_reach(trainer):
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    reach = gradient_reach(trainer, batch(3))
    contrast = ["illumination", "degradation_detail"]
    assert (reach.loc[["backbone", "prompts", "interaction"], contrast] == 0).all(axis=None)
    assert (reach[["charbonnier", "ssim"]] > 0).all(axis=None) and (reach.loc["stem"] > 0).all()
    assert reach.loc["illumination head", "degradation_detail"] == reach.loc["appearance head", "illumination"] == 0
    assert all(torch.equal(value, before[name]) for name, value in trainer.model.state_dict().items())
    with pytest.raises(ValueError, match="archive of 2 is not full"):
        gradient_reach(Trainer.start(MICRO), batch(3))


def test_the_norm_is_that_of_a_backward_pass():
    """Without contrast no negatives are drawn, so the pass can be made again."""
    trainer = Trainer.start(replace(MICRO, contrastive_weight=0.0, ssim_weight=0.0))
    given = batch(4)
    reach = gradient_reach(trainer, given)
    network = trainer.model.derain
    output = network.restore(given.rainy, network.encode(given.rainy_whole).prompts)
    ((output - given.clean).square() + 1e-6).sqrt().mean().backward()
    norm = sum(p.grad.square().sum() for p in network.interaction.parameters()).sqrt().item()
    assert reach.loc["interaction", "charbonnier"] == pytest.approx(norm, rel=1e-4)
