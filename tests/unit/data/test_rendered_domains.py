"""Rendered domains: their equations, their densities, and which photos they show."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from rainmer_lib.data import lens_and_snow, rendered_domains, weather
from rainmer_lib.data.paired import MixedPairs
from rainmer_lib.data.rendered_domains import DOMAINS, RAIN, RenderedPairs, rendered_domain
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.rainmer.alignment import PUBLISHED, align_density, densities, shares, target_shares

H, W = 48, 64


@pytest.fixture(scope="module")
def photo():
    """A smooth scene with a bright patch and texture."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:H, :W]
    scene = 60 + 50 * np.sin(x / 9)[..., None] + (y[..., None] * (1.0, 0.8, 0.5)) + rng.uniform(0, 20, (H, W, 3))
    scene[8:16, 40:52] = 235
    return scene.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def layers():
    """Sparse vertical streaks; most pixels have none."""
    made = []
    for seed in range(6):
        rng, layer = np.random.default_rng(seed), np.zeros((80, 90), np.uint8)
        for _ in range(25):
            top, left = rng.integers(0, 70), rng.integers(0, 90)
            layer[top : top + 10, left] = rng.integers(40, 140)
        made.append(layer)
    return made


@pytest.fixture(scope="module")
def source(photo, layers):
    held = Pair("held", photo[:, ::-1], 255 - photo)
    return UnpairedRain("tiny", [photo], [photo[::-1]], layers, [held], "f" * 16)


NOTHING = [np.zeros((80, 90), np.uint8)]


@pytest.mark.parametrize("name", DOMAINS)
def test_a_pair_is_a_function_of_its_number_and_the_seed(name, source):
    domain, again = (rendered_domain(name, source, images=3) for _ in range(2))
    assert len(domain.pairs) == 3 * DOMAINS[name].size and len(domain.held) == 1
    for i in (2, 0):
        one, two = domain.pairs[i], again.pairs[i]
        assert one.name == f"{name}-0000{i}" and one.rainy.dtype == one.clean.dtype == np.uint8
        assert np.array_equal(one.rainy, two.rainy) and np.array_equal(one.clean, two.clean)
    assert not np.array_equal(domain.pairs[0].rainy, domain.pairs[2].rainy), "the same photo under another rain"
    assert not np.array_equal(domain.pairs[0].rainy, rendered_domain(name, source, seed=1).pairs[0].rainy)
    with pytest.raises(IndexError, match=f"{name}: pair"):
        domain.pairs[len(domain.pairs)]
    assert len(list(domain.pairs)) == len(domain.pairs)


def test_photos_of_training_and_held_out_photos_and_layers_are_apart(source, photo, layers):
    domain = rendered_domain("day", source)
    assert all(np.array_equal(a, b) for a, b in zip(domain.pairs.photos, (photo, photo[::-1]), strict=True))
    assert [np.array_equal(p, 255 - photo) for p in domain.held.photos] == [True], "the clean photo, not the rainy one"
    assert domain.pairs.layers == layers[:2] and domain.held.layers == layers[2:]
    shown = {domain.pairs[i].clean.tobytes() for i in range(4)}
    assert shown == {photo.tobytes(), photo[::-1].tobytes()}, "both halves of the unpaired set"


@pytest.mark.parametrize("name", ["day", "night"])
def test_rain_is_zero_where_there_are_no_streaks(name, photo, layers):
    rainy, clean = DOMAINS[name].render(photo, NOTHING, np.random.default_rng(3))
    assert np.array_equal(rainy, clean)
    rainy, clean = DOMAINS[name].render(photo, layers, np.random.default_rng(3))
    change = rainy.astype(int) - clean
    assert change.min() == 0 and change.mean() > 0.5, "rain adds light, and only where it is"
    assert (change == 0).mean() > 0.1


@pytest.fixture
def known_streaks(monkeypatch):
    plane = np.random.default_rng(7).uniform(0, 0.6, (H, W)).astype(np.float32)
    monkeypatch.setattr(weather, "streaks", lambda layers, size, scales, rng: plane)
    monkeypatch.setattr(lens_and_snow, "streaks", lambda layers, size, scales, rng: plane)
    return plane


