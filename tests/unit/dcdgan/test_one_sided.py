"""CUT: one generator, one embedding, internal negatives, rainy and clean images alike."""

from dataclasses import replace

import pytest
import torch

from rainmer_lib.baselines.cyclegan_family import CUT
from rainmer_lib.dcdgan.guidance import draw_places
from rainmer_lib.dcdgan.model import DCDGAN
from rainmer_lib.dcdgan.objective import build_objective
from rainmer_lib.dcdgan.step import Trainer


@pytest.fixture
def cut(tiny):
    return replace(tiny, **CUT)


def test_the_term_is_that_of_cut(cut, photos):
    """A plain loop over images, layers and patches: its own place among all places of the source, both in one embedding."""
    model = DCDGAN(cut)
    rainy, clean = photos
    derain, embed = model.translation.derain, model.guidance.embed_rainy
    generator = torch.Generator().manual_seed(5)
    places = {"rainy": draw_places(derain.encode(rainy, cut.taps), cut.patches, generator)}
    places["clean"] = draw_places(derain.encode(clean, cut.taps), cut.patches, generator)
    total = 0.0
    for source, at in ((rainy, places["rainy"]), (clean, places["clean"])):
        keys = embed(derain.encode(source, cut.taps), at)
        queries = embed(derain.encode(derain(source)[0], cut.taps), at)
        for tap in cut.taps:
            losses = [
                -torch.log_softmax(keys[tap][image] @ queries[tap][image][s] / cut.temperature, 0)[s]
                for image in range(2) for s in range(queries[tap].shape[1])
            ]  # fmt: skip
            total += torch.stack(losses).mean() / len(cut.taps)
    cycles = model.translation(*photos, cut.taps, cut.backward_cycle, cut.one_sided)
    fast = build_objective(cut, torch.Generator().manual_seed(5))[0].value(model, cycles)
    torch.testing.assert_close(fast, total, rtol=1e-5, atol=1e-6)


def test_the_second_generator_critic_and_embedding_rest(cut, photos):
    trainer = Trainer.start(replace(cut, critic_replay=2))
    model = trainer.model
    parts = {**dict(model.translation.named_children()), **dict(model.guidance.named_children())}
    before = {name: [p.detach().clone() for p in part.parameters()] for name, part in parts.items()}
    for _ in range(2):
        values = trainer.train_step(*photos)
    moved = {n for n, p in parts.items() if any(not torch.equal(a, b) for a, b in zip(before[n], p.parameters(), strict=True))}
    assert moved == {"derain", "clean_critic", "embed_rainy"}
    assert set(values) == {"contrastive", "adversarial", "critics", "total"}
    assert values["total"].item() == pytest.approx(0.5 * values["contrastive"].item() + values["adversarial"].item(), rel=1e-5)


@pytest.mark.parametrize("changes", [{"backward_cycle": True}, {"colour_weight": 1.0}, {"negatives": "both"},
                                     {"identity_weight": 1.0}, {"guidance_branches": 4}])  # fmt: skip
def test_what_needs_the_second_generator_is_refused(cut, changes):
    with pytest.raises(ValueError, match="one_sided=True has no second generator|without the backward cycle"):
        replace(cut, **changes)
