"""The layer GAN keeps to O = B + S, and each term asks what it says."""

import pytest
import torch
from random_tensors import uniform

from rainmer_lib.baselines.layer_gan import METHOD, LayerGAN, LayerGANConfig, build_objective
from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.networks.rain_layer_generator import RainLayerGenerator


def test_a_grey_layer_is_taken_and_nothing_else():
    torch.manual_seed(0)
    model, rainy = LayerGAN(METHOD.at("quick")).eval(), uniform(1, 3, 32, 32)
    layer = rainy - model(rainy, rainy)["derained"]
    torch.testing.assert_close(layer, layer[:, :1].expand_as(layer))
    assert layer.min() > -1e-6, "rain is never dark"


def test_terms_are_those_of_the_objective():
    torch.manual_seed(0)
    config = METHOD.at("quick")
    model = LayerGAN(config)
    images = model(uniform(1, 3, 32, 32), uniform(1, 3, 32, 32, seed=1))
    terms = {term.name: (term.weight, term.value(model, images)) for term in build_objective(config)}
    assert terms["sparsity"][0] == 0.5 and terms["identity"][0] == 5.0
    torch.testing.assert_close(terms["sparsity"][1], (images["rainy"] - images["derained"]).abs().mean())
    torch.testing.assert_close(terms["identity"][1], (images["clean"] - images["kept_clean"]).abs().mean())
    for name, (_, value) in terms.items():
        model.zero_grad(set_to_none=True)
        value.backward(retain_graph=True)
        assert all(p.grad is not None for p in model.derain.parameters()), name


def test_the_size_is_that_of_the_generator_of_a_layer():
    with torch.device("meta"):
        assert parameter_count(METHOD.network(LayerGANConfig())) == parameter_count(RainLayerGenerator(64, 9))


def test_what_is_cited_is_said_to_be_cited():
    assert "RR-GAN" in METHOD.citation and "cited" in METHOD.differs and "23.51" in METHOD.differs


@pytest.mark.parametrize("wrong", [{"crop": 30}, {"discriminator_layers": 4}, {"discriminator_sees": "edges"},
                                   {"sparsity_weight": -1.0}])  # fmt: skip
def test_a_wrong_value_is_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        LayerGANConfig(**wrong)
