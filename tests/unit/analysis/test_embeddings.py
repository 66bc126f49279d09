"""Features of the encoder: statistics by loops, equal places in equal images, and maps that keep neighbours."""

import numpy as np
import pytest
import torch

from rainmer_lib.analysis.embeddings import patch_features, photo_numbers, pooled_features, tsne
from rainmer_lib.networks.resnet_generator import ResNetGenerator


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return ResNetGenerator(4, 2, antialias=False).eval()


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, size, dtype=np.uint8) for size in ((64, 48, 3), (48, 80, 3))]


def features(network, image, tap):
    with torch.no_grad():
        x = torch.from_numpy(image.astype(np.float32) / 255).permute(2, 0, 1)[None]
        return network.encode(x, (tap,))[tap][0].double().numpy()


def test_regions_are_means_and_deviations(network, images):
    got = pooled_features(network, images, "block1", grid=2)
    x = features(network, images[0], "block1")  # (16, 16, 12)
    assert got.shape == (2, 4, 32)
    for number, (rows, columns) in enumerate([(slice(0, 8), slice(0, 6)), (slice(0, 8), slice(6, 12)),
                                              (slice(8, 16), slice(0, 6)), (slice(8, 16), slice(6, 12))]):  # fmt: skip
        for c in range(16):
            values = [float(v) for line in x[c, rows, columns] for v in line]
            mean = sum(values) / len(values)
            assert got[0, number, c] == pytest.approx(mean, abs=1e-5)
            deviation = (sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5
            assert got[0, number, 16 + c] == pytest.approx(deviation, abs=1e-5)


def test_a_grid_of_one_is_the_whole_image(network, images):
    got = pooled_features(network, images, "down1")
    assert got.shape == (2, 1, 16)
    np.testing.assert_allclose(got[1, 0, :8], features(network, images[1], "down1").mean((1, 2)), atol=1e-5)


def test_places_are_those_of_the_list_and_the_seed(network, images):
    got = patch_features(network, images, "down2", patches=20, seed=3)
    places = features(network, images[1], "down2").reshape(16, -1).T
    assert got.shape == (2, 20, 16)
    taken = [int(np.abs(places - row).sum(1).argmin()) for row in got[1]]
    assert len(set(taken)) == 20
    np.testing.assert_allclose(got[1], places[taken], atol=1e-5)
    changed = [images[0], 255 - images[1]]
    other = features(network, changed[1], "down2").reshape(16, -1).T
    np.testing.assert_allclose(patch_features(network, changed, "down2", 20, 3)[1], other[taken], atol=1e-5)
    assert not np.array_equal(got, patch_features(network, images, "down2", 20, 4))
    twice = patch_features(network, [images[0], images[0]], "down2", 20, 3)
    assert not np.array_equal(twice[0], twice[1])


def test_sizes_that_are_no_multiples_are_taken(network):
    assert pooled_features(network, [np.zeros((37, 50, 3), np.uint8)], "block2").shape == (1, 1, 32)


def test_wrong_taps_grids_and_images_are_named(network, images):
    with pytest.raises(ValueError, match="tap 'block9': choose one of stem, down1, down2, block1, block2$"):
        pooled_features(network, images, "block9")
    with pytest.raises(ValueError, match="image 0 has 16x12 locations after block1: no grid of 13x13"):
        pooled_features(network, images, "block1", grid=13)
    with pytest.raises(ValueError, match="image 0 has 192 locations after block1; 200 are requested"):
        patch_features(network, images, "block1", patches=200)
    with pytest.raises(ValueError, match="RGB"):
        pooled_features(network, [np.zeros((32, 32), np.uint8)], "block1")


def test_equal_photos_have_equal_numbers(images):
    assert photo_numbers([images[0], images[1], images[0].copy(), images[1].reshape(80, 48, 3)]).tolist() == [0, 1, 0, 2]


def test_the_map_keeps_clouds_apart_and_comes_out_the_same():
    rng = np.random.default_rng(0)
    clouds = [rng.normal(size=(n, 60)) * 3.0 ** rng.integers(-3, 3, 60) + shift for n, shift in ((50, 0), (30, 40))]
    first, second = tsne(clouds, seed=1, perplexity=10)
    assert first.shape == (50, 2) and second.shape == (30, 2)
    for points, own, other in ((first, first, second), (second, second, first)):
        for point in points:
            near = sorted(np.linalg.norm(own - point, axis=1))[1]
            assert near < np.linalg.norm(other - point, axis=1).min()
    again = tsne(clouds, seed=1, perplexity=10)
    assert np.array_equal(np.concatenate(again), np.concatenate([first, second]))


def test_too_few_points_for_a_map():
    with pytest.raises(ValueError, match="20 points are too few for a perplexity of 30: expected 120"):
        tsne([np.zeros((20, 3))])