PLACES = [(0, 0, 0), (10, 45, 1), (30, 7, 2), (47, 63, 0), (20, 20, 1)]


def test_day_is_its_equation(photo, known_streaks):
    strength = np.exp(np.random.default_rng(5).normal(0.0, 0.4))
    rainy, clean = weather.day(photo, NOTHING, np.random.default_rng(5))
    assert np.array_equal(clean, photo)
    for y, x, c in PLACES:
        assert int(rainy[y, x, c]) == pytest.approx(min(255, photo[y, x, c] + 255 * strength * known_streaks[y, x]), abs=0.51)


def test_haze_is_its_equation(photo, known_streaks):
    rng = np.random.default_rng(5)
    tau = min(max(np.exp(rng.normal(-1.25, 0.45)), 0.05), 1.5)
    airlight = rng.uniform(0.8, 0.95) * np.percentile(photo[::4, ::4], 95)
    rng.uniform(size=3)  # the scales
    strength = rng.uniform(0.6, 1.6)
    rainy, _ = weather.haze(photo, NOTHING, np.random.default_rng(5))
    for y, x, c in PLACES:
        place = y / (H - 1)
        depth = 1 if place < 0.45 else min(1, 0.12 / (place - 0.45 + 0.12))
        t = np.exp(-tau * depth) * (1 - min(1, strength * known_streaks[y, x]))
        assert int(rainy[y, x, c]) == pytest.approx(photo[y, x, c] * t + airlight * (1 - t), abs=0.51)


def test_night_streaks_shine_by_the_light_of_the_lamps(photo, known_streaks):
    rng = np.random.default_rng(5)
    clean, light = weather.night_scene(photo, rng)
    strength = np.exp(rng.normal(-0.6, 0.6))
    rainy, same = weather.night(photo, NOTHING, np.random.default_rng(5))
    assert np.array_equal(clean, same)
    for y, x, c in PLACES:
        s = min(1, strength * known_streaks[y, x] * (0.12 + light[y, x]))
        c1 = clean[y, x, c] / 255
        assert int(rainy[y, x, c]) == pytest.approx(255 * (1 - (1 - c1) * (1 - s)), abs=0.51)
    relative = (rainy.astype(float) - clean).mean(2) / known_streaks
    near, far = light > np.quantile(light, 0.9), light < np.quantile(light, 0.5)
    assert relative[near].mean() > 2 * relative[far].mean(), "brighter near lamps"


def test_the_night_scene_is_dark_and_its_lamps_glow_in_both_images(photo):
    """The glow is the scene's: without rain the pair is equal, and bright where the lamps are."""
    black = np.zeros_like(photo)
    black[20:24, 30:34] = 250
    rainy, clean = weather.night(black, NOTHING, np.random.default_rng(1))
    assert np.array_equal(rainy, clean)
    beside, far = clean[21:23, 26:28].mean(), clean[-4:, :4].mean()
    assert beside > 10 and beside > 4 * far, "the air glows around the only bright place, where the photo is black"
    assert weather.night_scene(photo, np.random.default_rng(1))[0].mean() < 0.6 * photo.mean()
    assert clean[14:19, 30:34, 0].mean() > 1.3 * clean[14:19, 30:34, 2].mean(), "lamps are warm"


def test_a_window_is_a_part_of_its_layer_or_repeats_it():
    layer = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30).astype(np.uint8)
    part = weather.window(layer, (6, 7), 1.0, np.random.default_rng(0))
    places = [(y, x) for y in range(15) for x in range(24) if np.array_equal(layer[y : y + 6, x : x + 7], part)]
    assert places, "at scale 1 pixels are copied"
    tall = weather.window(layer, (45, 10), 1.0, np.random.default_rng(0))
    assert tall.shape == (45, 10) and np.array_equal(tall[:20], tall[20:40])
    line = np.zeros((60, 60), np.uint8)
    line[:, ::10] = 200
    wide = weather.window(line, (40, 60), 2.0, np.random.default_rng(0))
    assert wide.shape == (40, 60) and 2 <= sum(wide[0] > 80) / 3 <= 4, "half as many lines, twice as far apart"


