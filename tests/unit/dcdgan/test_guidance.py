"""The CGB: which stacks meet in which branch, and that they come from the cycle passes."""

from dataclasses import replace

import pytest
import torch

from rainmer_lib.dcdgan.guidance import ContrastiveGuidance, draw_locations
from rainmer_lib.dcdgan.model import DCDGAN
from rainmer_lib.dcdgan.objective import build_objective
from rainmer_lib.losses.patch_contrast import patch_contrast
from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.networks.resnet_generator import ResNetGenerator


@pytest.mark.parametrize("antialias", [True, False])
def test_parameter_counts(antialias):
    channels = ResNetGenerator(antialias=antialias).tap_channels(("down1", "down2", "block1", "block5"))
    guidance = ContrastiveGuidance(channels)
    assert parameter_count(guidance.embed_rainy) == parameter_count(guidance.embed_clean) == 493_568


def slow_guidance(model, cycles, config, seed):
    """L_con written out for two branches, encoders run again, from the table in the module's docstring."""
    g, t, taps = model.guidance, model.translation, config.taps
    rainy, rerained = t.derain.encode(cycles.rainy, taps), t.derain.encode(cycles.rerained, taps)
    clean, derained = t.rerain.encode(cycles.clean, taps), t.rerain.encode(cycles.derained, taps)
    generator = torch.Generator().manual_seed(seed)
    i1, i2 = draw_locations(rainy, config.patches, generator), draw_locations(clean, config.patches, generator)
    k_r, q_nr = g.embed_rainy(rainy, i1), g.embed_clean(derained, i1)
    k_n, q_rn = g.embed_clean(clean, i2), g.embed_rainy(rerained, i2)
    total = 0.0
    for tap in taps:
        values = config.temperature, config.negatives, config.batch_negatives
        total += patch_contrast(q_nr[tap], k_r[tap], q_rn[tap], *values)
        total += patch_contrast(q_rn[tap], k_n[tap], q_nr[tap], *values)
    return total / len(taps)


@pytest.mark.parametrize("negatives", ["internal", "external", "both"])
def test_stacks_of_the_cycle_passes_equal_encoding_again(tiny, photos, negatives):
    config = replace(tiny, negatives=negatives)
    model = DCDGAN(config)
    cycles = model.translation(*photos)
    fast = model.guidance(
        cycles.features, config.patches, config.temperature, negatives, torch.Generator().manual_seed(5)
    )
    torch.testing.assert_close(fast, slow_guidance(model, cycles, config, seed=5), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("negatives", ["internal", "both"])
@pytest.mark.parametrize("batch", [1, 2])
def test_the_term_takes_negatives_from_the_whole_batch_where_asked(tiny, photos, negatives, batch):
    """In both branches; at batch 1, that of the paper, it makes no difference."""
    values = []
    for whole in (False, True):
        config = replace(tiny, negatives=negatives, batch_negatives=whole)
        model = DCDGAN(config)
        cycles = model.translation(*(images[:batch] for images in photos))
        values.append(build_objective(config, torch.Generator().manual_seed(5))[0].value(model, cycles))
        torch.testing.assert_close(values[-1], slow_guidance(model, cycles, config, seed=5), rtol=1e-5, atol=1e-6)
    assert values[0] == values[1] if batch == 1 else values[1] > values[0] + 0.5


def test_no_encoder_runs_twice(tiny, photos):
    """Two passes of `derain` and one of `rerain`, which takes N_R and N together, make both cycles and all four stacks."""
    model = DCDGAN(tiny)
    passes = []
    for name in ("derain", "rerain"):
        stem = getattr(model.translation, name).layers["stem"]
        stem.register_forward_hook(lambda *_, name=name: passes.append(name))
    cycles = model.translation(*photos)
    model.guidance(cycles.features, 8, 0.07, "both", torch.Generator())
    assert sorted(passes) == ["derain", "derain", "rerain"]


def test_locations_are_distinct_and_no_more_than_there_are():
    features = {"a": torch.zeros(1, 2, 8, 8), "b": torch.zeros(1, 2, 3, 3)}
    locations = draw_locations(features, 16, torch.Generator().manual_seed(0))
    assert len(set(locations["a"].tolist())) == 16 and sorted(locations["b"].tolist()) == list(range(9))


def test_embeddings_have_unit_length(tiny, photos):
    model = DCDGAN(tiny)
    features = model.translation.derain.encode(photos[0], tiny.taps)
    embedded = model.guidance.embed_rainy(features, draw_locations(features, 16, torch.Generator()))
    for value in embedded.values():
        torch.testing.assert_close(value.norm(dim=2), torch.ones(value.shape[:2]))
        assert value.shape == (2, 16, tiny.embedding)
