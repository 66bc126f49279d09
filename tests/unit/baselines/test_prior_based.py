"""What methods with a prior share: patches and their way back, the luminance, and the fit in place of a training."""

import numpy as np
import pytest
import torch
from random_tensors import uniform

from rainmer_lib.baselines.prior_based import (
    PriorConfig,
    PriorDerainer,
    averaged,
    centred,
    drawn,
    followed,
    luminance,
    patches_of,
)


@pytest.mark.parametrize(("shape", "side", "stride"), [((9, 7), 3, 1), ((10, 13), 4, 3), ((5, 5), 5, 2), ((8, 9), 2, 5)])
def test_patches_come_back_to_their_places(shape, side, stride):
    plane = uniform(*shape)
    patches = patches_of(plane, side, stride)
    torch.testing.assert_close(averaged(patches, shape, side, stride)[:side, :side], plane[:side, :side])
    torch.testing.assert_close(averaged(patches, shape, side, stride)[-side:, -side:], plane[-side:, -side:])
    if stride <= side:
        torch.testing.assert_close(averaged(patches, shape, side, stride), plane)


def test_patches_overlap_in_their_mean():
    """By loops: every second pixel, and the last."""
    plane = uniform(6, 5)
    starts = [(y, x) for y in (0, 2, 3) for x in (0, 2)]
    expected = torch.stack([plane[y : y + 3, x : x + 3].flatten() for y, x in starts])
    assert torch.equal(patches_of(plane, 3, 2), expected)
    patches, total, count = uniform(6, 9, seed=1), np.zeros((6, 5)), np.zeros((6, 5))
    for patch, (y, x) in zip(patches.view(-1, 3, 3).numpy(), starts, strict=True):
        total[y : y + 3, x : x + 3] += patch
        count[y : y + 3, x : x + 3] += 1
    np.testing.assert_allclose(averaged(patches, (6, 5), 3, 2), total / count, rtol=1e-6)


def test_drawn_patches_are_those_of_the_planes():
    planes = uniform(2, 5, 6)
    known = {tuple(patch.tolist()) for plane in planes for patch in patches_of(plane, 3)}
    found = drawn(planes, 3, 7, torch.Generator().manual_seed(0))
    assert len(found) == 7 == len({tuple(patch.tolist()) for patch in found} & known)
    assert len(drawn(planes, 3, 1000, torch.Generator())) == 2 * 3 * 4


def test_centred_patches_have_their_means_beside_them():
    patches = uniform(4, 9)
    zero, means = centred(patches)
    torch.testing.assert_close(zero + means, patches)
    torch.testing.assert_close(zero.mean(1), torch.zeros(4), atol=1e-6, rtol=0)


class Darker(PriorDerainer):
    def rounds(self, rainy):
        yield from (0.8 * rainy, rainy / 2)


def test_the_luminance_is_solved_and_colours_stay():
    images = uniform(2, 3, 5, 4)
    found = Darker()(images)
    torch.testing.assert_close(luminance(found), luminance(images) / 2)
    torch.testing.assert_close(found - found.mean(1, keepdim=True), images - images.mean(1, keepdim=True))
    assert luminance(torch.ones(1, 3, 2, 2)).flatten().tolist() == pytest.approx([1.0] * 4)


def test_stages_are_the_rounds_and_the_last_is_the_result():
    images = uniform(2, 3, 5, 4)
    first, last = Darker().stages(images)
    torch.testing.assert_close(luminance(first), 0.8 * luminance(images))
    assert torch.equal(last, Darker()(images))


def test_statistics_follow():
    now = {"a": torch.tensor([4.0])}
    assert followed({}, now, 0.3)["a"].item() == 4 and followed({"a": torch.tensor([0.0])}, now, 0.25)["a"].item() == 1


def test_a_crop_below_a_patch_is_refused():
    with pytest.raises(ValueError, match="crop=4: smaller than a patch, side=8"):
        PriorConfig(crop=4)
