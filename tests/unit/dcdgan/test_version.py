"""Numbers of short runs and of a batch, held to what METHOD_VERSION stands for."""

from dataclasses import replace

import pytest
from random_tensors import uniform

from rainmer_lib.data.batches import Batch
from rainmer_lib.dcdgan.step import METHOD_VERSION, Trainer

# the means of a batch, the totals of four steps, and the terms of the last of four steps with all that is for small budgets;
# a change on purpose raises METHOD_VERSION and renews them
BATCH = {2: [0.355193, 0.334547]}
KNOWN = {2: [35.54585, 19.67723, 19.09931, 18.78793]}
SMALL = {2: {
    "contrastive": 7.54083, "colour": 0.139569, "adversarial": 0.539107, "frequency": 0.05609, "identity": 0.015699,
    "discriminators": 0.524888, "total": 15.781646, "rehearsal": 0.015372,
}}  # fmt: skip


def test_a_change_of_numbers_asks_for_a_new_version(tiny, photos):
    """Recorded runs are found by version: code that computes something else must not find them."""
    trainer = Trainer.start(tiny)
    totals = [trainer.train_step(photos)["total"].item() for _ in range(4)]
    assert totals == pytest.approx(KNOWN[METHOD_VERSION], rel=2e-3)


def test_a_change_of_the_numbers_of_small_budgets_asks_for_a_new_version(tiny):
    """With a warm-up, a generator of a rain layer, and rehearsals."""
    config = replace(
        tiny, generator="rain_layer", width=8, taps=("stem", "block1", "block2"), discriminator_sees="both",
        discriminator_norm=False, discriminator_originals=True, discriminator_replay=3, adversarial_loss="least_squares",
        forward_cycle_share=0.25, identity_weight=1.0, identity_rainy=False, schedule="cosine", warm_up=2, warm_up_batch=4,
        rehearsals=1, rehearsal_crops=3,
    )  # fmt: skip
    trainer = Trainer.start(config)
    for step in range(4):
        batch = Batch(*(uniform(trainer.crops, 3, 32, 32, seed=2 * step + kind) for kind in (0, 1)))
        terms = {name: value.item() for name, value in trainer.train_step(batch).items()}
    assert terms == pytest.approx(SMALL[METHOD_VERSION], rel=2e-3)


def test_a_change_of_batches_asks_for_a_new_version(on_photos):
    means = [images.mean().item() for images in on_photos.batch(step=3, size=4, crop=48, seed=1)]
    assert means == pytest.approx(BATCH[METHOD_VERSION], abs=2e-5)
