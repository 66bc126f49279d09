"""The refit of NIQE: the sharp blocks that it takes, and the committed file."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from rainmer_lib.data import photos
from rainmer_lib.experiments.niqe_refit import fit, refit
from rainmer_lib.metrics.niqe import REFIT, block_features
from rainmer_lib.metrics.scene_statistics import grey


@pytest.fixture(scope="module")
def photo():
    return photos.load_photo("sklearn/china.jpg")


def test_the_fit_takes_the_sharp_blocks(photo):
    rng = np.random.default_rng(1)
    soft = gaussian_filter(photo, (2, 2, 0))
    series = [np.clip(p + rng.normal(0, 2, p.shape), 0, 255).astype(np.uint8) for p in (photo, soft, photo[:, ::-1])]
    chosen = []
    for image in series:
        features, sharpness = block_features(grey(image))
        chosen += [row for row, s in zip(features, sharpness, strict=True) if s > 0.75 * max(sharpness)]
    chosen = np.array(chosen)
    while len(chosen) < 37:  # the same photos again, until the covariance is defined
        series, chosen = series * 2, np.concatenate([chosen, chosen])
    mean, covariance, blocks = fit(series)
    assert blocks == len(chosen) < 24 * len(series)
    np.testing.assert_allclose(mean, sum(chosen) / blocks, rtol=1e-12)
    centred = chosen - mean
    np.testing.assert_allclose(covariance, centred.T @ centred / (blocks - 1), rtol=1e-9, atol=1e-15)


def test_the_fit_needs_enough_blocks(photo):
    for series in ([], [photo], [photo[:90, :90]]):
        with pytest.raises(ValueError, match=f"at least 37 sharp blocks.*{len(series)} photos gave"):
            fit(series)


def test_the_committed_fit_is_a_gaussian():
    with np.load(REFIT) as file:
        assert (int(file["photos"]), int(file["blocks"])) == (397, 1728)
        mean, covariance = file["mean"], file["covariance"]
    assert mean.dtype == covariance.dtype == np.float64 and mean.shape == (36,)
    assert np.array_equal(covariance, covariance.T) and np.linalg.eigvalsh(covariance).min() > 0


@pytest.mark.data
@pytest.mark.slow
def test_a_new_fit_equals_the_committed_one():
    values = refit()
    with np.load(REFIT) as file:
        assert set(file.files) == set(values)
        for name in ("blocks", "photos", "fingerprint"):
            assert file[name] == values[name]
        for name in ("mean", "covariance"):  # sums in another order on another processor
            np.testing.assert_allclose(file[name], values[name], rtol=1e-9, atol=1e-15)
