"""What the view encoder tells apart: measures against plain loops, and on clouds whose answer is known."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from rainmer_lib.analysis import view_maps
from rainmer_lib.analysis.view_maps import ViewScenes, mean_cosines, read_rain, view_measures
from rainmer_lib.data import paired_folders
from rainmer_lib.data.layouts import Entry
from rainmer_lib.data.paired_folders import HeldPairs
from rainmer_lib.data.rendered_domains import RenderedPairs
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.rainmer import tiny
from rainmer_lib.rainmer.alignment import rain_density
from rainmer_lib.rainmer.model import Rainmer

MICRO = replace(tiny, width=4, crop=16, view_size=16)


def scenes_of(domains, photos, density):
    count = len(domains)
    return ViewScenes(torch.rand(count, 3, 16, 16), np.array(domains), np.array(density, float), np.array(photos))


@pytest.fixture
def scenes():
    """Two domains, three photos, each under four rains."""
    rng = np.random.default_rng(0)
    domains = np.repeat(["day", "night"], 12)
    return scenes_of(domains, np.tile(np.repeat([0, 1, 2], 4), 2), rng.uniform(0.01, 0.3, 24))


def ranks(values):
    """From the definition; equal values share the mean of their ranks."""
    return [sum((other < value) + (other == value) / 2 for other in values) for value in values]


def slow_measures(points, scenes):
    """Purity and strength, neighbour by neighbour."""
    pure, within = [], []
    for i, own in enumerate(points):
        order = sorted(range(len(points)), key=lambda j, own=own: math.dist(own, points[j]))
        others = [j for j in order if scenes.photos[j] != scenes.photos[i]]
        pure += [scenes.domains[j] == scenes.domains[i] for j in others[:5]]
        same = [j for j in others if scenes.domains[j] == scenes.domains[i]]
        within.append(np.mean([scenes.density[j] for j in sorted(same[:5])]))
    correlations = []
    for domain in set(scenes.domains):
        for photo in set(scenes.photos):
            group = [i for i in range(len(points)) if (scenes.domains[i], scenes.photos[i]) == (domain, photo)]
            first, second = (np.array(ranks([x[i] for i in group]), float) for x in (scenes.density, within))
            correlations.append(np.corrcoef(first, second)[0, 1])
    return np.mean(pure), np.mean(correlations)


def test_measures_are_those_of_the_definitions(scenes):
    points = np.random.default_rng(1).normal(size=(24, 6))
    found = view_measures(points, scenes)
    purity, strength = slow_measures(points, scenes)
    assert found["purity"] == pytest.approx(purity) and found["strength"] == pytest.approx(strength)
    assert -1 <= found["silhouette"] <= 1


def test_an_encoder_that_tells_domains_and_rain_has_full_marks(scenes):
    """Points are the domain and the density; the photo moves nothing."""
    rains = np.tile(np.linspace(0.01, 0.3, 4), 6) + 1e-4 * scenes.photos
    told = replace(scenes, density=rains)
    points = np.stack([10.0 * (told.domains == "night"), rains], axis=1)
    found = view_measures(points, told)
    assert found["purity"] == 1 and found["silhouette"] > 0.9 and found["strength"] > 0.7


def test_a_photo_is_not_told_by_itself(scenes):
    """Points that know the photo alone: neighbours of the same photo would make the domains pure by chance of their order."""
    found = view_measures(np.eye(3)[scenes.photos] + 1e-6 * np.random.default_rng(0).normal(size=(24, 3)), scenes)
    assert 0.25 < found["purity"] < 0.75


def test_rain_that_cannot_be_read_off_has_strength_zero(scenes):
    points = np.random.default_rng(0).normal(size=(24, 3))
    assert view_measures(points, replace(scenes, density=np.full(24, 0.1)))["strength"] == 0


def test_verdicts_ask_what_the_view_can_answer():
    """Strength of appearance alone; better for every seed is seen, worse likewise is not."""
    rows = [
        {"view": view, "method": method, "seed": seed, "purity": purity + seed / 100, "silhouette": 0.1, "strength": -purity}
        for view in ("illumination", "appearance")
        for method, purity in (("trained", 0.8), ("untrained", 0.5), ("no network", 0.4))
        for seed in (0, 1, 2)
    ]
    found = view_maps.verdicts(pd.DataFrame(rows)).set_index(["view", "measure", "worse"]).verdict
    assert len(found) == 2 * 2 * 2 + 2 and "strength" not in found["illumination"].index.get_level_values("measure")
    assert set(found.xs("purity", level="measure")) == {"supported"}
    assert set(found.xs("silhouette", level="measure")) == {"inconclusive"}
    assert set(found.xs("strength", level="measure")) == {"contradicted"}


def test_mean_cosines_leave_out_the_same_photo(scenes):
    points = np.random.default_rng(2).normal(size=(24, 4))
    table = mean_cosines(points, scenes)
    assert list(table.index) == list(table.columns) == ["day", "night"]
    for a in table.index:
        for b in table.columns:
            found = [
                points[i] @ points[j] / (np.linalg.norm(points[i]) * np.linalg.norm(points[j]))
                for i in range(24) for j in range(24)
                if (scenes.domains[i], scenes.domains[j]) == (a, b) and scenes.photos[i] != scenes.photos[j]
            ]  # fmt: skip
            assert table.loc[a, b] == pytest.approx(np.mean(found))


def brighter(photo, layers, rng):
    """A "rain" of even light, of a strength that is drawn."""
    return (photo + rng.integers(5, 90)).astype(np.uint8), photo


def test_scenes_are_the_held_out_photos_under_more_rains():
    photos = [np.full((24, 30, 3), level, np.uint8) for level in (20, 60)]
    pairs = RenderedPairs("held-out", photos, [], brighter, 2, seed=1)
    scenes = view_maps.view_scenes({"day": pairs, "night": replace(pairs, seed=3)}, 16)
    assert scenes.whole.shape == (80, 3, 16, 16) and len(set(scenes.density)) > 50
    assert list(scenes.photos) == [0, 1] * 40 and list(scenes.domains) == ["day"] * 40 + ["night"] * 40
    for i in (0, 1):
        assert scenes.density[i] == rain_density(pairs[i].rainy, pairs[i].clean)
        torch.testing.assert_close(scenes.whole[i], torch.full((3, 16, 16), pairs[i].rainy[0, 0, 0] / 255))
    assert str(scenes) == "80 rainy images of 2 held-out photos: 40 day, 40 night; purity at chance 0.50"
    with pytest.raises(ValueError, match="day: one held-out photo is too few"):
        view_maps.view_scenes({"day": replace(pairs, photos=photos[:1])}, 16)


def files(rains):
    """Held-out pairs of files, by photo so many rains."""
    entries = [Entry(f"{photo}-{rain}", Path(f"{rain}"), Path(f"{photo}")) for photo, n in rains.items() for rain in range(n)]
    return HeldPairs(entries)


@pytest.fixture
def painted(monkeypatch):
    """Reads an entry as a photo of its level under even rain."""

    def read(entry):
        clean = np.full((24, 30, 3), int(entry.clean.name), np.uint8)
        return Pair(entry.name, clean + np.uint8(3 + 9 * int(entry.rainy.name)), clean)

    monkeypatch.setattr(paired_folders, "read_pair", read)


def test_scenes_of_files_are_photos_of_their_own_under_the_rains_that_there_are(painted):
    held_out = {"synthetic": files({level: 1 for level in range(20, 27)}), "real": files({100: 9, 110: 9, 120: 2})}
    scenes = view_maps.view_scenes(held_out, 16)
    assert list(scenes.domains) == ["synthetic"] * 7 + ["real"] * (2 * view_maps.RAINS + 2)
    assert list(scenes.photos) == [*range(7), *[7] * 6, *[8] * 6, *[9] * 2], "a photo is of one domain alone"
    torch.testing.assert_close(scenes.whole[7], torch.full((3, 16, 16), 103 / 255))
    others = [(i, j) for i in range(21) for j in range(21) if scenes.photos[i] != scenes.photos[j]]
    assert scenes.chance == sum(scenes.domains[i] == scenes.domains[j] for i, j in others) / len(others)
    with pytest.raises(ValueError, match="few: a held-out photo has 4 scenes of others to compare with; 5 are needed"):
        view_maps.view_scenes({"few": files({20: 9, 30: 4})}, 16)


def test_the_strength_comes_from_photos_of_three_rains_or_more(painted):
    """Points that know the density alone: full marks, whatever the photos of one rain add."""
    several, alone = files({100: 6, 110: 6}), files({level: 1 for level in range(20, 27)})
    scenes = view_maps.view_scenes({"alone": alone, "several": several}, 16)
    points = np.stack([10.0 * (scenes.domains == "alone"), scenes.density], axis=1)
    assert view_measures(points, scenes)["strength"] > 0.7
    one_rain = view_maps.view_scenes({"alone": alone, "other": files({level: 1 for level in range(60, 67)})}, 16)
    assert math.isnan(view_measures(np.stack([one_rain.density] * 2, axis=1), one_rain)["strength"])


def test_purity_at_chance_is_one_over_the_number_of_equal_domains(scenes):
    assert scenes.chance == 1 / 2


def test_points_are_those_of_trained_and_first_weights(scenes):
    trained = Rainmer(replace(MICRO, seed=7)).derain
    points = view_maps.points_of({0: (MICRO, trained)}, scenes)
    assert list(points) == [("no network", 0), ("untrained", 0), ("trained", 0)]
    for (method, _), network in zip(list(points)[1:], (Rainmer(MICRO).derain, trained), strict=True):
        for head, vectors in network.encode(scenes.whole).prompts.items():
            np.testing.assert_allclose(points[method, 0][head], vectors.flatten(1).detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(points["no network", 0]["illumination"].std(axis=0, ddof=1), 1, rtol=1e-5)
    titles = list(view_maps.titled(points, ["untrained", "trained"]))
    assert titles == [f"{m}, {v}" for v in ("illumination", "appearance") for m in ("untrained", "trained")]
    table = view_maps.measures_of(points, scenes)
    assert len(table) == 6 and list(table["view"]) == ["illumination"] * 3 + ["appearance"] * 3
    assert view_maps.view_captions(table, "purity")["trained, appearance"] == f"purity {table.purity[5]:.2f}"
    assert list(view_maps.summary(table, ["purity"]).index[0]) == ["illumination", "no network"]


def test_a_network_without_views_is_refused():
    with pytest.raises(ValueError, match="has no view encoder"):
        view_maps.view_encoder_of(Rainmer(replace(MICRO, views=())).derain)


def test_rain_is_read_off_where_a_linear_map_holds_it():
    rng = np.random.default_rng(0)
    features = [rng.normal(size=(5, 6, 3)) for _ in range(4)]
    rain = [x @ np.array([0.2, -0.1, 0.4]) + 0.3 for x in features]
    found, quality = read_rain(features, rain, shown=2)
    np.testing.assert_allclose(found, rain[2])
    assert quality == pytest.approx(1)
    misled, worse = read_rain(features, [*rain[:2], -rain[2], rain[3]], shown=2)
    np.testing.assert_allclose(misled, rain[2])  # the image that is shown is not fitted
    assert worse < 0


def test_features_of_four_pixels_have_weights_for_each():
    """Where pixels were rearranged by 2: against a map for each place in a block, fitted by itself."""
    rng = np.random.default_rng(0)
    features = [rng.normal(size=(5, 6, 3)) for _ in range(4)]
    rain = [rng.normal(size=(10, 12)) + np.kron(x[..., 0], np.array([[1, 2], [3, 4]])) for x in features]
    found, _ = read_rain(features, rain, shown=1)
    for row in range(2):
        for column in range(2):
            alone, _ = read_rain(features, [plane[row::2, column::2] for plane in rain], shown=1)
            np.testing.assert_allclose(found[row::2, column::2], alone)


def test_few_scenes_are_mapped_with_fewer_neighbours():
    """The published sets that are there may have fewer scenes than the usual perplexity needs."""
    maps = view_maps.view_tsne({"trained": np.random.default_rng(0).normal(size=(24, 6))})
    assert maps["trained"].shape == (24, 2) and np.isfinite(maps["trained"]).all()
