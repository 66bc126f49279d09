"""Numbers of a short run and of a batch, held to what METHOD_VERSION stands for."""

import pytest

from rainmer_lib.dcdgan.step import METHOD_VERSION, Trainer

# the means of a batch, and the totals of four steps; a change on purpose raises METHOD_VERSION and renews them
BATCH = {1: [0.355193, 0.334547]}
KNOWN = {1: [35.54585, 19.67723, 19.09931, 18.78793]}


def test_a_change_of_numbers_asks_for_a_new_version(tiny, photos):
    """Recorded runs are found by version: code that computes something else must not find them."""
    trainer = Trainer.start(tiny)
    totals = [trainer.train_step(photos)["total"].item() for _ in range(4)]
    assert totals == pytest.approx(KNOWN[METHOD_VERSION], rel=2e-3)


def test_a_change_of_batches_asks_for_a_new_version(on_photos):
    means = [images.mean().item() for images in on_photos.batch(step=3, size=4, crop=48, seed=1)]
    assert means == pytest.approx(BATCH[METHOD_VERSION], abs=2e-5)
