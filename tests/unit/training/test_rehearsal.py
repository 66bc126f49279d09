"""The history of removed rain: what enters it, what it puts on clean images, and that it goes on from a checkpoint."""

import inspect

import pytest
import torch
from random_tensors import uniform

from rainmer_lib.training import rehearsal
from rainmer_lib.training.rehearsal import STRENGTH, ZOOM, Rehearsal


def level(value, size=2, side=16):
    """Rainy images under an even layer of rain, and the same without it."""
    derained = uniform(size, 3, side, side) / 2
    return derained + value, derained


def filled(layer, seed=0):
    """A history of this one layer."""
    history = Rehearsal(seed)
    history.remember(layer.expand(1, 3, *layer.shape[-2:]), torch.zeros(1, 3, *layer.shape[-2:]))
    return history


def test_a_layer_is_the_grey_light_that_was_removed():
    """Where light was added instead, there was no rain."""
    history, rainy, derained = Rehearsal(0), uniform(3, 3, 8, 8), uniform(3, 3, 8, 8, seed=1).requires_grad_()
    history.remember(rainy, derained)
    removed = rainy - derained.detach()
    expected = ((removed[:, 0] + removed[:, 1] + removed[:, 2]) / 3).clamp(min=0)
    assert (expected == 0).any()
    torch.testing.assert_close(torch.cat(history.layers), expected)
    assert all(layer.shape == (1, 8, 8) and layer.min() >= 0 and not layer.requires_grad for layer in history.layers)


def test_no_truth_enters():
    """It gets the rainy image, the network's own output and clean photos of other scenes, and keeps nothing but layers."""
    assert list(inspect.signature(Rehearsal.remember).parameters) == ["self", "rainy", "derained"]
    assert list(inspect.signature(Rehearsal.put_on).parameters) == ["self", "clean"]
    history, (rainy, derained) = Rehearsal(0), level(0.2)
    history.remember(rainy, derained)
    before = [layer.clone() for layer in history.layers]
    history.put_on(uniform(4, 3, 16, 16, seed=2))
    assert all(torch.equal(a, b) for a, b in zip(before, history.layers, strict=True)) and len(before) == 2


def test_what_removed_nothing_puts_nothing_on():
    history, clean = filled(torch.zeros(1, 16, 16)), uniform(5, 3, 16, 16)
    assert torch.equal(history.put_on(clean), clean)


def test_a_full_history_lets_the_old_go(monkeypatch):
    monkeypatch.setattr(rehearsal, "CAPACITY", 8)
    history = Rehearsal(0)
    for step in range(1, 101):
        history.remember(*level(step / 1000))
        assert len(history.layers) == min(8, 2 * step)
    assert torch.stack(history.layers).mean() > 0.08, "the old have mostly gone"
    assert torch.stack(history.layers)[:, 0, 0, 0].unique().numel() > 4, "not one place alone is replaced"


def test_a_layer_is_strengthened_within_the_range():
    """Each image by a strength of its own, from half to threefold, the same for all colours and pixels."""
    history, strengths = filled(torch.full((1, 16, 16), 0.1)), []
    for _ in range(50):
        put = history.put_on(torch.zeros(4, 3, 16, 16)) / 0.1
        torch.testing.assert_close(put, put[:, :1, :1, :1].expand_as(put))
        strengths += put[:, 0, 0, 0].tolist()
    assert STRENGTH[0] == 0.5 <= min(strengths) + 1e-6 and max(strengths) <= 3.0 + 1e-6 == STRENGTH[1] + 1e-6
    assert min(strengths) < 0.6 and max(strengths) > 2.9 and abs(sum(strengths) / 200 - 1.75) < 0.2
    assert len({round(s, 5) for s in strengths}) > 190