def test_streaks_are_the_sum_of_layers_in_all_directions_alike(layers):
    flat = [np.full((60, 80), 51, np.uint8)]
    assert weather.streaks(flat, (H, W), [1.0, 1.3, 0.7], np.random.default_rng(0)) == pytest.approx(0.6, abs=0.005)
    turned = {weather.streaks(layers[:1], (80, 90), [1.0], np.random.default_rng(s)).tobytes() for s in range(12)}
    plain = layers[0].astype(np.float32) / 255
    assert turned == {plain.tobytes(), plain[:, ::-1].tobytes()}


def test_drops_change_round_regions_and_nothing_else(photo, monkeypatch):
    drawn = []
    one = lens_and_snow._drop
    monkeypatch.setattr(lens_and_snow, "_drop", lambda *a: (drawn.append(a[2:5]), one(*a)))
    rainy, clean = lens_and_snow.drops(photo, [], np.random.default_rng(0))
    assert np.array_equal(clean, photo) and len(drawn) >= 25
    y, x = np.mgrid[:H, :W]
    inside = np.any([(y - row) ** 2 + (x - column) ** 2 < radius**2 for row, column, radius in drawn], axis=0)
    changed = (rainy != clean).any(axis=2)
    assert not (changed & ~inside).any() and changed[inside].mean() > 0.5


def test_a_drop_shows_the_picture_upside_down():
    """Dark below, bright above: the drop is bright below."""
    scene = np.full((80, 80, 3), 220, np.uint8)
    scene[40:] = 20
    seen = scene.astype(np.float32)
    lens_and_snow._drop(seen, scene, 40, 40, 16.0, np.random.default_rng(0))
    assert seen[30:38, 40].mean() < 60 and seen[43:50, 40].mean() > 120
    assert np.array_equal(seen[:20], scene[:20]) and np.array_equal(seen[:, :20], scene[:, :20])


def test_snow_is_bright_soft_and_of_several_sizes(photo, known_streaks):
    rainy, clean = lens_and_snow.snow(photo, NOTHING, np.random.default_rng(0))
    rng = np.random.default_rng(0)
    strength, _, t = rng.uniform(0.7, 1.3), rng.uniform(0.7, 1.5, 2), rng.uniform(0.85, 1.0)
    white = max(200.0, np.percentile(photo[::4, ::4], 98))
    for y, x, c in PLACES:
        through = t * (1 - min(0.97, strength * known_streaks[y, x]))
        assert int(rainy[y, x, c]) == pytest.approx(white + through * (clean[y, x, c] - white), abs=0.6)
    layers = lens_and_snow.snow_layers(2, seed=1, side=128)
    assert np.array_equal(layers[1], lens_and_snow.snow_layers(2, seed=1, side=128)[1])
    assert layers[0].max() > 100 and (layers[0] < 3).mean() > 0.5
    assert 0.02 < np.mean((layers[0] > 25) & (layers[0] < 150)), "soft edges"
    small, large = (np.pi * radius**2 for _, radius in (lens_and_snow.FLAKES[0], lens_and_snow.FLAKES[-1]))
    area = [(lens_and_snow.flake(radius, 1.0, 0.0) > 0.5).sum() for _, radius in lens_and_snow.FLAKES]
    assert area[0] == pytest.approx(small, abs=3) and area[-1] == pytest.approx(large, rel=0.2)


def test_rendered_pixels_are_those_of_the_recipe(source):
    """Means of two pairs of each domain.  If they change, raise RECIPE: the fingerprint names recorded runs."""
    found = {}
    for name in DOMAINS:
        pairs = rendered_domain(name, source).pairs
        found[name] = [round(float(image.mean()), 2) for i in (0, 1) for image in (pairs[i].rainy, pairs[i].clean)]
    assert rendered_domains.RECIPE == 1
    for name, means in RECORDED.items():
        assert found[name] == pytest.approx(means, abs=0.05), name


RECORDED = {
    "day": [114.72, 95.76, 113.73, 95.76],
    "haze": [102.91, 95.76, 104.08, 95.76],
    "night": [34.95, 33.66, 23.43, 23.09],
    "drops": [100.3, 95.76, 91.84, 95.76],
    "snow": [105.84, 95.76, 123.6, 95.76],
}


