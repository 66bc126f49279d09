"""One step: who learns when, and the options of execution."""

import math
from copy import deepcopy
from dataclasses import replace
from functools import partial

import pytest
import torch
from moved import changed, weights
from random_tensors import uniform

from rainmer_lib.data.batches import Batch
from rainmer_lib.dcdgan import paper, step
from rainmer_lib.dcdgan.step import Trainer
from rainmer_lib.dcdgan.translation import BidirectionalTranslation
from rainmer_lib.losses.adversarial import discriminator_loss
from rainmer_lib.networks import fast_training, instance_norm, winograd


def parts(trainer):
    """The six networks by name."""
    return {**dict(trainer.model.translation.named_children()), **dict(trainer.model.guidance.named_children())}


def next_batch(trainer):
    """As many random crops as the trainer asks for, a function of the step."""
    return Batch(*(uniform(trainer.crops, 3, 32, 32, seed=2 * trainer.step + kind) for kind in (0, 1)))


def steps(trainer, count):
    """The terms of the next steps."""
    return [trainer.train_step(next_batch(trainer)) for _ in range(count)]


def moved(trainer, count):
    """The networks that `count` steps change, and the terms of the steps."""
    before = {name: weights(part) for name, part in parts(trainer).items()}
    terms = steps(trainer, count)
    return {name for name, part in parts(trainer).items() if any(changed(before[name], part))}, terms


@pytest.fixture
def warm(tiny):
    """Three steps of warm-up, then five of training; without norm, discriminators tell images apart from the first step."""
    return replace(tiny, warm_up=3, warm_up_batch=4, steps=8, discriminator_norm=False)


@pytest.fixture
def everything(warm):
    """All that is for small budgets."""
    return replace(
        warm, generator="rain_layer", width=8, taps=("stem", "block1", "block2"), discriminator_sees="both",
        discriminator_norm=False, discriminator_originals=True, discriminator_replay=3, adversarial_loss="least_squares",
        forward_cycle_share=0.25, identity_weight=1.0, identity_rainy=False, schedule="cosine", rehearsals=2, rehearsal_crops=3,
    )  # fmt: skip


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


@pytest.mark.parametrize("replay", [0, 5])
def test_untouched_images_count_as_generated(tiny, photos, monkeypatch, replay):
    """The step's own rainy images follow N_R and its clean ones R_N, after those of earlier steps; the real ones stay."""
    seen, shown = [], step.discriminators_objective
    monkeypatch.setattr(step, "discriminators_objective", lambda m, c, mode: (seen.append(c), shown(m, c, mode))[1])
    frozen = replace(tiny, discriminators_learning_rate=0.0, discriminator_replay=replay)
    plain, shown_more = Trainer.start(frozen), Trainer.start(replace(frozen, discriminator_originals=True))
    for _ in range(2):
        a, b = plain.train_step(photos), shown_more.train_step(photos)
        assert torch.equal(a["total"], b["total"])
    without, cycles = seen[-2:]
    assert torch.equal(cycles.derained, torch.cat([without.derained, photos.rainy]))
    assert torch.equal(cycles.rerained, torch.cat([without.rerained, photos.clean]))
    assert torch.equal(cycles.clean, without.clean) and torch.equal(cycles.rainy, without.rainy)
    assert len(cycles.clean) == 2 + replay and len(cycles.derained) == 4 + replay


def test_untouched_images_without_the_backward_cycle(tiny, photos):
    config = replace(tiny, backward_cycle=False, negatives="internal", discriminator_originals=True, discriminator_norm=False)
    trainer = Trainer.start(config)
    t = trainer.model.translation
    with torch.no_grad():
        fake = torch.cat([t.derain(photos.rainy), photos.rainy])
        expected = discriminator_loss(t.clean_discriminator(photos.clean), t.clean_discriminator(fake), "log_likelihood")
    torch.testing.assert_close(trainer.train_step(photos)["discriminators"], expected)


def test_more_crops_than_a_batch_change_nothing(tiny, photos):
    """Those beyond `batch` are for the rehearsals."""
    one, two = Trainer.start(tiny), Trainer.start(tiny)
    a, b = one.train_step(photos), two.train_step(Batch(*(torch.cat([x, 1 - x]) for x in photos)))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_warm_up_teaches_the_clean_discriminator_alone(warm):
    """Clean crops are real, rainy ones generated; nothing else is computed, logged or averaged."""
    trainer = Trainer.start(warm)
    assert trainer.crops == 4
    d, batch = trainer.model.translation.clean_discriminator, next_batch(trainer)
    with torch.no_grad():
        expected, opposite = (
            discriminator_loss(d(real), d(fake), warm.adversarial_loss) for real, fake in ((batch.clean, batch.rainy), batch)
        )
        assert abs(expected - opposite) > 1e-4
    which, terms = moved(trainer, 2)
    assert which == {"clean_discriminator"} and [set(values) for values in terms] == [{"discriminators"}] * 2
    torch.testing.assert_close(terms[0]["discriminators"], expected)
    assert trainer.step == 2 and not terms[0]["discriminators"].requires_grad


