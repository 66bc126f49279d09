"""Numbers of a short run, held to what METHOD_VERSION stands for."""

from dataclasses import replace

import pytest

from rainmer_lib.rainmer.step import METHOD_VERSION, Trainer

# the totals of four steps, the memory bank full from the third on; a change on purpose raises METHOD_VERSION and renews them
KNOWN = {1: [0.169194, 0.168212, 0.417089, 0.44138]}


def test_a_change_of_numbers_asks_for_a_new_version(micro, images):
    trainer = Trainer.start(replace(micro, learning_rate=1e-3))
    totals = [trainer.train_step(images(seed))["total"].item() for seed in range(4)]
    assert totals == pytest.approx(KNOWN[METHOD_VERSION], rel=2e-3)
