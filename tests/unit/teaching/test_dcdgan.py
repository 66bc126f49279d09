"""What the walkthroughs look at inside of networks, against what can be worked out by hand."""

import numpy as np
import pytest
import torch

from rainmer_lib.data.batches import Batch
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.method import METHOD
from rainmer_lib.dcdgan.model import DCDGAN
from rainmer_lib.dcdgan.objective import build_objective
from rainmer_lib.dcdgan.step import Trainer
from rainmer_lib.experiments.profiles import profile
from rainmer_lib.losses.adversarial import generator_loss
from rainmer_lib.losses.colour_cycle import colour_cycle
from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.networks.patch_discriminator import PatchDiscriminator
from rainmer_lib.networks.rain_layer_generator import RainLayerGenerator
from rainmer_lib.networks.resnet_generator import ResNetGenerator
from rainmer_lib.teaching.dcdgan import (
    averaged_network,
    layer_table,
    rain_left,
    seen_by_a_logit,
    short_training,
    terms_if_derained,
)

SMALL = DCDGANConfig(
    width=4, blocks=1, discriminator_width=4, discriminator_layers=1, taps=("down1", "block1"), patches=8, embedding=8, crop=32,
    steps=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def table():
    return layer_table(ResNetGenerator(width=64, blocks=9), 16)


def test_the_table_has_every_layer_with_its_sizes(table):
    assert list(table.layer[:5]) == ["stem", "down1", "shrink1", "down2", "shrink2"] and len(table) == 5 + 9 + 3
    rows = table.set_index("layer")
    assert tuple(rows.loc["block5", ["channels", "height", "width"]]) == (256, 4, 4)
    assert tuple(rows.loc["paint", ["channels", "height", "width"]]) == (3, 16, 16)
    assert rows.loc["stem", "what"] == "conv 7, norm, ReLU" and rows.loc["up1", "what"] == "double, conv 3, norm, ReLU"
    assert rows.loc["block1", "what"] == "conv 3, norm, ReLU, conv 3, norm"


def test_the_table_counts_all_parameters_and_leaves_no_hooks(table):
    network = PatchDiscriminator(4)
    assert layer_table(network, 64).parameters.sum() == parameter_count(network)
    assert table.parameters.sum() == 11_378_179
    assert not any(layer._forward_hooks for layer in network.modules())


def test_the_table_of_a_generator_of_a_rain_layer():
    """Half the size between the rearrangements of the pixels, one grey layer at the end."""
    rows = layer_table(RainLayerGenerator(8, 2), 16).set_index("layer")
    assert list(rows.index) == ["stem", "block1", "block2", "paint"]
    assert tuple(rows.loc["block2", ["channels", "height", "width"]]) == (8, 8, 8)
    assert tuple(rows.loc["paint", ["channels", "height", "width"]]) == (1, 16, 16)
    assert rows.loc["stem", "what"] == "PixelUnshuffle, conv 3, ReLU" and rows.loc["block1", "what"] == "conv 3, ReLU, conv 3"


@pytest.mark.parametrize(("layers", "antialias", "side"), [(3, True, 84), (3, False, 70), (2, False, 34), (1, True, 18)])
def test_a_logit_sees_what_the_arithmetic_of_kernels_says(layers, antialias, side):
    discriminator = PatchDiscriminator(4, antialias, layers)
    seen = seen_by_a_logit(discriminator, 112) > 0
    assert seen.any(dim=0).sum() == seen.any(dim=1).sum() == side
    assert next(discriminator.parameters()).dtype == torch.float32 and next(discriminator.parameters()).grad is None


@pytest.fixture
def step():
    model = DCDGAN(SMALL)
    rainy, clean = torch.rand(2, 1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    return model, model.translation(rainy, clean)


def objective():
    """Anew for each value: the contrastive term draws its locations."""
    return build_objective(SMALL, torch.Generator().manual_seed(0))


def test_terms_of_the_networks_own_result_are_those_of_the_step(step):
    model, cycles = step
    own = {term.name: (term.weight * term.value(model, cycles)).item() for term in objective()}
    found = terms_if_derained(model, cycles, cycles.derained.detach(), objective())
    assert list(found) == ["contrastive", "colour", "adversarial", "frequency"] and found == pytest.approx(own, rel=1e-4)


def test_terms_of_another_result_follow_from_it(step):
    """By hand: its discriminator's loss, and the cycle that begins with it; the step itself is not changed."""
    model, cycles = step
    before, other = cycles.derained.clone(), torch.full_like(cycles.rainy, 0.5)
    found = terms_if_derained(model, cycles, other, objective())
    t = model.translation
    judged = generator_loss(t.clean_discriminator(other), "log_likelihood")
    judged = judged + generator_loss(t.rainy_discriminator(cycles.rerained), "log_likelihood")
    colour = colour_cycle(2 * cycles.rainy, 2 * t.rerain(other)) + colour_cycle(2 * cycles.clean, 2 * cycles.recovered_clean)
    assert found["adversarial"] == pytest.approx(judged.item(), rel=1e-4)
    assert found["colour"] == pytest.approx(colour.item(), rel=1e-4)
    assert found["contrastive"] != terms_if_derained(model, cycles, cycles.rainy, objective())["contrastive"]
    assert torch.equal(cycles.derained, before)


def test_the_averaged_network_has_the_averages():
    trainer = Trainer.start(SMALL)
    trainer.train_step(Batch(torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32)))
    network = averaged_network(trainer)
    for name, value in trainer.averages["derain"].state().items():
        assert torch.equal(network.state_dict()[name], value)
    raw = trainer.model.translation.derain.state_dict()
    assert any(not torch.equal(value, raw[name]) for name, value in network.state_dict().items())


def test_rain_left_is_the_slope_of_the_error_over_the_rain():
    rng = np.random.default_rng(0)
    clean, rain = rng.uniform(0.2, 0.5, (9, 8, 3)), rng.uniform(0, 0.4, (9, 8, 3))
    assert rain_left(clean + rain, clean + rain, clean) == pytest.approx(1)
    assert rain_left(clean + rain, clean, clean) == pytest.approx(0)
    output = clean + 0.3 * rain + 0.1  # darker or brighter everywhere is no rain
    assert rain_left(clean + rain, output, clean) == pytest.approx(0.3)
    noisy = output + rng.normal(0, 0.05, clean.shape)
    slope = np.polyfit(rain.ravel(), (noisy - clean).ravel(), 1)[0]
    assert rain_left(clean + rain, noisy, clean) == pytest.approx(slope)


def test_the_short_training_shuffles_the_photos_at_quick_alone(monkeypatch):
    sets = {name: UnpairedRain(name, [f"{name}-a"], [f"{name}-b"], [], ["kept"], "") for name in ("embedded", "bsd-streaks")}
    monkeypatch.setattr("rainmer_lib.teaching.dcdgan.unpaired", sets.get)
    config, data = short_training(profile("quick"), 7)
    quick = METHOD.at("quick")
    assert config.steps == 7 and data.held_out == ["kept"]
    assert config.warm_up == quick.warm_up * 7 // quick.steps, "the share of the steps that it has at quick"
    assert data.rainy_photos == data.clean_photos == ["embedded-a", "embedded-b"]
    assert short_training(profile("laptop"), 7) == (METHOD.at("laptop"), sets["bsd-streaks"])
