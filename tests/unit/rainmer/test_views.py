"""Positives and negatives of every view."""

import numpy as np
import pytest
import torch
from random_tensors import generator, uniform
from scipy.ndimage import correlate1d

from rainmer_lib.rainmer.config import VIEWS
from rainmer_lib.rainmer.memory_bank import colour, residual, singular_values
from rainmer_lib.rainmer.views import blur, build_keys, rained_on, random_flips, relit


def test_the_light_of_another_image():
    image, colours = uniform(1, 3, 4, 4), torch.tensor([[[0.3, 0.2, 0.1], [5.0, 0.0, 1e-6]]])
    found = relit(image, colours)
    for j in range(2):
        for k in range(3):
            ratio = (colours[0, j, k] + 1e-5) / (image[0, k].mean() + 1e-5)
            torch.testing.assert_close(found[0, j, k], (ratio * image[0, k]).clamp(0, 1))
    torch.testing.assert_close(found[0, 0].mean(dim=(1, 2)), colours[0, 0], rtol=1e-3, atol=1e-3)


def test_the_rain_of_another_image():
    found = rained_on(torch.full((1, 3, 2, 2), 0.7), torch.tensor([0.1, 0.5]).view(1, 2, 1, 1, 1).expand(1, 2, 3, 2, 2))
    torch.testing.assert_close(found[0, :, 0, 0, 0], torch.tensor([0.8, 1.0]))


def test_blur_is_a_gaussian_with_its_own_sigma_for_every_negative():
    images = uniform(2, 3, 16, 18)
    found = blur(images, 3, generator())
    sigmas = 0.5 + 1.5 * torch.rand(2, 3, generator=generator()).numpy()
    assert 0.5 <= sigmas.min() and sigmas.max() <= 2 and len(np.unique(sigmas)) == 6
    for i in range(2):
        for j in range(3):
            line = np.exp(-(np.arange(-5, 6) ** 2) / (2 * sigmas[i, j] ** 2))
            expected = images[i].numpy().astype(float)
            for axis in (1, 2):
                expected = correlate1d(expected, line / line.sum(), axis=axis, mode="mirror")
            np.testing.assert_allclose(found[i, j], expected, atol=1e-6)


def orientation(image, turned):
    """Which of the four flips of `image` is `turned`."""
    flips = {(a, b): image.flip([-1] * a + [-2] * b) for a in (0, 1) for b in (0, 1)}
    return next(which for which, flipped in flips.items() if torch.equal(flipped, turned))


@pytest.mark.parametrize("rule", ["per_image", "per_batch"])
def test_flips(rule):
    """D20: by default every image draws by itself; each axis is mirrored half of the time."""
    images = uniform(10, 8, 3, 5, 6)
    seen = [[orientation(a, b) for a, b in zip(one, other, strict=True)]
            for one, other in zip(images, random_flips(images, rule, generator()), strict=True)]  # fmt: skip
    drawn = {which for row in seen for which in row}
    if rule == "per_batch":
        assert len(drawn) == 1
        firsts = [orientation(images[0, 0], random_flips(images[:1], rule, generator(s))[0, 0]) for s in range(80)]
    else:
        assert len(drawn) == 4 and all(len(set(row)) > 1 for row in seen)
        firsts = [which for row in seen for which in row]
    for axis in (0, 1):
        assert 0.3 < np.mean([which[axis] for which in firsts]) < 0.7


def test_an_unknown_rule_of_flips():
    with pytest.raises(ValueError, match="choose per_image or per_batch"):
        random_flips(uniform(1, 3, 4, 4), "some", generator())


def keys_of(filled, views=VIEWS, detail="clean", seed=0):
    memory_bank, rainy, clean = filled
    query, truth, crop = (uniform(2, 3, 16, 16, seed=s) for s in (5, 6, 7))
    keys = build_keys(query, truth, crop, views=views, negatives=2, memory_bank=memory_bank, detail_negatives=detail,
                      flips="per_image", generator=generator(seed))  # fmt: skip
    return keys, query, truth, crop, memory_bank


def test_positives_and_negatives_of_every_view(filled):
    keys, query, truth, _, memory_bank = keys_of(filled)
    lit = relit(query, memory_bank.least_similar_colours(colour(query), 2))
    rained = rained_on(truth, memory_bank.least_similar_rain(singular_values(residual(query, truth)), 2))
    for i in range(2):
        orientation(truth[i], keys["illumination"].positive[i])  # raises StopIteration if it is no flip of it
        orientation(query[i], keys["degradation"].positive[i])
        for j in range(2):
            orientation(lit[i, j], keys["illumination"].negatives[i, j])
            orientation(rained[i, j], keys["degradation"].negatives[i, j])
    assert torch.equal(keys["detail"].positive, query)


@pytest.mark.parametrize("detail", ["clean", "rainy", "crop"])
def test_what_is_blurred_for_detail(filled, detail):
    """In place, but for the authors' crop, which is turned at random."""
    keys, query, truth, crop, _ = keys_of(filled, ("detail",), detail)
    source = {"clean": truth, "rainy": query, "crop": crop}[detail]
    expected = blur(source, 2, generator())
    turns = {orientation(expected[i, j], keys["detail"].negatives[i, j]) for i in range(2) for j in range(2)}
    assert turns == {(0, 0)} if detail != "crop" else len(turns) > 1


def test_a_view_that_is_off_has_no_keys(filled):
    for views in (("illumination",), ("degradation", "detail"), ()):
        assert set(keys_of(filled, views)[0]) == set(views)
