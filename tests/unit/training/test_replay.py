"""The history of images: what it adds, what it keeps, and that it goes on from a checkpoint."""

import torch

from rainmer_lib.training import replay
from rainmer_lib.training.replay import Replay


def numbered(step, size=2):
    """Images whose value says when they were made."""
    return {kind: torch.full((size, 3, 2, 2), step + offset / 2) for kind, offset in (("clean", 0), ("derained", 1))}


def test_a_batch_comes_first_and_earlier_images_follow():
    history = Replay(5, seed=0)
    assert history.extend(numbered(1))["clean"].shape == (2, 3, 2, 2), "there is nothing earlier at the first step"
    for step in range(2, 9):
        for kind, images in history.extend(numbered(step)).items():
            now, before = images[:2, 0, 0, 0], images[2:, 0, 0, 0]
            half = 0.5 * (kind == "derained")
            assert len(before) == 5 and (now == step + half).all() and (before < step).all()
            assert set((before - half).tolist()) <= set(range(1, step)), "an image of another kind"


def test_a_full_history_lets_the_old_go(monkeypatch):
    monkeypatch.setattr(replay, "CAPACITY", 8)
    history = Replay(8, seed=0)
    for step in range(1, 101):
        seen = history.extend(numbered(step))["clean"][2:, 0, 0, 0]
    assert len(history.images["clean"]) == 8 and seen.max() < 100 and seen.mean() > 80


def test_history_has_no_gradient():
    image = torch.rand(1, 3, 2, 2, requires_grad=True)
    history = Replay(1, seed=0)
    assert not history.extend({"derained": image * 2})["derained"].requires_grad
    assert not history.extend({"derained": image * 2})["derained"].requires_grad


def test_restored_it_draws_the_same():
    first, second = Replay(3, seed=1), Replay(3, seed=9)
    for step in range(30):
        first.extend(numbered(step))
    second.restore(first.state(), "cpu")
    for step in range(30, 60):
        a, b = first.extend(numbered(step)), second.extend(numbered(step))
        assert all(torch.equal(a[kind], b[kind]) for kind in a)
