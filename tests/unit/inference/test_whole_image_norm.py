"""Tiles that share the statistics of the whole image give what the whole image gives; tiles with their own do not."""

import numpy as np
import pytest
import torch
from skimage.data import astronaut
from sklearn.datasets import load_sample_image
from torch import nn

from rainmer_lib import paths
from rainmer_lib.inference.derain import derain
from rainmer_lib.inference.tiling import grid
from rainmer_lib.inference.whole_image_norm import (
    count_norms,
    fixed_statistics,
    instance_norms,
    pooled,
    replaced,
    sparse,
    whole_image_statistics,
)
from rainmer_lib.networks.resnet_generator import ResNetGenerator
from rainmer_lib.pretrained.models import load_folder

KEPT = paths.REPOSITORY / "results" / "laptop" / "runs" / "dcdgan-20ef388c26f5"  # a ResNet generator


def trained():
    """The generator of a kept laptop run."""
    return load_folder(KEPT)


def random_image(height, width):
    """Bright on one side, noisy on the other: tiles differ."""
    rng = np.random.default_rng(0)
    slope = np.linspace(0, 1, width)[None, :, None]
    return (255 * np.clip(slope * rng.random((height, width, 3)) + 0.4 * (1 - slope), 0, 1)).astype(np.uint8)


PHOTOS = {"astronaut": lambda: astronaut()[:251, 90:391], "china": lambda: load_sample_image("china.jpg")[170:, :330]}


@pytest.mark.slow
@pytest.mark.parametrize("photo", PHOTOS)
def test_a_trained_network_on_a_photo(photo):
    """Shared statistics: rounding only.  Own statistics: more than ten grey levels somewhere, and a visible mean."""
    image, network = PHOTOS[photo](), trained()
    whole = derain(network, image)
    shared = np.abs(derain(network, image, tile=232, sample=None) - whole)
    own = np.abs(derain(network, image, tile=232, statistics="per-tile") - whole)
    assert shared.max() < 2e-6
    assert own.max() > 10 / 255 and own.mean() > 1e4 * shared.mean()


@torch.inference_mode()
def test_where_seams_come_from():
    """Two overlapping parts of a photo, where both see all they can: the same pixels get other values, or equal ones.

    How far the values part depends on the network: by 0.5 to 1.2 levels of 255 in the kept runs.
    """
    image, network = PHOTOS["china"](), trained()
    x = torch.from_numpy(image[:256, :328].astype(np.float32) / 255).permute(2, 0, 1)[None]

    def disagreement():
        left, right = network(x[..., :232]), network(x[..., 100:])
        return (left[..., 143:189] - right[..., 43:89]).abs().mean()

    whole = grid(*x.shape[2:], 1000, 43, 4)
    with fixed_statistics(network, whole_image_statistics(network, whole, lambda row, col: x, 13)):
        assert disagreement() < 1e-6
    assert disagreement() > 1e-3, "a thousand times more than with common statistics"


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("size", [(201, 118), (90, 233)])
def test_other_generators_and_sizes_that_are_padded(antialias, size):
    torch.manual_seed(0)
    network = ResNetGenerator(8, 2, antialias).eval()
    for weight in network.parameters():
        weight.data *= 20  # the initialisation is so small that nearly nothing depends on the image
    image = random_image(*size)
    whole = derain(network, image)
    assert whole.std() > 0.1
    assert np.abs(derain(network, image, tile=168, sample=None) - whole).max() < 2e-5
    assert np.abs(derain(network, image, tile=168, statistics="per-tile") - whole).max() > 0.02


class Peculiar(nn.Module):
    """One norm with scale and shift, applied twice, and one with running statistics, which needs no help."""

    multiple, smallest = 1, 2

    def __init__(self):
        super().__init__()
        self.first, self.second, self.last = (nn.Conv2d(a, b, 3, padding=1) for a, b in ((3, 5), (5, 5), (5, 3)))
        self.norm = nn.InstanceNorm2d(5, affine=True)
        self.running = nn.InstanceNorm2d(5, track_running_stats=True)

    def forward(self, x):
        x = torch.relu(self.norm(self.first(x)))
        return [torch.sigmoid(self.last(self.running(self.norm(self.second(x)))))]


def test_a_norm_used_twice_with_scale_and_running_statistics():
    torch.manual_seed(0)
    network = Peculiar().eval()
    nn.init.normal_(network.norm.weight), nn.init.normal_(network.norm.bias)
    assert instance_norms(network) == [network.norm] and count_norms(network, torch.rand(1, 3, 8, 8)) == 2
    image = random_image(150, 220)
    whole = derain(network, image)
    assert np.abs(derain(network, image, tile=100, sample=None) - whole).max() < 1e-6
    assert np.abs(derain(network, image, tile=100, statistics="per-tile") - whole).max() > 0.02


