"""Positives and negatives of every view, and the archive that they are chosen from."""

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d

from rainmer_lib.rainmer.config import VIEWS
from rainmer_lib.rainmer.memory_bank import Archive, colour, residual, singular_values
from rainmer_lib.rainmer.views import blur, build_keys, rained_on, random_flips, relit


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def filled(capacity=6, size=2, seed=10):
    """An archive and, in the order of its rows, the images that it holds."""
    archive, rainy, clean = Archive(capacity, VIEWS), random(capacity, 3, 16, 16, seed=seed), random(capacity, 3, 16, 16)
    for first in range(0, capacity, size):
        archive.enter(rainy[first : first + size], clean[first : first + size])
    return archive, rainy, clean


def test_singular_values_are_those_of_every_fourth_pixel():
    rain = random(2, 3, 128, 128)
    expected = [[np.linalg.svd(plane[::4, ::4].numpy(), compute_uv=False) for plane in image] for image in rain]
    np.testing.assert_allclose(singular_values(rain), np.array(expected), rtol=1e-3, atol=1e-5)
    assert singular_values(random(1, 3, 16, 16)).shape == (1, 3, 16)


def test_the_most_foreign_are_chosen():
    """Largest sum of absolute differences, sample by sample and entry by entry."""
    archive, rainy, clean = filled()
    query, background = random(3, 3, 16, 16, seed=5), random(3, 3, 16, 16, seed=6)
    found_colours = archive.foreign_colours(colour(query), 2)
    found_rain = archive.foreign_rain(singular_values(residual(query, background)), 2)
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
    archive, images = Archive(5, ["illumination"]), random(8, 3, 16, 16)
    for first in range(0, 8, 2):
        assert archive.full == (first >= 5)
        archive.enter(images[first : first + 2], images[first : first + 2])
    held = archive.rows["colours"]
    torch.testing.assert_close(held, colour(images)[[5, 6, 7, 3, 4]])


def test_nothing_is_chosen_from_an_archive_that_is_not_full():
    archive = Archive(4, VIEWS)
    archive.enter(random(2, 3, 16, 16), random(2, 3, 16, 16))
    with pytest.raises(RuntimeError, match="holds 2 of 4 samples"):
        archive.foreign_colours(random(2, 3), 1)


@pytest.mark.parametrize(("views", "kinds"), [
    (VIEWS, {"residuals", "spectra", "colours"}), (("illumination",), {"colours"}),
    (("degradation",), {"residuals", "spectra"}), (("detail",), set()), ((), set()),
])  # fmt: skip
def test_views_that_are_off_keep_nothing(views, kinds):
    archive = Archive(2, views)
    assert archive.full == (not kinds)
    archive.enter(random(2, 3, 16, 16), random(2, 3, 16, 16))
    assert set(archive.rows) == kinds and archive.full


def test_the_light_of_another_image():
    image, colours = random(1, 3, 4, 4), torch.tensor([[[0.3, 0.2, 0.1], [5.0, 0.0, 1e-6]]])
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
    images = random(2, 3, 16, 18)
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
    images = random(10, 8, 3, 5, 6)
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
        random_flips(random(1, 3, 4, 4), "some", generator())


def keys_of(views=VIEWS, detail="clean", seed=0):
    archive, rainy, clean = filled()
    query, truth, crop = (random(2, 3, 16, 16, seed=s) for s in (5, 6, 7))
    keys = build_keys(query, truth, crop, views=views, negatives=2, archive=archive, detail_negatives=detail,
                      flips="per_image", generator=generator(seed))  # fmt: skip
    return keys, query, truth, crop, archive


def test_positives_and_negatives_of_every_view():
    keys, query, truth, _, archive = keys_of()
    lit = relit(query, archive.foreign_colours(colour(query), 2))
    rained = rained_on(truth, archive.foreign_rain(singular_values(residual(query, truth)), 2))
    for i in range(2):
        orientation(truth[i], keys["illumination"].positive[i])  # raises StopIteration if it is no flip of it
        orientation(query[i], keys["degradation"].positive[i])
        for j in range(2):
            orientation(lit[i, j], keys["illumination"].negatives[i, j])
            orientation(rained[i, j], keys["degradation"].negatives[i, j])
    assert torch.equal(keys["detail"].positive, query)


@pytest.mark.parametrize("detail", ["clean", "rainy", "crop"])
def test_what_is_blurred_for_detail(detail):
    """In place, but for the authors' crop, which is turned at random."""
    keys, query, truth, crop, _ = keys_of(("detail",), detail)
    source = {"clean": truth, "rainy": query, "crop": crop}[detail]
    expected = blur(source, 2, generator())
    turns = {orientation(expected[i, j], keys["detail"].negatives[i, j]) for i in range(2) for j in range(2)}
    assert turns == {(0, 0)} if detail != "crop" else len(turns) > 1


def test_a_view_that_is_off_has_no_keys():
    for views in (("illumination",), ("degradation", "detail"), ()):
        assert set(keys_of(views)[0]) == set(views)
