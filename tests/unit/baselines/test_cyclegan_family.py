"""CycleGAN, CUT and DCLGAN as objectives; of CUT the term: one generator, one embedding, rainy and clean images alike."""

from dataclasses import fields, replace

import pytest
import torch

from rainmer_lib.baselines.cyclegan_family import CUT, CYCLEGAN, DCLGAN
from rainmer_lib.dcdgan import model as networks
from rainmer_lib.dcdgan.guidance import draw_locations
from rainmer_lib.dcdgan.method import METHOD as DCDGAN
from rainmer_lib.dcdgan.objective import build_objective
from rainmer_lib.dcdgan.step import Trainer


@pytest.fixture
def cut(tiny):
    return replace(tiny, **CUT.presets["paper"])


def test_the_term_is_that_of_cut(cut, photos):
    """A plain loop over images, layers and patches: its own location among all of the source, both in one embedding."""
    model = networks.DCDGAN(cut)
    rainy, clean = photos
    derain, embed = model.translation.derain, model.guidance.embed_rainy
    generator = torch.Generator().manual_seed(5)
    locations = {"rainy": draw_locations(derain.encode(rainy, cut.taps), cut.patches, generator)}
    locations["clean"] = draw_locations(derain.encode(clean, cut.taps), cut.patches, generator)
    total = 0.0
    for source, at in ((rainy, locations["rainy"]), (clean, locations["clean"])):
        keys = embed(derain.encode(source, cut.taps), at)
        queries = embed(derain.encode(derain(source), cut.taps), at)
        for tap in cut.taps:
            losses = [
                -torch.log_softmax(keys[tap][image] @ queries[tap][image][s] / cut.temperature, 0)[s]
                for image in range(2) for s in range(queries[tap].shape[1])
            ]  # fmt: skip
            total += torch.stack(losses).mean() / len(cut.taps)
    cycles = model.translation(*photos)
    fast = build_objective(cut, torch.Generator().manual_seed(5))[0].value(model, cycles)
    torch.testing.assert_close(fast, total, rtol=1e-5, atol=1e-6)


def test_the_second_generator_discriminator_and_embedding_rest(cut, photos):
    trainer = Trainer.start(replace(cut, discriminator_replay=2))
    model = trainer.model
    parts = {**dict(model.translation.named_children()), **dict(model.guidance.named_children())}
    before = {name: [p.detach().clone() for p in part.parameters()] for name, part in parts.items()}
    for _ in range(2):
        values = trainer.train_step(photos)
    moved = {n for n, p in parts.items() if any(not torch.equal(a, b) for a, b in zip(before[n], p.parameters(), strict=True))}
    assert moved == {"derain", "clean_discriminator", "embed_rainy"}
    assert set(values) == {"contrastive", "adversarial", "discriminators", "total"}
    assert values["total"].item() == pytest.approx(0.5 * values["contrastive"].item() + values["adversarial"].item(), rel=1e-5)


@pytest.mark.parametrize("changes", [{"backward_cycle": True}, {"colour_weight": 1.0}, {"negatives": "both"},
                                     {"identity_weight": 1.0}, {"guidance_branches": 4}])  # fmt: skip
def test_what_needs_the_second_generator_is_refused(cut, changes):
    with pytest.raises(ValueError, match="one_sided=True has no second generator|without the backward cycle"):
        replace(cut, **changes)


@pytest.mark.parametrize(("method", "expected"), [
    (CYCLEGAN, {"plain_cycle_weight": 10.0, "identity_weight": 5.0, "contrastive_weight": 0.0, "negatives": "both"}),
    (CUT, {"plain_cycle_weight": 0.0, "identity_weight": 0.0, "contrastive_weight": 0.5, "negatives": "internal"}),
    (DCLGAN, {"plain_cycle_weight": 0.0, "identity_weight": 1.0, "contrastive_weight": 2.0, "negatives": "internal"}),
], ids=lambda value: getattr(value, "name", ""))  # fmt: skip
@pytest.mark.parametrize("size", ["quick", "laptop", "gpu", "paper"])
def test_each_differs_from_dcdgan_in_its_objective_alone(method, expected, size):
    """Network, data and training are those of the size; the contrastive weight has the size's factor."""
    ours, theirs = method.at(size), DCDGAN.at(size)
    differ = {f.name for f in fields(ours) if getattr(ours, f.name) != getattr(theirs, f.name)}
    assert differ <= {
        "contrastive_weight", "colour_weight", "frequency_weight", "plain_cycle_weight", "identity_weight", "negatives",
        "batch_negatives", "adversarial_loss", "backward_cycle", "one_sided",
    }  # fmt: skip
    factor = method.sizes[size].scaled.get("contrastive_weight", 1.0)
    found = {name: getattr(ours, name) for name in expected}
    assert found == expected | {"contrastive_weight": factor * expected["contrastive_weight"]}
    assert (ours.colour_weight, ours.frequency_weight, ours.adversarial_loss) == (0.0, 0.0, "least_squares")
    assert (ours.one_sided, ours.backward_cycle) == (method is CUT, method is not CUT)
    assert ours.batch_negatives == (method is DCLGAN), "CUT's code keeps images apart"


@pytest.mark.parametrize("method", [CYCLEGAN, CUT, DCLGAN], ids=lambda method: method.name)
def test_each_trains_the_terms_that_it_is_about(tiny, photos, method):
    values = method.start(replace(tiny, **method.presets["paper"])).train_step(photos)
    terms = {"cyclegan": {"plain_cycle", "identity"}, "cut": {"contrastive"}, "dclgan": {"contrastive", "identity"}}
    assert set(values) == terms[method.name] | {"adversarial", "discriminators", "total"}
