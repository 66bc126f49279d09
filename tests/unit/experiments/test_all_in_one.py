"""Rain, drops and snow in one training set: what it draws, what each method is shown, and what the verdicts compare."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from rainmer_lib.data.rendered_domains import rendered_domain
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.experiments import all_in_one
from rainmer_lib.experiments import compare as comparing
from rainmer_lib.experiments import runs as experiment_runs
from rainmer_lib.experiments.all_in_one import (
    INPUT,
    METHODS,
    ONE,
    PUBLISHED,
    RAIN_ONLY,
    WEATHERS,
    PublishedWeathers,
    on_weathers,
    rendered_weathers,
)
from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.methods import METHODS as ALL_METHODS
from rainmer_lib.workflow.parameters import check_parameters


@pytest.fixture(scope="module")
def source():
    rng = np.random.default_rng(0)
    photo = rng.integers(60, 160, (40, 48, 3), dtype=np.uint8)
    layers = [(rng.uniform(0, 1, (60, 70)) > 0.9).astype(np.uint8) * 120 for _ in range(8)]
    return UnpairedRain("tiny", [photo], [photo[::-1]], layers, [Pair(n, photo, photo[:, ::-1]) for n in "abc"], "f" * 16)


@pytest.fixture(scope="module")
def weathers(source):
    return rendered_weathers(source, pairs=4, held=2, view=16)


def test_each_weather_is_its_rendered_domain(weathers, source):
    assert list(weathers.domains) == list(weathers.held_out) == ["rain", "drops", "snow"]
    for name, domain in weathers.domains.items():
        plain = rendered_domain(WEATHERS[name][0], source, images=4, view=16)
        assert len(domain.pairs) == 4 and len(domain.held) == 2
        for ours, theirs in ((domain.pairs[3], plain.pairs[3]), (domain.held[1], plain.held[1])):
            assert np.array_equal(ours.rainy, theirs.rainy) and np.array_equal(ours.clean, theirs.clean)
    assert weathers.summary()["snow: pairs"] == 4


def test_every_weather_is_drawn_equally_often_and_rain_only_draws_rain(weathers):
    assert weathers.only(METHODS[ONE]).chances == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    rng = np.random.default_rng(0)
    drawn = [weathers.only(METHODS[RAIN_ONLY]).draw(rng).name.split("-")[0] for _ in range(20)]
    assert set(drawn) == {WEATHERS["rain"][0]}
    seen = {weathers.only(METHODS[ONE]).draw(rng).name.split("-")[0] for _ in range(40)}
    assert seen == {domain for domain, _ in WEATHERS.values()}


def test_the_fingerprint_names_photos_pairs_and_weathers(weathers, source):
    prints = {
        weathers.fingerprint, weathers.only(("rain",)).fingerprint, weathers.only(("rain", "snow")).fingerprint,
        rendered_weathers(source, pairs=3, held=2, view=16).fingerprint, rendered_weathers(source, 4, 2, 24).fingerprint,
        rendered_weathers(replace(source, fingerprint="0" * 16), 4, 2, 16).fingerprint,
    }  # fmt: skip
    assert len(prints) == 6
    assert rendered_weathers(source, pairs=4, held=1, view=16).fingerprint == weathers.fingerprint, "held-out pairs train none"
    with pytest.raises(ValueError, match="pairs=0, held=2: expected at least one pair of each weather"):
        rendered_weathers(source, 0, 2, 16)


@pytest.fixture
def folders(monkeypatch, tmp_path):
    """Three pairs of each set of All-in-One, in folders of their shape."""
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    for number, (folder, truth) in enumerate({"outdoorrain": "gt", "raindrop": "gt", "snow": "gt"}.items()):
        for i in range(3):
            for part, value in (("input", 200), (truth, 50)):
                path = tmp_path / "All-in-One" / "train" / folder / part / f"{i}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(np.full((40, 48, 3), value + 10 * number + i, np.uint8)).save(path)
    return tmp_path


def test_who_has_the_three_sets_trains_on_them(folders):
    """One photo of each is held out; the weather of a pair is known by its value."""
    found = PublishedWeathers().weathers(held=1, view=16)
    assert (found.name, list(found.domains)) == ("published", list(WEATHERS))
    for number, (name, domain) in enumerate(found.domains.items()):
        pairs = [*domain.pairs, *found.held_out[name]]
        values = sorted(int(p.clean[0, 0, 0]) for p in pairs)
        assert len(domain.pairs) == 2 and values == [50 + 10 * number + i for i in range(3)]
        assert all(int(p.rainy[0, 0, 0]) - int(p.clean[0, 0, 0]) == 150 for p in pairs)
    assert found.only(METHODS[ONE]).fingerprint != found.only(METHODS[RAIN_ONLY]).fingerprint
    kinds = {"profile": str, "data": str, "seeds": int}
    given = {"__annotations__": kinds, "profile": "quick", "data": "published", "seeds": 1}
    settings = on_weathers(check_parameters(given, PUBLISHED))
    assert settings.test_sets == tuple(WEATHERS) and settings.data.fingerprint and settings.suffix().startswith("__data-pub")
    assert not found.rendered


def test_two_of_the_sets_are_enough_if_rain_is_among_them(folders):
    train, said = folders / "All-in-One" / "train", []
    (train / "snow").rename(folders / "snow")
    source = PublishedWeathers()
    found = source.weathers(held=1, view=16, say=said.append)
    assert source.name == found.name == "outdoorrain+raindrop" and list(found.domains) == ["rain", "drops"]
    assert said == ["absent: snow; the model of all weathers is trained on rain, drops"]
    rows = all_in_one.rows(PROFILES["quick"], tuple(found.domains))
    assert {label: row.remark for label, row in rows.items()} == {RAIN_ONLY: "trained on rain", ONE: "trained on rain, drops"}
    assert rows[ONE].data(found).fingerprint == found.fingerprint != rows[RAIN_ONLY].data(found).fingerprint
    (train / "raindrop").rename(folders / "raindrop")
    with pytest.raises(FileNotFoundError, match="rain and one more weather are needed. .*raindrop.*snow"):
        PublishedWeathers()
    (folders / "raindrop").rename(train / "raindrop")
    (train / "outdoorrain").rename(folders / "outdoorrain")
    with pytest.raises(FileNotFoundError, match="rain and one more weather are needed. .*outdoorrain"):
        PublishedWeathers()


@pytest.fixture
def settings(source, quick, monkeypatch):
    monkeypatch.setitem(all_in_one.PAIRS, "quick", (3, 2))
    return on_weathers(quick(source, seeds=2, asked=2))


def test_both_methods_train_alike_on_their_weathers_and_are_scored_on_all(settings, monkeypatch):
    trained = []

    def train_run(label, method, config, data, size, say):
        trained.append((label, method.name, config, data.name, size.name))
        return label

    monkeypatch.setattr(experiment_runs, "train_run", train_run)
    monkeypatch.setattr(comparing, "scored", lambda runs, given: (runs, given.test_sets))
    runs, test_sets = comparing.compare(all_in_one.rows(settings.profile), settings)
    assert test_sets == ("rain", "drops", "snow") and runs == 2 * [RAIN_ONLY, ONE]
    rainmer = ALL_METHODS["rainmer"]
    expected = [(label, "rainmer", rainmer.at("quick", seed=seed), "+".join(METHODS[label]), "quick")
                for seed in range(2) for label in (RAIN_ONLY, ONE)]  # fmt: skip
    assert trained == expected


def test_what_a_row_says_it_is_trained_on(settings):
    remarks = {label: row.remark for label, row in all_in_one.rows(settings.profile).items()}
    assert remarks == {RAIN_ONLY: "trained on rain", ONE: "trained on rain, drops, snow"}


def test_verdicts_compare_with_the_input_and_with_rain_only():
    """Better than the input everywhere; better than rain only on drops, worse on rain."""
    level = {("rain", RAIN_ONLY): 33.0, ("drops", RAIN_ONLY): 28.0, ("snow", RAIN_ONLY): 31.0}
    rows = []
    for weather in WEATHERS:
        for seed in range(3):
            for image in range(8):
                bump = 0.01 * image + 0.02 * seed
                rows += [(ONE, seed, weather, f"{image}", 31.0 + bump), (RAIN_ONLY, seed, weather, f"{image}",
                         level[weather, RAIN_ONLY] + (0.01 * (-1) ** seed if weather == "snow" else 0) + bump)]  # fmt: skip
        rows += [(INPUT, -1, weather, f"{image}", 27.0) for image in range(8)]
    scores = pd.DataFrame(rows, columns=["method", "seed", "test_set", "image", "psnr"]).assign(ssim=0.9, protocol="rainmer")
    means = scores.groupby(["method", "seed", "test_set", "protocol"])[["psnr", "ssim"]].mean().reset_index()
    found = all_in_one.verdicts(SimpleNamespace(scores=scores, means=lambda: means), "rainmer")
    table = found[found.metric == "psnr"].set_index(["over", "worse", "test_set"]).sort_index().verdict
    assert set(found.better) == {ONE} and len(found) == 2 * 2 * 3 * 2
    for over in ("seeds", "images"):
        assert (table[over, INPUT] == "supported").all()
        assert table[over, RAIN_ONLY, "drops"] == "supported" and table[over, RAIN_ONLY, "rain"] == "contradicted"
    assert table["seeds", RAIN_ONLY, "snow"] == "inconclusive"
