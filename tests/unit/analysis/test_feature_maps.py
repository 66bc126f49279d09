"""Clouds of trained networks: which images, which layers, whose outputs; tables and captions hold what was measured."""

import numpy as np
import pytest
import torch

from rainmer_lib.analysis import feature_maps
from rainmer_lib.analysis.embeddings import pooled_features
from rainmer_lib.analysis.feature_maps import captions, embed, measures, scenes, summary, taps_of
from rainmer_lib.analysis.separability import measure
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import quantise
from rainmer_lib.networks.rain_layer_generator import RainLayerGenerator
from rainmer_lib.networks.resnet_generator import ResNetGenerator


def pairs(photos, rains=1, side=48):
    """Smooth photos under bright dots."""
    made = []
    for number in range(photos):
        rng = np.random.default_rng(number)
        clean = np.kron(rng.integers(40, 160, (side // 8, side // 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        for rain in range(rains):
            dots = np.random.default_rng([number, rain]).random((side, side, 1)) < 0.1
            made.append(Pair(f"{number}-{rain}", np.where(dots, 255, clean).astype(np.uint8), clean))
    return made


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(0)
    return {(name, seed): ResNetGenerator(4, 2, antialias=False, global_residual=True).eval()
            for seed in range(2) for name in ("with", "without")}  # fmt: skip


@pytest.fixture(scope="module")
def clouds(networks):
    return embed(networks, scenes(pairs(6)))


def test_enough_photos_are_taken_whole():
    there = pairs(5, rains=2)
    shown = scenes(there)
    assert not shown.quarters and len(shown.rainy) == 10 and shown.photos.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert all(np.array_equal(a, p.rainy) and np.array_equal(b, p.clean)
               for a, b, p in zip(shown.rainy, shown.clean, there, strict=True))  # fmt: skip
    assert str(shown) == "10 rainy images of 5 photos, 9 regions each"


def test_few_photos_are_cut_into_quarters_that_count_as_photos():
    there = pairs(2, rains=2)
    shown = scenes(there)
    assert shown.quarters and len(shown.rainy) == 16 and "quarters" in str(shown)
    assert shown.photos.tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7], "two rains on one quarter are one photo"
    for number, (top, left) in enumerate([(0, 0), (0, 24), (24, 0), (24, 24)]):
        for part, whole in ((shown.rainy, there[1].rainy), (shown.clean, there[1].clean)):
            assert np.array_equal(part[4 + number], whole[top : top + 24, left : left + 24])


@pytest.mark.parametrize("blocks, last", [(1, "block1"), (2, "block2"), (3, "block3"), (9, "block3")])
def test_the_layers_exist_at_every_depth(blocks, last):
    assert taps_of(ResNetGenerator(2, blocks)) == ("down2", last)
    assert taps_of(RainLayerGenerator(2, blocks)) == ("stem", last), "nothing is reduced before its blocks"


def test_clouds_of_a_generator_without_reductions():
    """Its stem stands where the second reduction of a ResNet generator does."""
    torch.manual_seed(0)
    network, shown = RainLayerGenerator(4, 2).eval(), scenes(pairs(5, side=40))
    found = embed({("small", 0): network}, shown)
    assert set(found) == {("small", 0, "stem"), ("small", 0, "block2")}
    for tap in ("stem", "block2"):
        expected = pooled_features(network, shown.clean, tap, 3).reshape(45, -1)
        assert np.array_equal(found["small", 0, tap].clean, expected) and expected.shape == (45, 8)


def test_clouds_are_of_the_networks_own_outputs(networks, clouds):
    shown, network = scenes(pairs(6)), networks["without", 1]
    outputs = [quantise(derain(network, image), "truncate") for image in shown.rainy]
    for tap in ("down2", "block2"):
        found = clouds["without", 1, tap]
        for name, images in (("rainy", shown.rainy), ("derained", outputs), ("clean", shown.clean)):
            assert np.array_equal(getattr(found, name), pooled_features(network, images, tap, 3).reshape(54, -1))
        assert found.groups.tolist() == np.repeat(range(6), 9).tolist()
    assert set(clouds) == {(*key, tap) for key in networks for tap in ("down2", "block2")}


@pytest.mark.slow
def test_the_table_holds_every_measure_of_every_cloud(clouds):
    table = measures(clouds)
    assert list(table.columns[:3]) == ["method", "seed", "tap"] and len(table) == 8
    row = table.set_index(["method", "seed", "tap"]).loc["with", 1, "block2"]
    assert row.to_dict() == pytest.approx(measure(clouds["with", 1, "block2"]).as_dict())
    two = table[(table.method.eq("with")) & (table.tap == "down2")].auc_rainy
    assert summary(table, ["auc_rainy"]).loc[("down2", "with"), "auc_rainy"] == f"{two.mean():.3f} ± {two.std():.3f}"
    one = table[table.seed == 0]
    assert summary(one, ["remaining"]).loc[("down2", "with"), "remaining"] == f"{one.remaining.iloc[0]:.3f}"
    value = row.remaining
    assert captions(table, {"remaining": "left"}, seed=1)["with, block2"] == f"left {value:.2f}"


@pytest.mark.parametrize("seed", [0, 1])
def test_maps_are_of_one_seed_layer_by_layer(clouds, monkeypatch, seed):
    """With the first two features in the place of a map."""
    monkeypatch.setattr(feature_maps, "tsne", lambda points, perplexity: [cloud[:, :2] for cloud in points])
    drawn = feature_maps.maps(clouds, seed=seed)
    assert list(drawn) == ["with, down2", "without, down2", "with, block2", "without, block2"]
    for title, panel in drawn.items():
        method, tap = title.split(", ")
        assert list(panel) == ["rainy", "derained", "clean"]
        for name, points in panel.items():
            assert np.array_equal(points, getattr(clouds[method, seed, tap], name)[:, :2])
