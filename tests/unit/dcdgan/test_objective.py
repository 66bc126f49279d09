"""Each term reaches exactly the modules that it should, and the total is the weighted sum of what is logged."""

from dataclasses import replace

import pytest
import torch

from rainmer_lib.dcdgan import guidance, released
from rainmer_lib.dcdgan.model import DCDGAN
from rainmer_lib.dcdgan.objective import build_objective, discriminators_objective
from rainmer_lib.dcdgan.step import Trainer
from rainmer_lib.losses.adversarial import discriminator_loss
from rainmer_lib.losses.colour_cycle import colour_cycle, plain_cycle
from rainmer_lib.losses.frequency import frequency

PARTS = {
    "derain": lambda m: m.translation.derain, "rerain": lambda m: m.translation.rerain,
    "clean_discriminator": lambda m: m.translation.clean_discriminator,
    "rainy_discriminator": lambda m: m.translation.rainy_discriminator,
    "embed_rainy": lambda m: m.guidance.embed_rainy, "embed_clean": lambda m: m.guidance.embed_clean,
}  # fmt: skip
GENERATORS, HEADS = {"derain", "rerain"}, {"embed_rainy", "embed_clean"}
DISCRIMINATORS = {"clean_discriminator", "rainy_discriminator"}
ALL_ON = {"plain_cycle_weight": 1.0, "identity_weight": 1.0}


def reached(config, photos, name):
    """Modules in which the term `name` leaves a gradient that is not zero."""
    model = DCDGAN(config)
    cycles = model.translation(*photos)
    if name == "discriminators":
        loss = discriminators_objective(model, cycles, config.adversarial_loss)
    else:
        loss = {t.name: t for t in build_objective(config, torch.Generator())}[name].value(model, cycles)
    loss.backward()
    has = {p: any(w.grad is not None and w.grad.abs().max() > 0 for w in part(model).parameters()) for p, part in PARTS.items()}
    return {part for part, yes in has.items() if yes}


@pytest.mark.parametrize(("name", "modules"), [
    ("contrastive", GENERATORS | HEADS), ("colour", GENERATORS), ("plain_cycle", GENERATORS), ("frequency", GENERATORS),
    ("identity", GENERATORS), ("adversarial", GENERATORS | DISCRIMINATORS), ("discriminators", DISCRIMINATORS),
])  # fmt: skip
def test_both_cycles(tiny, photos, name, modules):
    assert reached(replace(tiny, **ALL_ON), photos, name) == modules


@pytest.mark.parametrize(("rainy", "modules"), [(True, GENERATORS), (False, {"derain"})])
def test_the_identity_term_of_clean_images_alone_leaves_rerain(tiny, photos, rainy, modules):
    assert reached(replace(tiny, identity_weight=1.0, identity_rainy=rainy), photos, "identity") == modules


@pytest.mark.parametrize(("name", "modules"), [
    ("contrastive", GENERATORS | {"embed_clean"}), ("colour", GENERATORS), ("adversarial", {"derain", "clean_discriminator"}),
    ("discriminators", {"clean_discriminator"}),
])  # fmt: skip
def test_without_the_backward_cycle(tiny, photos, name, modules):
    """Keys are detached, so the forward branch trains the head of its query alone (and N_R's maker and encoder)."""
    config = replace(tiny, backward_cycle=False, negatives="internal")
    assert reached(config, photos, name) == modules


@pytest.mark.parametrize(("kept", "head"), [("derained", "embed_clean"), ("rerained", "embed_rainy")])
def test_which_head_learns_from_which_branch(tiny, photos, monkeypatch, kept, head):
    monkeypatch.setattr(guidance, "BRANCHES", tuple(b for b in guidance.BRANCHES if b[0] == kept))
    assert reached(tiny, photos, "contrastive") & HEADS == {head}


def test_four_branches_add_the_reconstructions(tiny, photos):
    two, four = (DCDGAN(tiny) for _ in range(2))
    values = []
    for model, branches in ((two, 2), (four, 4)):
        config = replace(tiny, guidance_branches=branches)
        cycles = model.translation(*photos)
        values.append(build_objective(config, torch.Generator().manual_seed(0))[0].value(model, cycles).item())
    assert 1.5 < values[1] / values[0] < 2.5


def test_the_total_is_the_weighted_sum(tiny, photos):
    config = replace(tiny, **ALL_ON)
    values = Trainer.start(config).train_step(photos)
    weights = {"contrastive": 2, "colour": 1, "plain_cycle": 1, "adversarial": 1, "frequency": 0.1, "identity": 1}
    assert set(values) == {*weights, "discriminators", "total"}
    assert values["total"].item() == pytest.approx(sum(w * values[n].item() for n, w in weights.items()), rel=1e-5)


@pytest.mark.parametrize("field", ["contrastive", "colour", "adversarial", "frequency"])
def test_a_term_that_is_off_is_absent(tiny, photos, field):
    values = Trainer.start(replace(tiny, **{f"{field}_weight": 0.0})).train_step(photos)
    assert field not in values