def slow_statistics(network, image, boxes):
    """From the definition: features of the untiled network, each norm by the statistics over `boxes`, gathered in float64."""
    found = []

    def rule(norm, features):
        scale = image.shape[2] // features.shape[2]
        parts = [features[0, :, a // scale : b // scale, c // scale : d // scale].flatten(1) for a, b, c, d in boxes]
        values = torch.cat(parts, 1).double()
        mean = values.mean(1)
        var = ((values - mean[:, None]) ** 2).mean(1)
        found.append((mean, var))
        return ((features - mean[:, None, None]) / (var[:, None, None] + norm.eps).sqrt()).float()

    with replaced(network, rule):
        network(image)
    return found


@pytest.mark.parametrize("pixels", [None, 6000])
@torch.inference_mode()
def test_statistics_against_the_definition(pixels):
    """Of all tiles, or of the chosen ones alone; cores count once, halos not at all."""
    torch.manual_seed(0)
    network, image = ResNetGenerator(6, 1, antialias=False).eval(), torch.from_numpy(random_image(160, 216) / np.float32(255))
    image = image.permute(2, 0, 1)[None]
    tiles = sparse(grid(160, 216, 40, 24, 4), pixels)
    boxes = [(row.start, row.stop, col.start, col.stop) for row in tiles.rows for col in tiles.cols]
    ticks = []
    statistics = whole_image_statistics(
        network, tiles, lambda row, col: image[..., row.read_start : row.read_stop, col.read_start : col.read_stop],
        count_norms(network, image), lambda: ticks.append(1),
    )  # fmt: skip
    expected = slow_statistics(network, image, boxes)
    assert len(statistics) == len(expected) == 7 and len(ticks) == 7 * len(tiles)
    for got, want in zip(statistics, expected, strict=True):
        for a, b in zip(got, want, strict=True):
            assert torch.allclose(a.double(), b, rtol=1e-4, atol=1e-6 * float(want[1].max().sqrt()))


def test_pooling_is_the_union():
    sets = [torch.randn(n, 4, dtype=torch.float64) * n + n for n in (3, 50, 7)]
    mean, variance = pooled((len(s), s.mean(0), s.var(0, correction=0)) for s in sets)
    union = torch.cat(sets)
    assert torch.allclose(mean, union.mean(0)) and torch.allclose(variance, union.var(0, correction=0))


def test_sparse_tiles_are_spread_both_ways():
    tiles = grid(1000, 2000, 100, 5, 4)
    assert sparse(tiles, None) == tiles and sparse(tiles, 2_000_000) == tiles
    few = sparse(tiles, 300_000)
    assert [tiles.rows.index(row) for row in few.rows] == [1, 4, 7]
    assert [tiles.cols.index(col) for col in few.cols] == [1, 4, 7, 10, 13, 16, 19]
    one = sparse(tiles, 1)
    assert len(one) == 1 and one.rows == [tiles.rows[5]] and one.cols == [tiles.cols[10]]


def test_sampled_statistics_make_no_seams():
    """A sample gives another tone, the same everywhere: the same as one pass over the whole with those statistics."""
    image, network = astronaut()[:256, :256], trained()
    x = torch.from_numpy(image.astype(np.float32) / 255).permute(2, 0, 1)[None]
    tiles = sparse(grid(256, 256, 128, 43, 4), 256 * 256 // 4)
    assert len(tiles) == 1
    with torch.inference_mode():
        statistics = whole_image_statistics(
            network, tiles, lambda r, c: x[..., r.read_start : r.read_stop, c.read_start : c.read_stop], 13
        )
        with fixed_statistics(network, statistics):
            expected = network(x)[0].clamp(0, 1).permute(1, 2, 0).numpy()
    got = derain(network, image, tile=232, sample=256 * 256 // 4)
    assert np.abs(got - expected).max() < 2e-6
    assert np.abs(got - derain(network, image)).max() > 1e-3, "the sample was not used"


def state(network):
    return [(m.training, set(m.__dict__)) for m in network.modules()], [v.clone() for v in network.state_dict().values()]


@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_left_as_it_was(training):
    network = ResNetGenerator(4, 1, antialias=False).train(training)
    modes, weights = state(network)
    image = random_image(150, 150)
    before = derain(network, image)

    def stop(done, total):
        if done == stop.at:
            raise KeyboardInterrupt

    for stop.at in (1, 20, 10**9):
        try:
            derain(network, image, tile=144, sample=None, progress=stop)
            assert stop.at == 10**9
        except KeyboardInterrupt:
            assert stop.at < 10**9
        now_modes, now_weights = state(network)
        assert now_modes == modes and all(map(torch.equal, now_weights, weights))
        assert np.array_equal(derain(network, image), before)


def test_features_that_do_not_fit_the_tiles():
    network = nn.Sequential(nn.Conv2d(3, 4, 8, stride=8), nn.InstanceNorm2d(4), nn.Upsample(scale_factor=8), nn.Conv2d(4, 3, 1))
    network.reach = 8
    with pytest.raises(ValueError, match="attribute `multiple`"):
        derain(network, random_image(256, 200), tile=116, sample=None)
    network.multiple = 8
    assert derain(network, random_image(256, 200), tile=116, sample=None).shape == (256, 200, 3)
