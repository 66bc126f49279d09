"""DerainCycleGAN against its equations and its published sizes, and which networks each term moves."""

from dataclasses import replace

import pytest
import torch
from random_tensors import uniform
from torch.nn import functional as F

from rainmer_lib.baselines.derain_cyclegan import (
    METHOD,
    Autoencoder,
    DerainCycleGAN,
    DerainCycleGANConfig,
    MultiScaleDiscriminator,
    RainAttention,
    build_network,
    build_objective,
)
from rainmer_lib.networks.blocks import parameter_count


def test_published_numbers_of_parameters():
    with torch.device("meta"):
        assert parameter_count(RainAttention()) == 167_809
        assert parameter_count(Autoencoder()) == 6_076_553 - (256 * 3 * 9 + 3) - (128 * 3 * 9 + 3), "two heads that none reads"
        assert parameter_count(MultiScaleDiscriminator()) == 8_271_171 == 3 * 2_757_057


def test_the_masks_are_those_of_the_equations():
    """Stage by stage with plain functions, from the weights alone."""
    torch.manual_seed(0)
    network, rainy = RainAttention(stages=3, blocks=2).double(), uniform(1, 3, 9, 7).double()
    w = network.state_dict()

    def conv(x, name):
        return F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], padding=1)

    mask = torch.full((1, 1, 9, 7), 0.5, dtype=torch.float64)
    h = c = torch.zeros(1, 32, 9, 7, dtype=torch.float64)
    for found in network.stages(rainy):
        z = torch.cat((F.relu(conv(torch.cat((rainy, mask), 1), "conv0.0")), h), 1)
        gates = {gate: torch.sigmoid(conv(z, f"conv_{gate}.0")) for gate in "ifo"}
        c = gates["f"] * c + gates["i"] * torch.tanh(conv(z, "conv_g.0"))
        x = h = gates["o"] * torch.tanh(c)
        for k in (1, 2):
            x = F.relu(F.relu(conv(F.relu(conv(x, f"res_conv{k}.0")), f"res_conv{k}.2")) + x)
        mask = conv(x, "conv.0")
        torch.testing.assert_close(found, mask)
    torch.testing.assert_close(network(rainy), mask)


def test_the_autoencoder_draws_anew_or_adds():
    torch.manual_seed(0)
    anew, image, mask = Autoencoder(4), uniform(1, 3, 16, 20), uniform(1, 1, 16, 20)
    adding = Autoencoder(4, global_residual=True)
    adding.load_state_dict(anew.state_dict())
    torch.testing.assert_close(adding(image, mask), image + anew(image, mask))
    assert not torch.equal(anew(image, mask), anew(image, mask * 0)), "the mask is seen"


@pytest.fixture
def config():
    return replace(METHOD.at("quick"), perceptual_weight=0.01)


@pytest.fixture
def step(config):
    """A fresh model and the images of its step."""
    torch.manual_seed(0)
    model = DerainCycleGAN(config)
    return model, model(uniform(1, 3, 32, 32), uniform(1, 3, 32, 32, seed=1))


def test_images_of_a_step(step):
    model, i = step
    mask = model.derain.mask(i["rainy"])
    torch.testing.assert_close(i["derained"], model.derain(i["rainy"]))
    torch.testing.assert_close(i["rerained"], model.rerain(i["clean"], mask))
    torch.testing.assert_close(i["recovered_rainy"], model.rerain(i["derained"], mask))
    torch.testing.assert_close(i["recovered_clean"], model.derain(i["rerained"]))
    torch.testing.assert_close(i["clean_mask"], model.derain.mask(i["clean"]))


def test_terms_are_those_of_the_objective(step, config):
    model, i = step
    terms = {term.name: (term.weight, term.value(model, i)) for term in build_objective(config)}
    expected = {
        "cycle": (10.0, (i["recovered_rainy"] - i["rainy"]).abs().mean() + (i["recovered_clean"] - i["clean"]).abs().mean()),
        "clean_mask": (10.0, (i["clean_mask"] ** 2).mean()),
        "rain": (10.0, ((i["mask"] + i["derained"] - i["rainy"]) ** 2).mean()),
    }
    for name, (weight, value) in expected.items():
        assert terms[name][0] == weight
        torch.testing.assert_close(terms[name][1], value, rtol=1e-5, atol=0)
    assert terms["perceptual"][0] == 0.01 and DerainCycleGANConfig().perceptual_weight == 0


def test_each_term_moves_what_it_should(step, config):
    model, i = step
    reached = {}
    for term in build_objective(config):
        model.zero_grad(set_to_none=True)
        term.value(model, i).backward(retain_graph=True)
        reached[term.name] = {name for name, p in (("mask", model.derain.mask), ("paint", model.derain.paint),
                                                   ("rerain", model.rerain))
                              if any(q.grad is not None and q.grad.abs().sum() > 0 for q in p.parameters())}  # fmt: skip
    everything = {"mask", "paint", "rerain"}
    assert reached == {"adversarial": everything, "cycle": everything, "clean_mask": {"mask"}, "rain": {"mask", "paint"},
                       "perceptual": {"mask", "paint"}}  # fmt: skip


def test_every_parameter_learns(step, config):
    model, i = step
    sum(term.value(model, i) for term in build_objective(config)).backward()
    assert all(p.grad is not None for p in model.generators())
    model.judge(i).backward()
    assert all(p.grad is not None for p in model.discriminators.parameters())


def test_a_tiny_network_learns_its_crops(config, photos):
    trainer = METHOD.start(replace(config, steps=30, crop=16, learning_rate=5e-3))
    crops = type(photos)(*(images[:1, :, :16, :16] for images in photos))
    cycles = [float(trainer.train_step(crops)["cycle"]) for _ in range(30)]
    assert cycles[-1] < 0.6 * cycles[0]


def test_crops_that_the_discriminators_cannot_halve_are_refused():
    with pytest.raises(ValueError, match=r"crop=48: .*discriminator_layers=4 and discriminator_scales=3 at least 2\*\*6"):
        DerainCycleGANConfig(crop=48)
    with pytest.raises(ValueError, match="crop=218: the generators need a multiple of 4"):
        DerainCycleGANConfig(crop=218)
    assert build_network(METHOD.at("laptop")).multiple == 4