def test_the_fingerprint_names_what_pairs_depend_on(source):
    first = rendered_domain("day", source)
    others = (
        rendered_domain("night", source), rendered_domain("day", source, images=7), rendered_domain("day", source, seed=1),
        rendered_domain("day", replace(source, fingerprint="0" * 16)), rendered_domain("day", source, view=8),
    )  # fmt: skip
    assert len({domain.fingerprint for domain in (first, *others)}) == 6
    assert first.fingerprint == rendered_domain("day", source).fingerprint


def test_large_photos_are_cut_at_different_places(layers):
    y, x = np.mgrid[:500, :600]
    big = np.stack([y // 2, x // 3, 0 * x], axis=2).astype(np.uint8)
    pairs = RenderedPairs("day", [big], layers, weather.day, 4, 0)
    corners = [tuple(pairs[i].clean[0, 0]) for i in range(4)]
    assert pairs[0].clean.shape == (481, 481, 3) and len(set(corners)) > 1


def test_domains_mix_and_messages(source):
    mixed = MixedPairs(tuple(rendered_domain(name, source, images=2, view=8) for name in RAIN), view=8)
    batch = mixed.batch(0, 4, 32, 0)
    assert batch.rainy.shape == (4, 3, 32, 32) and batch.rainy_whole.shape == (4, 3, 8, 8)
    assert [mixed.summary()[f"{name}: pairs"] for name in RAIN] == [2, 4, 8]
    with pytest.raises(ValueError, match="domain 'fog': choose one of day, haze, night, drops, snow"):
        rendered_domain("fog", source)


# factor by which a mean density may be off, and by how much a share: loosely, the photos are others
FACTOR, APART = 1.35, 0.16


def held_to_the_published(domains, images):
    found = {name: densities(domains[name].pairs[i] for i in range(images)) for name in RAIN}
    stands_for = {"day": "Rain13K", "haze": "GT-Rain", "night": "GTAV-NightRain, crops"}
    for name, published in stands_for.items():
        mean = PUBLISHED[published].mean
        assert mean / FACTOR < found[name].mean() < mean * FACTOR, (name, found[name].mean(), mean)
        assert np.abs(shares(found[name]) - PUBLISHED[published].shares).max() < APART, (name, shares(found[name]))
    return found


@pytest.mark.slow
def test_densities_are_like_those_of_the_published_sets():
    domains = rendered_domains.rendered_domains("embedded", images=24)
    found = held_to_the_published(domains, 24)
    more = densities(domains["night"].pairs)
    target = target_shares([found["day"], found["haze"]])
    aligned = domains["night"].subset(align_density(more, target))
    assert 1.5 < densities(aligned.pairs).mean() / more.mean() < 3, "0.0971 / 0.0496 = 1.96 in the paper"


@pytest.mark.data
def test_densities_on_bsd_streaks_and_no_photo_of_a_test_set(tmp_path):
    from skimage.io import imread

    from rainmer_lib import paths

    base = unpaired("bsd-streaks")
    domains = {name: rendered_domain(name, base) for name in DOMAINS}
    held_to_the_published(domains, 100)
    root = paths.data_root() / "BSDS500"
    listed = (root / "EXCLUDE_overlaps_Rain100L_Rain100H_Rain12.txt").read_text().splitlines()
    leaks = {pixels(imread(root / "images" / line.split()[0])) for line in listed if line.strip()}
    held = {pixels(pair.clean) for pair in base.held_out}
    assert (len(leaks), len(held)) == (103, 24)
    for domain in domains.values():
        training = {pixels(image) for image in domain.pairs.photos}
        assert len(training) == 373 and not training & leaks and not training & held
        assert {pixels(image) for image in domain.held.photos} == held
    shown = {pixels(domains["day"].pairs[i].clean) for i in range(40)}
    assert shown <= {pixels(image) for image in domains["day"].pairs.photos}, "what is hashed is what is shown"


def pixels(image):
    return hashlib.sha256(repr(image.shape).encode() + np.ascontiguousarray(image).tobytes()).hexdigest()