@pytest.mark.parametrize("mode", ["log_likelihood", "least_squares", "hinge", "hinge_clipped"])
def test_after_the_warm_up_the_rainy_discriminator_is_the_opposite(warm, mode):
    """What looks clean to the one looks generated to the other; both go on alike, without moments of Adam."""
    trainer = Trainer.start(replace(warm, adversarial_loss=mode))
    t, discriminators = trainer.model.translation, trainer.optimisation.optimisers["discriminators"]
    assert moved(trainer, 2)[0] == {"clean_discriminator"} and len(discriminators.state) > 0
    assert moved(trainer, 1)[0] == {"clean_discriminator", "rainy_discriminator"}
    image, total = uniform(2, 3, 32, 32), 1.0 if mode == "least_squares" else 0.0
    assert t.clean_discriminator(image).std() > 0.01
    torch.testing.assert_close(t.rainy_discriminator(image), total - t.clean_discriminator(image))
    assert not any(optimiser.state for optimiser in trainer.optimisation.optimisers.values())
    assert trainer.crops == warm.batch
    assert moved(trainer, 1)[0] == set(parts(trainer)), "then all learn"
    assert {values["step"].item() for values in discriminators.state.values()} == {1}


@pytest.mark.parametrize(("schedule", "after"), [
    ("linear", [1, 1, 1, 0.5]), ("cosine", [(1 + math.cos(math.pi * k / 4)) / 2 for k in range(4)]),
])  # fmt: skip
def test_the_schedule_starts_anew_after_the_warm_up(tiny, schedule, after):
    """In the warm-up constant, then linear, whatever the schedule of the rest."""
    config = replace(tiny, warm_up=4, steps=8, schedule=schedule, learning_rate=2e-3)
    trainer, seen = Trainer.start(config), []
    for _ in range(8):
        steps(trainer, 1)
        seen.append({name: optimiser.param_groups[0]["lr"] for name, optimiser in trainer.optimisation.optimisers.items()})
    assert [s["discriminators"] for s in seen] == pytest.approx([1e-3 * factor for factor in [1, 1, 1, 0.5, *after]])
    assert [s["generators"] for s in seen] == pytest.approx([2e-3 * factor for factor in [1, 1, 1, 0.5, *after]])


def test_the_averages_start_after_the_warm_up(warm):
    """As in a run without one: the initial weights stay, then the ramp of d = (1 + k) / (10 + k) begins with 0.1."""
    trainer, name = Trainer.start(warm), "layers.block1.body.1.weight"
    weight = dict(trainer.model.translation.derain.named_parameters())[name]
    start = weight.detach().clone()
    steps(trainer, 3)
    assert torch.equal(trainer.averages["derain"].state()[name], start)
    steps(trainer, 1)
    expected = 0.1 * start + 0.9 * weight.detach()
    torch.testing.assert_close(trainer.averages["derain"].state()[name], expected)
    steps(trainer, 1)
    torch.testing.assert_close(trainer.averages["derain"].state()[name], 2 / 11 * expected + 9 / 11 * weight.detach())


def test_after_a_warm_up_a_step_is_that_of_a_run_without(warm):
    """The step itself does not know of it: of the same networks and moments, it makes the same."""
    warmed = Trainer.start(warm)
    steps(warmed, 3)
    plain = Trainer.start(replace(warm, warm_up=0, steps=5))
    plain.model.load_state_dict(warmed.model.state_dict())
    for k in range(3):
        batch = Batch(*(uniform(2, 3, 32, 32, seed=100 + 2 * k + kind) for kind in (0, 1)))
        a, b = warmed.train_step(batch), plain.train_step(batch)
        assert all(torch.equal(a[name], b[name]) for name in a) and set(a) == set(b)
    assert all(torch.equal(a, b) for a, b in zip(warmed.model.parameters(), plain.model.parameters(), strict=True))


