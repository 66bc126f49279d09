"""Sparse channel attention against its plain slow form, and its masks."""

import numpy as np
import pytest
import rainmer_slow_forms as slow
import torch
from random_tensors import doubles

from rainmer_lib.rainmer.attention import SparseChannelAttention, mix_topk

RATES = ("1/2", "2/3", "3/4", "4/5")


def test_the_attention_is_its_slow_form(jolt):
    torch.manual_seed(0)
    slow.check_images(slow.attention, jolt(SparseChannelAttention(12, 2, RATES).double()), doubles(2, 12, 7, 6))


def test_the_kept_channels_are_those_of_the_paper_size():
    assert SparseChannelAttention(48, 1, RATES).counts == (24, 32, 36, 38)
    assert SparseChannelAttention(384, 4, RATES).counts == (48, 64, 72, 76)


@pytest.mark.parametrize("counts", [(3, 5, 6, 7), (1, 8), (4,), (8, 2, 2)])
def test_one_sort_gives_what_the_masks_give(counts):
    scores, shares = doubles(2, 3, 8, 8), doubles(len(counts), seed=2)
    expected = [slow.mixed_row(row, counts, shares.numpy(), False) for row in scores.view(-1, 8).numpy()]
    slow.check(mix_topk(scores, counts, shares).view(-1, 8), expected)


@pytest.mark.parametrize("counts", [(3, 5, 6, 7), (4, 4)])
def test_chained_masks(counts):
    """Which of the ties at zero a mask adds is open, so rows are compared sorted; without ties (4, 4) as they are."""
    scores, shares = doubles(2, 3, 8, 8), doubles(len(counts), seed=2)
    found = mix_topk(scores, counts, shares, "chained").view(-1, 8)
    rows = [slow.mixed_row(row, counts, shares.numpy(), True) for row in scores.view(-1, 8).numpy()]
    expected = torch.tensor(np.array(rows))
    if len(counts) == 4:
        found, expected = found.sort()[0], expected.sort()[0]
    torch.testing.assert_close(found, expected)


def test_chained_masks_flatten_the_weights():
    """D9: largest over smallest kept weight of the last mask, about 1.35 with independent masks and 1.03 with chained."""
    scores, last = 0.1 * doubles(1, 1, 48, 48), torch.tensor([0.0, 0.0, 0.0, 1.0], dtype=torch.float64)
    spread = {}
    for rule in ("independent", "chained"):
        weights = mix_topk(scores, (24, 32, 36, 38), last, rule)[0, 0]
        spread[rule] = np.median([row[row > 0].max() / row[row > 0].min() for row in weights])
    assert 1.3 < spread["independent"] < 1.4 and spread["chained"] < 1.03


def test_an_unknown_rule_of_masks():
    with pytest.raises(ValueError, match="choose independent or chained"):
        mix_topk(doubles(1, 1, 4, 4), (2,), doubles(1), "loose")


def test_gradients_of_the_mixture():
    scores, shares = doubles(1, 2, 5, 5).requires_grad_(), doubles(3, seed=2).requires_grad_()
    assert torch.autograd.gradcheck(lambda s, a: mix_topk(s, (2, 3, 5), a), (scores, shares))
