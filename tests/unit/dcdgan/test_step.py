"""One step: who learns when, and the options of execution."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from rainmer_lib.dcdgan.step import Trainer


def weights(module):
    return [p.detach().clone() for p in module.parameters()]


def changed(before, module):
    return any(not torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))


def test_everything_learns_in_one_step(tiny, photos):
    trainer = Trainer.start(tiny)
    t, g = trainer.model.translation, trainer.model.guidance
    parts = [t.derain, t.rerain, t.clean_critic, t.rainy_critic, g.embed_rainy, g.embed_clean]
    before = [weights(part) for part in parts]
    trainer.train_step(*photos)
    assert all(changed(old, part) for old, part in zip(before, parts, strict=True))


def test_critics_do_not_follow_the_generators_loss(tiny, photos):
    """With critics that stand still, the generators' update leaves them alone."""
    trainer = Trainer.start(replace(tiny, critics_learning_rate=0.0))
    before = weights(trainer.model.translation.clean_critic)
    trainer.train_step(*photos)
    assert not changed(before, trainer.model.translation.clean_critic)


def test_replay_changes_what_the_critics_see_and_nothing_else(tiny, photos, monkeypatch):
    """Critics get the batch and earlier images; the generators' terms are of the batch alone."""
    from rainmer_lib.dcdgan import step

    seen, shown = [], step.critics_objective
    monkeypatch.setattr(step, "critics_objective", lambda m, c, law: (seen.append(c), shown(m, c, law))[1])
    frozen = replace(tiny, critics_learning_rate=0.0)
    plain, replayed = Trainer.start(frozen), Trainer.start(replace(frozen, critic_replay=5))
    for _ in range(3):
        a, b = plain.train_step(*photos), replayed.train_step(*photos)
        assert torch.equal(a["total"], b["total"])
    assert [len(c.clean) for c in seen] == [2, 2, 2, 7, 2, 7]
    assert torch.equal(seen[-1].derained[:2], seen[-2].derained) and len(seen[-1].rerained) == 7


@pytest.mark.parametrize("layers", [1, 2])
def test_shorter_critics_learn(tiny, photos, layers):
    trainer = Trainer.start(replace(tiny, critic_layers=layers))
    before = weights(trainer.model.translation.rainy_critic)
    trainer.train_step(*photos)
    assert changed(before, trainer.model.translation.rainy_critic)


def test_without_the_backward_cycle_the_rainy_critic_rests(tiny, photos):
    trainer = Trainer.start(replace(tiny, backward_cycle=False, negatives="internal"))
    before = weights(trainer.model.translation.rainy_critic)
    trainer.train_step(*photos)
    assert not changed(before, trainer.model.translation.rainy_critic)


@pytest.mark.parametrize("changes", [{"precision": "bfloat16"}, {"channels_last": True}])
def test_options_of_execution_change_little(tiny, photos, changes):
    plain = Trainer.start(tiny).train_step(*photos)
    other = Trainer.start(replace(tiny, **changes)).train_step(*photos)
    for name, value in plain.items():
        torch.testing.assert_close(other[name].float(), value, rtol=0.05, atol=0.02)


def test_the_learning_rate_follows_the_schedule(tiny, photos):
    config = replace(tiny, steps=4, heads_learning_rate=2e-3)
    trainer, seen = Trainer.start(config), []
    for _ in range(4):
        trainer.train_step(*photos)
        seen.append({name: optimiser.param_groups[0]["lr"] for name, optimiser in trainer.optimisers.items()})
    assert [s["generators"] for s in seen] == pytest.approx([1e-3, 1e-3, 1e-3, 5e-4])
    assert [s["heads"] for s in seen] == pytest.approx([2e-3, 2e-3, 2e-3, 1e-3])


def test_a_state_restores_everything(tiny, photos):
    one = Trainer.start(tiny)
    one.train_step(*photos)
    other = Trainer.start(replace(tiny, seed=9))
    other.restore(deepcopy(one.state()))  # as through a file: optimisers share what they are given
    a, b = one.train_step(*photos), other.train_step(*photos)
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_the_average_follows_the_weights(tiny, photos):
    """a <- d a + (1 - d) w with d = min(ema, (1 + step) / (10 + step)); at the first step d = 0.1."""
    trainer = Trainer.start(tiny)
    name = "layers.block1.body.1.weight"
    start = dict(trainer.model.translation.derain.named_parameters())[name].detach().clone()
    trainer.train_step(*photos)
    now = dict(trainer.model.translation.derain.named_parameters())[name].detach()
    torch.testing.assert_close(trainer.averages["derain"].state()[name], 0.1 * start + 0.9 * now)