@pytest.mark.parametrize("kind", ["resnet", "rain_layer"])
def test_rehearsals_change_derain_and_nothing_else(tiny, everything, kind):
    """One step beside one without them: the other five networks are equal, bit for bit, and so are the terms."""
    config = replace(tiny if kind == "resnet" else replace(everything, warm_up=0), rehearsals=3, rehearsal_crops=4)
    trainer, plain = Trainer.start(config), Trainer.start(replace(config, rehearsals=0))
    assert (trainer.crops, plain.crops) == (2 + 3 * 4, 2)
    batch = next_batch(trainer)
    a, b = trainer.train_step(batch), plain.train_step(batch)
    assert set(a) - set(b) == {"rehearsal"} and all(torch.equal(a[name], b[name]) for name in b)
    assert 0 < a["rehearsal"] < 1 and not a["rehearsal"].requires_grad
    differ = {name for name, part in parts(trainer).items() if any(changed(weights(part), parts(plain)[name]))}
    assert differ == {"derain"}
    state = trainer.optimisation.optimisers["generators"].state
    updates = {name: {state[p]["step"].item() for p in parts(trainer)[name].parameters()} for name in ("derain", "rerain")}
    assert updates == {"derain": {1 + 3}, "rerain": {1}}


def test_rehearsals_put_removed_rain_on_the_spare_clean_crops(tiny):
    """Layers are R - N_R of the step; every spare clean crop is used once, none of the batch and no rainy one."""
    trainer = Trainer.start(replace(tiny, rehearsals=2, rehearsal_crops=3, rehearsal_weight=1e-9))
    batch, put, errors = next_batch(trainer), [], []
    with torch.no_grad():
        removed = (batch.rainy[:2] - trainer.model.translation.derain(batch.rainy[:2])).mean(1, keepdim=True).clamp(min=0)
    put_on, derain = trainer.rehearsal.put_on, trainer.model.translation.derain

    def watched(clean):
        wet = put_on(clean)
        put.append(clean)
        with torch.no_grad():
            errors.append((derain(wet) - clean).abs().mean())
        return wet

    trainer.rehearsal.put_on = watched
    terms = trainer.train_step(batch)
    torch.testing.assert_close(torch.stack(trainer.rehearsal.layers), removed)
    assert torch.equal(torch.cat(put), batch.clean[2:]) and [len(part) for part in put] == [3, 3]
    torch.testing.assert_close(terms["rehearsal"], errors[-1])


def test_rehearsals_lower_their_error(tiny):
    """The weight counts, too: with a large one the errors fall within a step."""
    trainer = Trainer.start(replace(tiny, rehearsals=40, rehearsal_crops=2, global_residual=True, learning_rate=3e-3))
    batch = next_batch(trainer)
    first = Trainer.start(replace(trainer.config, rehearsals=1)).train_step(Batch(*(x[:4] for x in batch)))["rehearsal"]
    assert trainer.train_step(batch)["rehearsal"] < 0.9 * first


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


def gradients(config, images):
    """The gradient of every update of a step, by group and parameter; no weight changes, so each is of the first weights."""
    trainer, found = Trainer.start(config), {}
    names = {id(p): name for name, p in trainer.model.named_parameters()}

    def keep(groups):
        for group in groups:
            for p in trainer.optimisation._parameters(group):
                if p.grad is not None:
                    found[group, names[id(p)]] = p.grad.clone()

    trainer.optimisation.apply = keep
    trainer.train_step(images)
    return found


def joined(found, wanted):
    """The gradients of a group as one vector."""
    return torch.cat([value.flatten().double() for (group, _), value in found.items() if group == wanted])


def alike(some, others, least):
    """Assert that the gradients of every group have one direction and one length."""
    assert some.keys() == others.keys()
    for group in {group for group, _ in some}:
        a, b = joined(some, group), joined(others, group)
        assert torch.cosine_similarity(a, b, dim=0) > least and abs(a.norm() / b.norm() - 1) < 1e-4 + 2 * (1 - least), group


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("antialias", [True, False])
def test_channels_last_order_keeps_the_gradient(tiny, photos, batch, antialias):
    """Of generators, discriminators and heads, also at the paper's batch of one image: the loss alone does not tell."""
    config, images = replace(tiny, batch=batch, antialias=antialias), Batch(*(x[:batch] for x in photos))
    alike(gradients(config, images), gradients(replace(config, channels_last=True), images), 0.99999)


@pytest.fixture
def plain_layers(monkeypatch):
    """Returns a function after which training on a CPU takes torch's own layers in their usual order of memory."""

    def switch():
        for module in (fast_training, winograd, instance_norm):
            monkeypatch.setattr(module, "trains_on_cpu", lambda x: False)

    return switch


RAIN_LAYER = {"generator": "rain_layer", "taps": ("stem", "block1"), "discriminator_sees": "both"}


