"""Numbers of a short run, held to what METHOD_VERSION stands for."""

import pytest

from rainmer_lib.dcdgan.step import METHOD_VERSION, Trainer

# totals of four steps of version 1; when a change alters them on purpose, raise METHOD_VERSION and renew them
KNOWN = {1: [35.54585, 19.67723, 19.09931, 18.78793]}


def test_a_change_of_numbers_asks_for_a_new_version(tiny, photos):
    """Recorded runs are found by version: code that computes something else must not find them."""
    trainer = Trainer.start(tiny)
    totals = [trainer.train_step(*photos)["total"].item() for _ in range(4)]
    assert totals == pytest.approx(KNOWN[METHOD_VERSION], rel=2e-3)
