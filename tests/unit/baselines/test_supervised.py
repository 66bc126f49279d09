"""The supervised yardstick learns from pairs, resumes exactly, and is a run of its own."""

from dataclasses import replace

import pytest
import torch

from rainmer_lib.baselines.supervised import Pairs, Trainer, train_supervised
from rainmer_lib.data.unpaired import embedded
from rainmer_lib.dcdgan import paper
from rainmer_lib.experiments.profiles import profile


@pytest.fixture(scope="module")
def data():
    return embedded()


@pytest.fixture
def tiny():
    return replace(
        paper, width=4, blocks=2, taps=("down1", "block2"), antialias=False, global_residual=True, crop=32, steps=30, batch=2,
        learning_rate=2e-3, ema=0.9,
    )  # fmt: skip


def test_the_loss_is_the_distance_to_the_photo_without_rain(tiny, data):
    trainer = Trainer.start(tiny)
    rainy, clean = Pairs(data).batch(0, 2, 32, 0)
    assert (rainy - clean).min() >= -1e-6, "a pair: rain only adds light"
    with torch.no_grad():
        expected = (trainer.model(rainy)[0] - clean).abs().mean()
    torch.testing.assert_close(trainer.train_step(rainy, clean)["distance"], expected)


def test_it_learns_and_resumes_with_the_same_bits(tiny, data):
    batch = Pairs(data).batch(0, 2, 32, 0)
    whole, first, second = (Trainer.start(tiny) for _ in range(3))
    losses = [whole.train_step(*batch)["distance"].item() for _ in range(30)]
    assert losses[-1] < 0.9 * losses[0]
    for _ in range(10):
        first.train_step(*batch)
    second.restore(first.state())
    for _ in range(20):
        second.train_step(*batch)
    assert second.step == 30
    for mine, theirs in zip(second.averages["derain"].state().values(), whole.averages["derain"].state().values(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_run_of_its_own_that_terms_do_not_change(tiny, data, tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_RUNS", str(tmp_path))
    quick = profile("quick")
    one = train_supervised("pairs", replace(tiny, steps=2), data, quick, say=lambda _: None)
    two = train_supervised("pairs", replace(tiny, steps=2, contrastive_weight=0.0), data, quick, say=lambda _: None)
    assert one.folder.path == two.folder.path and one.folder.path.name.startswith("supervised-")
    assert one.generator()(torch.rand(1, 3, 32, 32))[0].shape == (1, 3, 32, 32)
