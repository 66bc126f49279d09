"""One step: who learns when, and the options of execution."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from moved import changed, weights

from rainmer_lib.data.batches import Batch
from rainmer_lib.dcdgan import paper, step
from rainmer_lib.dcdgan.step import Trainer


def test_everything_learns_in_one_step(tiny, photos):
    trainer = Trainer.start(tiny)
    t, g = trainer.model.translation, trainer.model.guidance
    parts = [t.derain, t.rerain, t.clean_discriminator, t.rainy_discriminator, g.embed_rainy, g.embed_clean]
    before = [weights(part) for part in parts]
    trainer.train_step(photos)
    assert all(any(changed(old, part)) for old, part in zip(before, parts, strict=True))


def test_discriminators_do_not_follow_the_generators_loss(tiny, photos):
    """With discriminators that stand still, the generators' update leaves them alone."""
    trainer = Trainer.start(replace(tiny, discriminators_learning_rate=0.0))
    before = weights(trainer.model.translation.clean_discriminator)
    trainer.train_step(photos)
    assert not any(changed(before, trainer.model.translation.clean_discriminator))


def test_replay_changes_what_the_discriminators_see_and_nothing_else(tiny, photos, monkeypatch):
    """Discriminators get the batch and earlier images; the generators' terms are of the batch alone."""
    seen, shown = [], step.discriminators_objective
    monkeypatch.setattr(step, "discriminators_objective", lambda m, c, mode: (seen.append(c), shown(m, c, mode))[1])
    frozen = replace(tiny, discriminators_learning_rate=0.0)
    plain, replayed = Trainer.start(frozen), Trainer.start(replace(frozen, discriminator_replay=5))
    for _ in range(3):
        a, b = plain.train_step(photos), replayed.train_step(photos)
        assert torch.equal(a["total"], b["total"])
    assert [len(c.clean) for c in seen] == [2, 2, 2, 7, 2, 7]
    assert torch.equal(seen[-1].derained[:2], seen[-2].derained) and len(seen[-1].rerained) == 7


@pytest.mark.parametrize("layers", [1, 2])
def test_shorter_discriminators_learn(tiny, photos, layers):
    trainer = Trainer.start(replace(tiny, discriminator_layers=layers))
    before = weights(trainer.model.translation.rainy_discriminator)
    trainer.train_step(photos)
    assert any(changed(before, trainer.model.translation.rainy_discriminator))


def test_without_the_backward_cycle_the_rainy_discriminator_rests(tiny, photos):
    trainer = Trainer.start(replace(tiny, backward_cycle=False, negatives="internal"))
    before = weights(trainer.model.translation.rainy_discriminator)
    trainer.train_step(photos)
    assert not any(changed(before, trainer.model.translation.rainy_discriminator))


@pytest.mark.parametrize("changes", [{"precision": "bfloat16"}, {"channels_last": True}])
def test_options_of_execution_change_little(tiny, photos, changes):
    plain = Trainer.start(tiny).train_step(photos)
    other = Trainer.start(replace(tiny, **changes)).train_step(photos)
    for name, value in plain.items():
        torch.testing.assert_close(other[name].float(), value, rtol=0.05, atol=0.02)


def test_the_learning_rate_follows_the_schedule(tiny, photos):
    config = replace(tiny, steps=4, heads_learning_rate=2e-3)
    trainer, seen = Trainer.start(config), []
    for _ in range(4):
        trainer.train_step(photos)
        seen.append({name: optimiser.param_groups[0]["lr"] for name, optimiser in trainer.optimisation.optimisers.items()})
    assert [s["generators"] for s in seen] == pytest.approx([1e-3, 1e-3, 1e-3, 5e-4])
    assert [s["heads"] for s in seen] == pytest.approx([2e-3, 2e-3, 2e-3, 1e-3])


def test_a_state_restores_everything(tiny, photos):
    one = Trainer.start(tiny)
    one.train_step(photos)
    other = Trainer.start(replace(tiny, seed=9))
    other.restore(deepcopy(one.state()))  # as through a file: optimisers share what they are given
    a, b = one.train_step(photos), other.train_step(photos)
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_the_average_follows_the_weights(tiny, photos):
    """a <- d a + (1 - d) w with d = min(ema, (1 + step) / (10 + step)); at the first step d = 0.1."""
    trainer = Trainer.start(tiny)
    name = "layers.block1.body.1.weight"
    start = dict(trainer.model.translation.derain.named_parameters())[name].detach().clone()
    trainer.train_step(photos)
    now = dict(trainer.model.translation.derain.named_parameters())[name].detach()
    torch.testing.assert_close(trainer.averages["derain"].state()[name], 0.1 * start + 0.9 * now)


@pytest.mark.slow
def test_a_tiny_model_overfits():
    """Two crops, 200 steps, constraints turned down: the reconstructions of both cycles come close to their images."""
    config = replace(
        paper, width=8, blocks=2, discriminator_width=8, taps=("down1", "block1"), embedding=16, patches=32, crop=32,
        steps=200, learning_rate=2e-3, heads_learning_rate=2e-3, discriminators_learning_rate=2e-3,
        contrastive_weight=0.2, adversarial_weight=0.1,
    )  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    small = (torch.rand(1, 3, 5, 5, generator=generator) for _ in range(2))
    batch = Batch(*(torch.nn.functional.interpolate(image, (32, 32), mode="bilinear") for image in small))
    trainer = Trainer.start(config)
    first, last = None, None
    for _ in range(config.steps):
        last = {name: value.item() for name, value in trainer.train_step(batch).items()}
        first = first or last
    assert last["colour"] < 0.25 * first["colour"]
    assert last["contrastive"] < first["contrastive"]
