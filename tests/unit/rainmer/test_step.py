"""One training step: order, accumulation, clipping, schedule, and that a cut run goes on with the same bits."""

import math
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from moved import changed, weights
from safetensors.torch import load_file

from rainmer_lib.data.batches import PairedBatch
from rainmer_lib.rainmer import released, small, step, tiny
from rainmer_lib.rainmer.memory_bank import colour
from rainmer_lib.rainmer.step import Trainer, cosine_cycles
from rainmer_lib.training.loop import train
from rainmer_lib.training.run import RunFolder, RunIdentity


def test_a_batch_is_chosen_from_earlier_ones_and_enters_afterwards(micro, images, monkeypatch):
    """Contrast begins when the memory bank of four is full; no sample is its own negative."""
    chosen, build = [], step.build_keys

    def spy(*images, memory_bank, **options):
        chosen.append(memory_bank.rows["colours"].clone())
        return build(*images, memory_bank=memory_bank, **options)

    monkeypatch.setattr(step, "build_keys", spy)
    trainer, batches = Trainer.start(micro), [images(seed) for seed in range(4)]
    values = [trainer.train_step(batch) for batch in batches]
    assert [v["illumination"].item() > 0 for v in values] == [False, False, True, True]
    means = [colour(batch.rainy_whole) for batch in batches]
    torch.testing.assert_close(chosen[0], torch.cat([means[0], means[1]]))
    torch.testing.assert_close(chosen[1], torch.cat([means[2], means[1]]))
    torch.testing.assert_close(trainer.memory_bank.rows["colours"], torch.cat([means[2], means[3]]))


def test_keys_follow_before_they_are_encoded_at_every_micro_step(micro, images):
    trainer = Trainer.start(replace(micro, accumulate=2, momentum=0.9))
    for p in trainer.model.derain.encoder.parameters():
        p.data += 1
    before, query = weights(trainer.model.keys), weights(trainer.model.derain.encoder)
    trainer.train_step(images())
    for old, q, new in zip(before, query, trainer.model.keys.parameters(), strict=True):
        torch.testing.assert_close(new, 0.9 * old + 0.1 * q)


