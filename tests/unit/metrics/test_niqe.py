"""NIQE against its formula, and what it says where it cannot say."""

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from rainmer_lib.data import photos
from rainmer_lib.metrics.niqe import NiqeParameters, block_features, niqe, niqe_parameters
from rainmer_lib.metrics.scene_statistics import fit_aggd, grey, half_size, normalise


@pytest.fixture(scope="module")
def photo():
    return photos.load_photo("sklearn/china.jpg")


@pytest.fixture
def ours():
    return niqe_parameters("refit")


def slow_features(block):
    """The 18 features of a block of MSCN coefficients, products by loops."""

    def scales(values):
        shape, left, right = (float(v) for v in fit_aggd(np.array(values)))
        factor = math.sqrt(math.gamma(1 / shape) / math.gamma(3 / shape))
        return shape, left * factor, right * factor

    rows, columns = block.shape
    shape, left, right = scales(block.ravel())
    features = [shape, (left + right) / 2]
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        products = [
            block[i, j] * block[(i - down) % rows, (j - across) % columns] for i in range(rows) for j in range(columns)
        ]
        shape, left, right = scales(products)
        features += [shape, (right - left) * math.gamma(2 / shape) / math.gamma(1 / shape), left, right]
    return features


def test_block_features_equal_the_definition(photo):
    plane = grey(photo[100:310, 50:250])  # 2x2 blocks and a rest that does not count
    whole = plane[:192, :192]
    coefficients, deviation = normalise(whole, "nearest")
    smaller, _ = normalise(half_size(whole), "nearest")
    features, sharpness = block_features(plane)
    assert features.shape == (4, 36)
    for n, (i, j) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        slow = slow_features(coefficients[96 * i : 96 * (i + 1), 96 * j : 96 * (j + 1)])
        slow += slow_features(smaller[48 * i : 48 * (i + 1), 48 * j : 48 * (j + 1)])
        np.testing.assert_allclose(features[n], slow, rtol=1e-9)
        block = deviation[96 * i : 96 * (i + 1), 96 * j : 96 * (j + 1)]
        assert sharpness[n] == pytest.approx(sum(block.ravel()) / 96**2)


def test_the_distance_equals_its_formula(photo, ours):
    features, _ = block_features(grey(photo))
    count = len(features)
    mean = [sum(column) / count for column in features.T]
    average = np.empty((36, 36))
    for i, j in np.ndindex(36, 36):
        products = [(row[i] - mean[i]) * (row[j] - mean[j]) for row in features]
        average[i, j] = (sum(products) / (count - 1) + ours.covariance[i, j]) / 2
    difference = np.array([a - b for a, b in zip(ours.mean, mean, strict=True)])
    squared = sum(a * b for a, b in zip(difference, np.linalg.solve(average, difference), strict=True))
    assert niqe(photo, ours) == pytest.approx(math.sqrt(squared), rel=1e-6)


def test_the_distance_to_itself_is_zero(photo):
    features, _ = block_features(grey(photo))
    own = NiqeParameters(features.mean(axis=0), np.cov(features, rowvar=False), "itself")
    assert niqe(photo, own) == 0


def test_grey_and_rgb_agree_and_the_rest_beyond_whole_blocks_does_not_count(photo, ours):
    assert niqe(grey(photo).astype(np.uint8), ours) == niqe(photo, ours)
    assert photo.shape[:2] == (427, 640) and niqe(photo[:384, :576], ours) == niqe(photo, ours)


def test_noise_and_blur_cost(photo, ours):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=photo.shape)
    noisy = [np.clip(photo + s * noise, 0, 255).astype(np.uint8) for s in (0, 10, 25, 50)]
    blurred = [gaussian_filter(photo, (s, s, 0)) for s in (0, 1, 2, 4)]
    for series in (noisy, blurred):
        scores = [niqe(image, ours) for image in series]
        assert scores == sorted(scores) and scores[-1] > 2 * scores[0], scores


@pytest.mark.parametrize("shape", [(95, 500, 3), (190, 190, 3), (4, 4), (191, 96)])
def test_too_small_an_image_is_named(shape, ours):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    with pytest.raises(ValueError, match=f"96x192 or more; found {shape[0]}x{shape[1]} pixels, [01] blocks, 0 of them flat"):
        niqe(image, ours)


def test_flat_images_are_named_and_flat_blocks_left_out(photo, ours):
    flat = np.full((200, 300, 3), 77, np.uint8)
    with pytest.raises(ValueError, match="found 200x300 pixels, 6 blocks, 6 of them flat"):
        niqe(flat, ours)
    one = np.full((96, 300, 3), 77, np.uint8)
    one[:, :80] = photo[:96, :80]
    with pytest.raises(ValueError, match="3 blocks, 2 of them flat"):
        niqe(one, ours)
    half = photo[:384, :576].copy()
    half[:, 288:] = 255
    assert 0 < niqe(half, ours) < math.inf


def test_wrong_types_are_named(ours):
    with pytest.raises(ValueError, match="uint8 image"):
        niqe(np.zeros((200, 200, 3), np.float32), ours)
    with pytest.raises(ValueError, match="uint8 image"):
        niqe(np.zeros((200, 200, 4), np.uint8), ours)


def test_parameters_say_whose_they_are(tmp_path, monkeypatch, ours):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    assert ours.source == "refit" and niqe_parameters().source == "refit"
    with pytest.raises(FileNotFoundError, match=r"niqe_pris_params\.npz.*RAINMER_DATA"):
        niqe_parameters("release")
    with pytest.raises(ValueError, match='choose "release" or "refit"'):
        niqe_parameters("matlab")
    file = tmp_path / "weights" / "iqa" / "niqe_pris_params.npz"
    file.parent.mkdir(parents=True)
    np.savez(file, mu_pris_param=np.arange(36.0)[None], cov_pris_param=np.eye(36))
    release = niqe_parameters()
    assert release.source == "release" and release.mean.tolist() == list(range(36))
    assert np.array_equal(release.covariance, np.eye(36))
    assert niqe_parameters("refit").source == "refit"


@pytest.mark.parametrize("values", [
    {"mu_pris_param": np.zeros(36)}, {"mu_pris_param": np.zeros(35), "cov_pris_param": np.eye(36)},
    {"mu_pris_param": np.full(36, np.nan), "cov_pris_param": np.eye(36)},
])  # fmt: skip
def test_a_broken_parameter_file_is_named(values, tmp_path, monkeypatch):
    file = tmp_path / "weights" / "iqa" / "niqe_pris_params.npz"
    file.parent.mkdir(parents=True)
    np.savez(file, **values)
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=r"niqe_pris_params\.npz: (no cov_pris_param|expected finite)"):
        niqe_parameters()