@pytest.mark.parametrize(("batch", "changes"), [(1, {}), (2, RAIN_LAYER)], ids=["resnet", "rain layer"])
def test_the_fast_layers_keep_the_gradient_of_a_step(tiny, photos, batch, changes, plain_layers):
    """At a width at which residual blocks, reductions and enlargements take Winograd's convolutions; terms are the same."""
    config, images = replace(tiny, width=64, batch=batch, **changes), Batch(*(x[:batch] for x in photos))
    fast, terms = gradients(config, images), Trainer.start(config).train_step(images)
    plain_layers()
    alike(fast, gradients(config, images), 0.99999)
    for name, value in Trainer.start(config).train_step(images).items():
        torch.testing.assert_close(terms[name], value, rtol=1e-4, atol=1e-5)


def test_the_fast_layers_keep_the_gradient_of_a_translation_in_double_precision(tiny, photos, plain_layers):
    t = BidirectionalTranslation(replace(tiny, width=64, batch=1)).double()
    images, found = [x[:1].double() for x in photos], []
    for switch in (lambda: None, plain_layers):
        switch()
        cycles = t(*images)
        logits = t.clean_discriminator(cycles.derained).mean() + t.rainy_discriminator(cycles.rerained).mean()
        total = logits + (cycles.recovered_rainy * images[1]).mean() + (cycles.recovered_clean * images[0]).mean()
        found.append(torch.autograd.grad(total, list(t.parameters())))
    for fast, plain in zip(*found, strict=True):
        torch.testing.assert_close(fast, plain, rtol=1e-6, atol=1e-11)


@pytest.mark.parametrize("batch", [1, 2])
def test_bfloat16_keeps_the_gradient(tiny, photos, batch):
    """Of the adversarial term.  Those of the others depend, in networks so small, on the last bits of weights and features:
    rounding the initial weights alone to bfloat16 turns them farther than bfloat16 does."""
    adversarial = {f"{name}_weight": 0.0 for name in ("contrastive", "colour", "frequency")}
    config, images = replace(tiny, batch=batch, **adversarial), Batch(*(x[:batch] for x in photos))
    alike(gradients(config, images), gradients(replace(config, precision="bfloat16"), images), 0.95)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 2])
def test_compiled_networks_keep_the_gradient(tiny, photos, batch, monkeypatch, plain_layers):
    """What is traced, forward and backward; the code generated from it takes minutes to build and is torch's own.

    Beside torch's own layers, which compiled networks keep: at batch 2 a rounding of the images alone moves this gradient's
    length by 4e-4, and so do other layers.
    """
    torch.compiler.reset()
    plain_layers()
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    config, images = replace(tiny, batch=batch), Batch(*(x[:batch] for x in photos))
    alike(gradients(config, images), gradients(replace(config, compile=True), images), 0.99999)


@pytest.mark.parametrize("batch", [1, 2])
def test_passes_that_share_a_batch_give_the_gradient_of_passes_one_by_one(tiny, photos, monkeypatch, batch):
    config, photos = replace(tiny, identity_weight=1.0, batch=batch), Batch(*(x[:batch] for x in photos))
    together = gradients(config, photos)

    def one_by_one(self, network, **images):
        found = {name: network.translate(image, self.config.taps) for name, image in images.items()}
        return {name: image for name, (image, _) in found.items()}, {name: stack for name, (_, stack) in found.items()}

    monkeypatch.setattr(BidirectionalTranslation, "_together", one_by_one)
    apart = gradients(config, photos)
    alike(together, apart, 0.99999)


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


@pytest.mark.parametrize("cut", [1, 3, 5])
def test_cut_anywhere_a_run_ends_with_the_same_bits(everything, tmp_path, cut):
    """In the middle of the warm-up, right after it, and with rehearsals, through a file and another process."""
    whole = Trainer.start(everything)
    expected = steps(whole, 8)
    first = Trainer.start(everything)
    steps(first, cut)
    torch.save(first.state(), tmp_path / "checkpoint.pt")
    torch.manual_seed(7)
    second = Trainer.start(replace(everything, seed=9))
    steps(second, 4)  # what it had learnt, seen and removed itself is forgotten
    second.restore(torch.load(tmp_path / "checkpoint.pt", weights_only=True))
    for a, b in zip(steps(second, 8 - cut), expected[cut:], strict=True):
        assert list(a) == list(b) and all(torch.equal(a[name], b[name]) for name in a)
    one, two = second.model.state_dict(), whole.model.state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
    for name, average in second.averages.items():
        assert all(torch.equal(value, whole.averages[name].state()[key]) for key, value in average.state().items())
    assert all(torch.equal(a, b) for a, b in zip(second.rehearsal.layers, whole.rehearsal.layers, strict=True))


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
