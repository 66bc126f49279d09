"""Separability: distances in closed form, probes that never see the photo they judge, and clouds whose answer is known."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from rainmer_lib.analysis.separability import (
    Clouds,
    auc,
    clean_cues,
    clouds_of,
    frechet_distance,
    measure,
    remaining,
)

PHOTOS = np.repeat(np.arange(20), 10)


@pytest.fixture
def contents():
    rng = np.random.default_rng(0)
    return rng.normal(size=(200, 6)) * [1, 2, 3, 1, 1, 1]


def shifted(points, by):
    return points + by * np.eye(6)[3]


def test_distance_between_gaussians():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(80, 4)) @ rng.normal(size=(4, 4)), rng.normal(size=(60, 4)) + 1
    s, t = np.cov(a.T), np.cov(b.T)
    squared = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(s + t - 2 * np.real(sqrtm(s @ t)))
    assert frechet_distance(a, b) == pytest.approx(squared**0.5, rel=1e-9)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    one, two = rng.normal(size=(50, 1)), 3 * rng.normal(size=(70, 1)) + 2
    by_hand = ((one.mean() - two.mean()) ** 2 + (one.std(ddof=1) - two.std(ddof=1)) ** 2) ** 0.5
    assert frechet_distance(one, two) == pytest.approx(by_hand)


@pytest.mark.parametrize("left", [0.0, 0.3, 1.0, 1.5])
def test_remaining_is_the_share_of_the_way(contents, left):
    clouds = Clouds(shifted(contents, 4), shifted(contents, 4 * left), contents, PHOTOS)
    assert remaining(clouds) == pytest.approx(left, abs=1e-6)
    scaled = Clouds(*(1000 * c + 7 for c in (clouds.rainy, clouds.derained, clouds.clean)), PHOTOS)
    assert remaining(scaled) == pytest.approx(left, abs=1e-6)


def test_remaining_of_nothing_is_undefined(contents):
    assert np.isnan(remaining(Clouds(contents, shifted(contents, 1), contents, PHOTOS)))


def test_auc_of_equal_and_of_distant_clouds(contents):
    assert auc(contents, contents, PHOTOS) == 0.5
    assert auc(shifted(contents, 12), contents, PHOTOS) == 1
    assert 0.6 < auc(shifted(contents, 1), contents, PHOTOS) < 0.9


def test_auc_is_that_of_the_normal_law():
    """Two Gaussians two deviations apart: Phi(2 / sqrt(2)) = 0.921."""
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(2000, 2)), rng.normal(size=(2000, 2)) + [2, 0]
    assert auc(a, b, np.repeat(np.arange(100), 20)) == pytest.approx(0.921, abs=0.015)


def test_no_photo_is_judged_by_a_probe_that_saw_it():
    """Each photo tells its own two versions apart, by a sign that no other photo shares: nothing to learn from others."""
    rng = np.random.default_rng(3)
    signs = rng.choice([-1, 1], size=40)
    photos = np.repeat(np.arange(40), 5)
    own = np.eye(40)[photos] * signs[photos][:, None]
    noise = 0.01 * rng.normal(size=own.shape)
    assert auc(own + noise, noise - own, photos) < 0.6
    assert auc(own + noise, noise - own, np.arange(200)) > 0.95  # with photos split between fit and question
    assert clean_cues(Clouds(own + noise, noise, noise - own, photos))["clean"].mean() < 0.7
    assert clean_cues(Clouds(own + noise, noise, noise - own, np.arange(200)))["clean"].mean() > 0.95


def test_clean_cues_are_counted(contents):
    """Three of ten derained features lie where clean ones lie."""
    cleaned = np.arange(200) % 10 < 3
    derained = np.where(cleaned[:, None], contents, shifted(contents, 12))
    cues = clean_cues(Clouds(shifted(contents, 12), derained, contents, PHOTOS))
    assert cues["derained"].tolist() == cleaned.tolist()
    assert not cues["rainy"].any() and cues["clean"].all()
    got = measure(Clouds(shifted(contents, 12), derained, contents, PHOTOS))
    assert (got.cues_rainy, got.cues_derained, got.cues_clean) == (0, 0.3, 1)
    assert got.cues_gained == pytest.approx(0.3)


def test_measures_of_an_untouched_image_and_of_the_truth(contents):
    rainy = shifted(contents, 12)
    untouched, perfect = (measure(Clouds(rainy, d, contents, PHOTOS)) for d in (rainy, contents))
    assert untouched.remaining == pytest.approx(1) and perfect.remaining == pytest.approx(0, abs=1e-6)
    assert untouched.auc_derained == untouched.auc_rainy == 1 and perfect.auc_derained == 0.5
    assert (untouched.cues_gained, perfect.cues_gained) == (0, 1)
    assert untouched.silhouette == perfect.silhouette > 0.1
    assert measure(Clouds(contents, contents, contents, PHOTOS)).as_dict()["auc_rainy"] == 0.5
    assert np.isnan(measure(Clouds(contents, contents, contents, PHOTOS)).cues_gained)


def test_silhouette_equals_its_loops():
    rng = np.random.default_rng(4)
    rainy, clean = rng.normal(size=(15, 2)) * [1, 50], rng.normal(size=(15, 2)) * [1, 50] + [2, 0]
    points = np.concatenate([rainy, clean])
    points = (points - points.mean(0)) / points.std(0)
    values = []
    for i in range(30):
        distances = [np.linalg.norm(points[i] - points[j]) for j in range(30)]
        own = [d for j, d in enumerate(distances) if (j < 15) == (i < 15) and j != i]
        other = [d for j, d in enumerate(distances) if (j < 15) != (i < 15)]
        a, b = sum(own) / len(own), sum(other) / len(other)
        values.append((b - a) / max(a, b))
    assert measure(Clouds(rainy, rainy, clean, np.arange(15))).silhouette == pytest.approx(np.mean(values))


def test_clouds_are_checked():
    points = np.zeros((10, 3))
    with pytest.raises(ValueError, match=r"expected three clouds of one shape.*derained \(9, 3\)"):
        Clouds(points, points[:9], points, np.arange(10))
    with pytest.raises(ValueError, match="groups"):
        Clouds(points, points, points, np.arange(9))
    with pytest.raises(ValueError, match="4 photos are too few: expected 5"):
        Clouds(points, points, points, np.arange(10) % 4)


def test_clouds_of_points_of_images():
    points = np.arange(5 * 3 * 2).reshape(5, 3, 2)
    clouds = clouds_of(points, points + 1, points + 2, np.array([0, 1, 2, 3, 9]))
    assert clouds.groups.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 9, 9, 9]
    assert clouds.derained[4].tolist() == (points[1, 1] + 1).tolist()