def test_a_layer_is_mirrored_and_enlarged_within_the_range(monkeypatch):
    """Under a ramp from left to right, the slope says how much, and its sign which way round; all rows stay alike."""
    monkeypatch.setattr(rehearsal, "STRENGTH", (1.0, 1.0))
    ramp = (torch.arange(64) / 100).expand(1, 64, 64)
    history, slopes, starts = filled(ramp), [], []
    for _ in range(200):
        put = history.put_on(torch.zeros(1, 3, 64, 64))
        torch.testing.assert_close(put, put[:, :1, :1].expand_as(put))
        slopes.append(100 * (put[0, 0, 0, 33] - put[0, 0, 0, 32]).item())
        starts += [put.min().item()] * (slopes[-1] > 0)
    zooms = [1 / abs(slope) for slope in slopes]
    assert 1 - 1e-3 <= min(zooms) < 1.1 and 2 < max(zooms) <= ZOOM + 0.05
    assert 0.4 < sum(slope > 0 for slope in slopes) / 200 < 0.6
    assert min(starts) < 0.02 and max(starts) > 0.2, "the window moves from side to side"


def test_a_layer_is_never_turned_upside_down_and_its_window_moves_up_and_down(monkeypatch):
    """Rain falls."""
    monkeypatch.setattr(rehearsal, "STRENGTH", (1.0, 1.0))
    history = filled((torch.arange(64) / 100)[:, None].expand(1, 64, 64))
    columns = torch.stack([history.put_on(torch.zeros(1, 3, 64, 64))[0, 0, :, 0] for _ in range(200)])
    assert (columns.diff() >= 0).all() and columns.min() < 0.02 and columns[:, 0].max() > 0.2


def test_rain_is_added_and_white_stays_white():
    clean = uniform(6, 3, 16, 16)
    history = filled(uniform(1, 16, 16, seed=1))
    put = history.put_on(clean)
    assert (put >= clean).all() and put.max() == 1 and (put > clean).float().mean() > 0.9
    assert torch.equal(history.put_on(torch.ones(2, 3, 16, 16)), torch.ones(2, 3, 16, 16))


def test_each_image_gets_a_layer_of_its_own(monkeypatch):
    monkeypatch.setattr(rehearsal, "STRENGTH", (1.0, 1.0))
    history = Rehearsal(0)
    for value in range(1, 11):
        history.remember(*level(value / 20, size=1))
    found = [history.put_on(torch.zeros(8, 3, 16, 16))[:, 0, 0, 0] * 20 for _ in range(20)]
    assert all(len(set(values.round().tolist())) > 2 for values in found)
    assert set(torch.cat(found).round().tolist()) == set(range(1, 11))


def test_restored_it_draws_the_same():
    first, second, clean = Rehearsal(1), Rehearsal(9), uniform(3, 3, 16, 16)
    for step in range(40):
        first.remember(uniform(2, 3, 16, 16, seed=step), uniform(2, 3, 16, 16, seed=step + 100))
        first.put_on(clean)
    second.restore(first.state(), "cpu")
    for step in range(40, 60):
        for history in (first, second):
            history.remember(uniform(2, 3, 16, 16, seed=step), uniform(2, 3, 16, 16, seed=step + 100))
        assert torch.equal(first.put_on(clean), second.put_on(clean))
    assert all(torch.equal(a, b) for a, b in zip(first.layers, second.layers, strict=True))


def test_an_empty_history_is_restored(tmp_path):
    """As in a warm-up, through a file."""
    torch.save(Rehearsal(1).state(), tmp_path / "state.pt")
    first, second = Rehearsal(1), Rehearsal(2)
    second.remember(*level(0.1))
    second.restore(torch.load(tmp_path / "state.pt", weights_only=True), "cpu")
    assert second.layers == []
    for history in (first, second):
        history.remember(*level(0.2))
    clean = uniform(2, 3, 16, 16)
    assert torch.equal(first.put_on(clean), second.put_on(clean))


@pytest.mark.parametrize("seed", [1, 2])
def test_another_seed_draws_others(seed):
    layer, clean = uniform(1, 16, 16), uniform(2, 3, 16, 16, seed=1) / 4
    one, same, other = (filled(layer / 8, s) for s in (0, 0, seed))
    put = one.put_on(clean)
    assert torch.equal(put, same.put_on(clean)) and not torch.equal(put, other.put_on(clean))
