"""Similarities and the two contrastive losses, with the values that can be known beforehand."""

import math

import pytest
import torch
from random_tensors import normal

from rainmer_lib.rainmer.contrast import Similarity, degradation_detail_loss, illumination_loss, info_nce, similarity


def constant(positive, negative, views=("degradation", "detail"), count=4):
    """The same cosines everywhere, for a batch of three."""
    return {v: Similarity(torch.full((3,), float(positive)), torch.full((3, count), float(negative))) for v in views}


def test_similarity_is_a_mean_of_cosines():
    query, keys = normal(2, 5, 3, 4), normal(2, 3, 5, 3, 4, seed=1)
    found = similarity(query, keys, 0.5)
    for b in range(2):
        for k in range(3):
            cosines = [
                float(query[b, :, i, j] @ keys[b, k, :, i, j] / query[b, :, i, j].norm() / keys[b, k, :, i, j].norm())
                for i in range(3) for j in range(4)
            ]  # fmt: skip
            assert found[b, k].item() == pytest.approx(sum(cosines) / 12 / 0.5, abs=1e-6)


def test_equal_features_have_similarity_one_over_the_temperature():
    query = normal(2, 5, 3, 4)
    torch.testing.assert_close(similarity(query, query[:, None], 0.2), torch.full((2, 1), 5.0))


def test_info_nce_is_its_definition():
    positive, negatives = normal(3), normal(3, 4, seed=1)
    expected = [
        -math.log(math.exp(p) / (math.exp(p) + sum(math.exp(n) for n in row)))
        for p, row in zip(positive.tolist(), negatives.tolist(), strict=True)
    ]
    assert info_nce(positive, negatives).item() == pytest.approx(sum(expected) / 3, rel=1e-5)


@pytest.mark.parametrize(("negative", "value"), [(1, math.log(5)), (0, 0.905), (-1, 0.433)])
def test_how_far_the_illumination_loss_can_fall(negative, value):
    assert illumination_loss(constant(1, negative, ("illumination",))).item() == pytest.approx(value, abs=5e-4)


@pytest.mark.parametrize(("rule", "negative", "value"), [
    ("summed", 1, math.log(1 + 8 / math.e)), ("summed", 0, 0.734), ("summed", -1, 0.335),
    ("separate", 1, math.log(9)), ("separate", 0, math.log(1 + 8 / math.e)), ("separate", -1, math.log(1 + 8 / math.e**2)),
])  # fmt: skip
def test_how_far_the_shared_loss_can_fall(rule, negative, value):
    assert degradation_detail_loss(constant(1, negative), rule).item() == pytest.approx(value, abs=5e-4)


@pytest.mark.parametrize("rule", ["separate", "summed"])
@pytest.mark.parametrize("view", ["degradation", "detail"])
def test_one_view_alone_has_its_own_negatives_only(view, rule):
    assert degradation_detail_loss(constant(1, 1, (view,)), rule).item() == pytest.approx(math.log(5), abs=1e-5)


def test_separate_positives_meet_the_negatives_of_both():
    a, b = (Similarity(normal(3, seed=s), normal(3, 4, seed=s + 1)) for s in (0, 5))
    negatives = torch.cat([a.negatives, b.negatives], dim=1)
    expected = (info_nce(a.positive, negatives) + info_nce(b.positive, negatives)) / 2
    torch.testing.assert_close(degradation_detail_loss({"degradation": a, "detail": b}), expected)


def test_the_similarities_are_left_as_they_were():
    """D19: the authors' code adds the positives in place."""
    views = constant(1, 0)
    degradation_detail_loss(views, "summed")
    assert views["degradation"].positive.tolist() == [1, 1, 1]


def test_an_unknown_rule():
    with pytest.raises(ValueError, match="choose separate or summed"):
        degradation_detail_loss(constant(1, 0), "both")