def test_images_count_as_in_the_authors_range(tiny, photos):
    """Distances are taken between images in [-1, 1], for which the weights were chosen."""
    model = DCDGAN(tiny)
    cycles = model.translation(*photos)
    colour = {t.name: t for t in build_objective(tiny, torch.Generator())}["colour"].value(model, cycles)
    expected = sum(
        ((2 * a - 1) - (2 * b - 1)).abs().mean(dim=(0, 2, 3)).sum()
        for a, b in ((cycles.rainy, cycles.recovered_rainy), (cycles.clean, cycles.recovered_clean))
    )
    torch.testing.assert_close(colour, expected)


def term(config, photos, name):
    """A term's value, and the cycles that it is of."""
    model = DCDGAN(config)
    cycles = model.translation(*photos)
    return {t.name: t for t in build_objective(config, torch.Generator())}[name].value(model, cycles), model, cycles


DISTANCES = {
    "colour": lambda a, b: colour_cycle(a, b, "l1"), "plain_cycle": plain_cycle,
    "frequency": lambda a, b: frequency(a, b, "ortho_l1"),
}  # fmt: skip


@pytest.mark.parametrize("share", [1.0, 0.25, 0.0])
@pytest.mark.parametrize("name", DISTANCES)
def test_the_forward_cycle_has_its_share(tiny, photos, name, share):
    """Of the distance R to R*, not of N to N*; in every term that compares images with their reconstructions."""
    config = replace(tiny, forward_cycle_share=share, **ALL_ON)
    value, _, cycles = term(config, photos, name)
    forward = DISTANCES[name](2 * cycles.rainy, 2 * cycles.recovered_rainy)
    backward = DISTANCES[name](2 * cycles.clean, 2 * cycles.recovered_clean)
    assert forward > 0.01 and (forward - backward).abs() > 1e-4
    torch.testing.assert_close(value, share * forward + backward)
    alone, _, cycles = term(replace(config, backward_cycle=False, negatives="internal"), photos, name)
    torch.testing.assert_close(alone, share * DISTANCES[name](2 * cycles.rainy, 2 * cycles.recovered_rainy))


@pytest.mark.parametrize("rainy", [True, False])
@pytest.mark.parametrize("backward", [True, False])
def test_the_identity_term_is_what_the_generators_change(tiny, photos, rainy, backward):
    """|N - derain(N)| and, unless switched off, |R - rerain(R)|, between images in [-1, 1]."""
    changes = {} if backward else {"backward_cycle": False, "negatives": "internal"}
    value, model, _ = term(replace(tiny, identity_weight=3.0, identity_rainy=rainy, **changes), photos, "identity")
    t, (wet, dry) = model.translation, photos
    on_clean, on_rainy = (2 * t.derain(dry) - 2 * dry).abs().mean(), (2 * t.rerain(wet) - 2 * wet).abs().mean()
    torch.testing.assert_close(value, on_clean + on_rainy if rainy else on_clean)


@pytest.mark.parametrize("backward", [True, False])
@pytest.mark.parametrize("mode", ["log_likelihood", "least_squares"])
def test_each_discriminator_is_shown_its_real_and_its_generated_images(tiny, photos, mode, backward):
    """D_N sees N and N_R, D_R sees R and R_N; one batch of real and generated images is two separate ones."""
    changes = {} if backward else {"backward_cycle": False, "negatives": "internal"}
    model = DCDGAN(replace(tiny, discriminator_norm=False, **changes))
    t, cycles = model.translation, model.translation(*photos)
    if backward:
        cycles.rerained = torch.cat([cycles.rerained, cycles.clean])  # more generated images than real ones
    expected = discriminator_loss(t.clean_discriminator(cycles.clean), t.clean_discriminator(cycles.derained), mode)
    if backward:
        real, fake = t.rainy_discriminator(cycles.rainy), t.rainy_discriminator(cycles.rerained)
        expected = expected + discriminator_loss(real, fake, mode)
    assert abs(expected - discriminator_loss(torch.zeros(1), torch.zeros(1), mode) * (1 + backward)) > 1e-3
    torch.testing.assert_close(discriminators_objective(model, cycles, mode), expected)


def test_the_released_objective(tiny, photos):
    """0.5 GAN (clipped hinge) + 0.5 * 2 NCE with internal negatives + 0.5 identity; nothing of the paper's own."""
    names = ("negatives", "batch_negatives", "contrastive_weight", "colour_weight", "frequency_weight", "adversarial_weight",
             "identity_weight", "adversarial_loss")  # fmt: skip
    config = replace(tiny, **{name: getattr(released, name) for name in names})
    values = {k: v.item() for k, v in Trainer.start(config).train_step(photos).items()}
    expected = 0.5 * values["adversarial"] + values["contrastive"] + 0.5 * values["identity"]
    assert values["total"] == pytest.approx(expected, rel=1e-5)
    assert set(values) == {"adversarial", "contrastive", "identity", "discriminators", "total"}