def test_two_micro_steps_of_one_batch_are_an_update(micro, images):
    """The mean of the gradients: two equal micro-steps move the weights as one does."""
    plain = replace(micro, views=(), cycles=(1,), cycle_floors=(1e-2,))
    once, twice = Trainer.start(plain), Trainer.start(replace(plain, accumulate=2))
    start = weights(once.model)
    once.train_step(images())
    twice.train_step(images())
    assert not any(changed(start, twice.model)), "nothing moves between updates"
    twice.train_step(images())
    for a, b in zip(once.model.parameters(), twice.model.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
    assert all(p.grad is None for p in twice.model.parameters())


@pytest.mark.parametrize(("scope", "norms"), [("all", 1), ("base", 1), (None, 0)])
def test_clipping(micro, images, monkeypatch, scope, norms):
    """`all`: base and encoder together have the norm; `base` leaves the encoder's gradients as they are."""
    config = replace(micro, clip=0.01 if scope else 0.0, clip_scope=scope or "all")
    trainer, seen = Trainer.start(config), {}

    def spy(name):
        def step():
            seen[name] = math.sqrt(sum(float((p.grad**2).sum()) for p in trainer.model.groups()[name]))

        return step

    for name, optimiser in trainer.optimisation.optimisers.items():
        monkeypatch.setattr(optimiser, "step", spy(name))
    trainer.train_step(images())
    if scope == "all":
        assert math.hypot(*seen.values()) == pytest.approx(0.01, rel=1e-3)
    elif scope == "base":
        assert seen["base"] == pytest.approx(0.01, rel=1e-3) and seen["encoder"] > 0.02
    else:
        assert min(seen.values()) > 0.02


def test_every_optimiser_has_its_decay_and_learns(micro, images):
    trainer = Trainer.start(replace(micro, weight_decay=0.0, encoder_weight_decay=0.01))
    optimisers = trainer.optimisation.optimisers
    assert {n: o.param_groups[0]["weight_decay"] for n, o in optimisers.items()} == {"base": 0.0, "encoder": 0.01}
    before = weights(trainer.model.derain)
    trainer.train_step(images())
    # prompts are SiLU(0 z + b) where a gate is closed, and ReLUs die: most, not all
    assert sum(changed(before, trainer.model.derain)) > 0.9 * len(before)


def test_without_an_encoder_there_is_one_optimiser(micro, images):
    trainer = Trainer.start(replace(micro, views=(), interaction=False))
    assert set(trainer.optimisation.optimisers) == {"base"}
    trainer.train_step(images())


def test_the_released_choices_train_together(micro, images):
    names = ("topk", "positives", "flips", "detail_negatives", "weight_decay", "encoder_weight_decay", "clip_scope")
    config = replace(micro, clip=0.01, **{name: getattr(released, name) for name in names})
    trainer = Trainer.start(config)
    values = [trainer.train_step(images(seed)) for seed in range(3)][-1]
    assert all(torch.isfinite(value) for value in values.values()) and values["degradation_detail"] > 0


@pytest.mark.slow
@pytest.mark.parametrize(("field", "value"), [
    ("positives", "summed"), ("flips", "per_batch"), ("detail_negatives", "crop"), ("detail_negatives", "rainy"),
    ("negatives", 1), ("temperature", 0.5), ("momentum", 0.5),
])  # fmt: skip
def test_an_option_of_the_contrast_reaches_the_loss(micro, images, field, value):
    """Two steps fill the memory bank; in the third everything but what the option changes is the same, to the last bit."""

    def terms(config):
        trainer = Trainer.start(config)
        return [trainer.train_step(images(seed)) for seed in range(3)][-1]

    usual, other = terms(micro), terms(replace(micro, **{field: value}))
    assert usual["charbonnier"] == other["charbonnier"]
    assert abs(usual["degradation_detail"] - other["degradation_detail"]) > 1e-5


def test_cosine_cycles():
    def rate(step):
        return cosine_cycles(step, 600_000, 3e-4, (92, 208), (1e-4, 1e-6))

    assert rate(1) == pytest.approx(3e-4) and rate(92_000) == pytest.approx(2e-4) and rate(184_000) == pytest.approx(1e-4)
    assert rate(184_001) == pytest.approx(3e-4) and rate(600_000) == pytest.approx(1e-6)
    assert rate(184_000 + 208_000) == pytest.approx((3e-4 + 1e-6) / 2)
    assert cosine_cycles(50, 100, 1.0, (1,), (0.0,)) == pytest.approx(0.5)


def test_the_rate_of_an_update_is_that_of_its_last_micro_step(micro, images):
    trainer = Trainer.start(replace(micro, accumulate=2, steps=4))
    for seed in range(4):
        trainer.train_step(images(seed))
    rates = {o.param_groups[0]["lr"] for o in trainer.optimisation.optimisers.values()}
    assert rates == {cosine_cycles(4, 4, 1e-2, (1,), (1e-6,))} == {1e-6}


@pytest.mark.slow
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_state_restores_everything(micro, images, accumulate):
    """Also between two micro-steps of an update, and with a memory bank that is half full."""
    config = replace(micro, accumulate=accumulate, ema=0.9)
    one = Trainer.start(config)
    one.train_step(images(0))
    other = Trainer.start(replace(config, seed=9))
    other.restore(deepcopy(one.state()))
    for seed in range(1, 4):
        a, b = one.train_step(images(seed)), other.train_step(images(seed))
        assert all(torch.equal(a[name], b[name]) for name in a)
    for (name, a), b in zip(one.model.named_parameters(), other.model.parameters(), strict=True):
        assert torch.equal(a, b), name
    averages = one.averages["derain"].state(), other.averages["derain"].state()
    assert all(torch.equal(averages[0][name], averages[1][name]) for name in averages[0])


def test_without_an_average_the_weights_themselves_are_exported(micro, images):
    trainer = Trainer.start(micro)
    trainer.train_step(images())
    average = trainer.averages["derain"].state()
    assert all(torch.equal(average[name], p) for name, p in trainer.model.derain.named_parameters())


class Batches:
    """Data as the loop asks for it."""

    def __init__(self, make):
        self.make = make

    def batch(self, step, size, crop, seed):
        return self.make(step)


@pytest.mark.slow
def test_the_loop_trains_it_and_a_cut_run_ends_with_the_same_bits(micro, images, tmp_path):
    micro = replace(micro, steps=4)

    def folder(name):
        return RunFolder(tmp_path / name, RunIdentity("rainmer", micro, "streaks", 1))

    class Cut(Exception):
        pass

    class Breaks(Trainer):
        def train_step(self, batch):
            if self.step == 3:
                raise Cut
            return super().train_step(batch)

    whole = train(Trainer.start, micro, Batches(images), folder("whole"), save_every=2, say=None)
    with pytest.raises(Cut):
        train(Breaks.start, micro, Batches(images), folder("cut"), save_every=2, say=None)
    resumed = train(Trainer.start, micro, Batches(images), folder("cut"), save_every=2, say=None)
    a, b = (load_file(run.path / "derain.safetensors") for run in (whole, resumed))
    assert a and all(torch.equal(a[name], b[name]) for name in a)
    assert not any(name.startswith("keys") for name in a), "the encoder that follows is not needed to derain"
    checkpoints = [run.load_checkpoint("cpu") for run in (whole, resumed)]
    assert torch.equal(checkpoints[0]["memory_bank"]["rows"]["residuals"], checkpoints[1]["memory_bank"]["rows"]["residuals"])


@pytest.mark.slow
def test_one_pair_is_learnt_by_heart(micro, images):
    """Forty steps, some seconds; at many times this learning rate the last mixture dies (docs/rainmer.md)."""
    config = replace(micro, width=8, batch=1, contrastive_weight=0.0, steps=10_000, learning_rate=2e-3, seed=1)
    trainer, batch = Trainer.start(config), PairedBatch(*(image[:1] for image in images()))
    losses = [trainer.train_step(batch)["charbonnier"].item() for _ in range(40)]
    assert losses[-1] < losses[0] / 2.5


@pytest.mark.slow
def test_half_precision_changes_little(micro, images):
    plain, half = Trainer.start(micro), Trainer.start(replace(micro, precision="bfloat16"))
    for seed in range(3):
        a, b = plain.train_step(images(seed)), half.train_step(images(seed))
    for name, value in a.items():
        torch.testing.assert_close(b[name], value, rtol=0.1, atol=0.05)


@pytest.mark.parametrize("batch", [1, 2])
def test_half_precision_keeps_the_gradient(micro, images, batch):
    """Of the networks that learn, in direction and length: the loss alone does not tell."""
    found = []
    for precision in ("float32", "bfloat16"):
        trainer = Trainer.start(replace(micro, batch=batch, accumulate=1, memory_bank=4, precision=precision))
        trainer.optimisation.apply = lambda *_: None
        trainer.train_step(PairedBatch(*(image[:batch] for image in images())))
        found.append(torch.cat([p.grad.flatten().double() for p in trainer.model.derain.parameters() if p.grad is not None]))
    full, half = found
    assert full.shape == half.shape and torch.cosine_similarity(full, half, dim=0) > 0.95
    assert half.norm() / full.norm() == pytest.approx(1, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("config", [tiny, small])
def test_the_small_sizes_take_a_step(config, images):
    generator = torch.Generator().manual_seed(0)
    c = replace(config, batch=1, memory_bank=4)
    sides = (c.crop, c.crop, c.view_size, c.view_size)
    batch = PairedBatch(*(torch.rand(1, 3, side, side, generator=generator) for side in sides))
    values = Trainer.start(c).train_step(batch)
    assert all(torch.isfinite(value) for value in values.values())


def test_images_of_another_size_than_the_configuration_says(micro, images):
    batch = images()
    with pytest.raises(ValueError, match=r"rainy_whole: \(2, 3, 8, 8\), expected \(2, 3, 16, 16\).*view_size"):
        Trainer.start(micro).train_step(batch._replace(rainy_whole=batch.rainy_whole[..., :8, :8]))
