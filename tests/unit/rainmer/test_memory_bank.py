"""The memory bank: what it keeps, and what is chosen from it."""

import numpy as np
import pytest
import torch
from random_tensors import uniform

from rainmer_lib.rainmer.config import VIEWS
from rainmer_lib.rainmer.memory_bank import MemoryBank, colour, residual, singular_values


def test_singular_values_are_those_of_every_fourth_pixel():
    rain = uniform(2, 3, 128, 128)
    expected = [[np.linalg.svd(plane[::4, ::4].numpy(), compute_uv=False) for plane in image] for image in rain]
    np.testing.assert_allclose(singular_values(rain), np.array(expected), rtol=1e-3, atol=1e-5)
    assert singular_values(uniform(1, 3, 16, 16)).shape == (1, 3, 16)


def test_the_least_similar_are_chosen(filled):
    """Largest sum of absolute differences, sample by sample and entry by entry."""
    memory_bank, rainy, clean = filled
    query, background = uniform(3, 3, 16, 16, seed=5), uniform(3, 3, 16, 16, seed=6)
    found_colours = memory_bank.least_similar_colours(colour(query), 2)
    found_rain = memory_bank.least_similar_rain(singular_values(residual(query, background)), 2)
    for sample in range(3):
        c = query[sample].mean(dim=(1, 2))
        far = sorted(range(6), key=lambda j: -float((c - rainy[j].mean(dim=(1, 2))).abs().sum()))[:2]
        torch.testing.assert_close(found_colours[sample], torch.stack([rainy[j].mean(dim=(1, 2)) for j in far]))
        rain = (rainy - clean).clamp(0, 1)
        own = torch.linalg.svdvals((query[sample] - background[sample]).clamp(0, 1))
        far = sorted(range(6), key=lambda j: -float((own - torch.linalg.svdvals(rain[j])).abs().sum()))[:2]
        torch.testing.assert_close(found_rain[sample], torch.stack([rain[j] for j in far]))


def test_the_oldest_make_room_one_by_one():
    """D21: five places and batches of two; a place is never left empty."""
    memory_bank, images = MemoryBank(5, ["illumination"]), uniform(8, 3, 16, 16)
    for first in range(0, 8, 2):
        assert memory_bank.full == (first >= 5)
        memory_bank.enqueue(images[first : first + 2], images[first : first + 2])
    held = memory_bank.rows["colours"]
    torch.testing.assert_close(held, colour(images)[[5, 6, 7, 3, 4]])


def test_nothing_is_chosen_from_a_memory_bank_that_is_not_full():
    memory_bank = MemoryBank(4, VIEWS)
    memory_bank.enqueue(uniform(2, 3, 16, 16), uniform(2, 3, 16, 16))
    with pytest.raises(RuntimeError, match="holds 2 of 4 samples"):
        memory_bank.least_similar_colours(uniform(2, 3), 1)


@pytest.mark.parametrize(("views", "kinds"), [
    (VIEWS, {"residuals", "spectra", "colours"}), (("illumination",), {"colours"}),
    (("degradation",), {"residuals", "spectra"}), (("detail",), set()), ((), set()),
])  # fmt: skip
def test_views_that_are_off_keep_nothing(views, kinds):
    memory_bank = MemoryBank(2, views)
    assert memory_bank.full == (not kinds)
    memory_bank.enqueue(uniform(2, 3, 16, 16), uniform(2, 3, 16, 16))
    assert set(memory_bank.rows) == kinds and memory_bank.full
