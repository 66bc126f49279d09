"""Rain13K, GT-Rain and GTAV-NightRain as domains: on small folders of their shape, with a leak."""

import numpy as np
import pytest
from PIL import Image

from rainmer_lib.data import paired_folders, registry
from rainmer_lib.experiments.rainmer import PRINTED, on_domains
from rainmer_lib.rainmer import published
from rainmer_lib.rainmer.alignment import rain_density, shares
from rainmer_lib.rainmer.published import PUBLISHED, PublishedSets, shown_by_tests
from rainmer_lib.workflow.parameters import WrongParameter, check_parameters

HEIGHT, WIDTH = 80, 120
NAMES = ["rain13k-train", "gt-rain-train", "gtav-crops-train"]
FOLDERS = {"rain13k": "Rain13K", "gt-rain": "GT-Rain", "gtav-crops": "GTAV-NightRain"}


def photo(seed):
    """Smooth random structure, so that photos of different seeds are as unlike as real ones."""
    small = np.random.default_rng(seed).uniform(40, 160, (6, 8, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))


def put(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def rainy(clean, amount):
    """`amount` of 255 added to every other column."""
    wet = clean.astype(int)
    wet[:, ::2] += amount
    return wet.clip(0, 255).astype(np.uint8)


@pytest.fixture
def sets(monkeypatch, tmp_path):
    """Four pairs of Rain13K, the last one of a photo of Rain12; two scenes of GT-Rain; two night frames in six rains."""
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    monkeypatch.setenv("RAINMER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(paired_folders, "CROP", 40)
    monkeypatch.setattr(published, "HELD_OUT", {"rain13k": 1, "gt-rain": 1, "gtav-crops": 1})
    for i in range(4):
        put(tmp_path / "Rain13K" / "target" / f"{i}.png", photo(i))
        put(tmp_path / "Rain13K" / "input" / f"{i}.png", rainy(photo(i), 30 + 10 * i))
    for i in range(12):
        put(tmp_path / "Rain12" / "norain" / f"{i + 1:03d}.png", photo(3 if i == 7 else 50 + i))
        put(tmp_path / "Rain12" / "rain" / f"{i + 1:03d}.png", rainy(photo(3 if i == 7 else 50 + i), 40))
    for scene in ("Scene_a", "Scene_b"):
        folder = tmp_path / "GT-Rain" / "GT-RAIN_train" / scene
        put(folder / f"{scene}-Webcam-C-000.png", photo(hash_of(scene)))
        for frame in range(2):
            put(folder / f"{scene}-Webcam-R-00{frame}.png", rainy(photo(hash_of(scene)), 10 + 30 * frame))
    for frame in ("0004", "0005"):
        night = tmp_path / "GTAV-NightRain" / "set1" / "train"
        put(night / "gt" / f"{frame}.png", photo(hash_of(frame)))
        for rain in range(6):
            put(night / "rainy" / f"{frame}_{rain:02d}.png", rainy(photo(hash_of(frame)), 3 + 8 * rain))
    return tmp_path


def hash_of(name):
    return 100 + sum(name.encode())


def on_published(view=16):
    return PublishedSets().aligned(view, say=lambda text: None)


def test_the_three_sets_are_domains_of_which_the_night_is_aligned(sets):
    data = on_published()
    assert [domain.name for domain in data.mixed.domains] == NAMES == list(data.held_out)
    assert [len(domain.pairs) for domain in data.mixed.domains][:2] == [2, 2], "one photo is held out, one leaks; one scene"
    assert [len(held) for held in data.held_out.values()] == [1, 1, 6]
    for number, pair in zip(data.chosen, data.mixed.domains[2].pairs, strict=True):
        assert data.before["gtav-crops-train"][number] == rain_density(pair.rainy, pair.clean)
    assert 0 < len(data.chosen) < len(data.night.pairs) == 36
    batch = data.batch(0, 3, 32, seed=0)
    assert batch.rainy.shape == (3, 3, 32, 32) and batch.rainy_whole.shape == (3, 3, 16, 16)


def test_what_a_test_set_shows_is_left_out(sets):
    assert shown_by_tests("rain13k", say=lambda text: None) == ("3",)
    trained = [pair.name for pair in on_published().mixed.domains[0].pairs]
    held = [pair.name for pair in on_published().held_out["rain13k-train"]]
    assert sorted(trained + held) == ["0", "1", "2"]
    (sets / "Rain12").rename(sets / "elsewhere")
    assert shown_by_tests("rain13k", say=lambda text: None) == ()
    assert len(on_published().mixed.domains[0].pairs) == 3


def test_densities_and_leaks_are_measured_once(sets, monkeypatch):
    first = on_published()
    monkeypatch.setattr(published, "leaks", lambda *args: pytest.fail("searched again"))
    monkeypatch.setattr(published, "densities_of", lambda *args: pytest.fail("measured again"))
    again = on_published()
    assert again.fingerprint == first.fingerprint and np.array_equal(again.chosen, first.chosen)


def test_data_is_published_where_the_notebook_offers_it(sets):
    kinds = {"profile": str, "data": str, "seeds": int}
    given = {"__annotations__": kinds, "profile": "quick", "data": "published", "seeds": 2}
    settings = on_domains(check_parameters(given, PUBLISHED))
    assert settings.test_sets == tuple(NAMES) and settings.suffix() == "__data-published__seeds-2"
    with pytest.raises(WrongParameter, match="choose one of auto, embedded, bsd-streaks, (?!.*published)"):
        check_parameters(given)


def only(sets, *names):
    """Leave these sets alone where they are looked for."""
    for name, folder in FOLDERS.items():
        if name not in names:
            (sets / folder).rename(sets / f"elsewhere-{folder}")


def test_night_is_aligned_with_the_one_other_set_that_is_there(sets):
    only(sets, "gt-rain", "gtav-crops")
    source, said = PublishedSets(), []
    data = source.aligned(16, said.append)
    assert source.name == data.name == "gt-rain+gtav-crops" and data.aligned
    assert list(data.held_out) == ["gt-rain-train", "gtav-crops-train"] and list(data.others) == ["gt-rain-train"]
    found, target = shares(data.before["gtav-crops-train"][data.chosen]), shares(data.others["gt-rain-train"])
    assert np.abs(found - target).max() <= 2 / len(data.chosen)
    assert said[0] == "trained on gt-rain, gtav-crops; absent: rain13k, so this is not the paper's mixture"
    assert said[1] == "gtav-crops is aligned with gt-rain alone, not with the mean of two sets"


@pytest.mark.parametrize("names", [("rain13k", "gt-rain"), ("rain13k",), ("gtav-crops",)], ids="+".join)
def test_without_night_or_with_night_alone_nothing_is_aligned_or_measured(sets, names, monkeypatch):
    monkeypatch.setattr(published, "densities_of", lambda *args: pytest.fail("measured for nothing"))
    only(sets, *names)
    source, said = PublishedSets(), []
    data = source.aligned(16, said.append)
    assert data.name == "+".join(names) and [d.name for d in data.mixed.domains] == [f"{name}-train" for name in names]
    assert not data.aligned and data.others == {} and "before alignment" not in str(data.summary())
    assert "nothing is aligned: alignment needs gtav-crops and at least one other set" in said
    assert data.batch(0, 2, 32, seed=0).rainy.shape == (2, 3, 32, 32)
    with pytest.raises(ValueError, match="nothing is aligned here"):
        data.unaligned()


def test_all_three_are_the_papers_and_nothing_is_remarked(sets):
    assert PublishedSets().remarks() == [] and PublishedSets().name == PublishedSets.name == "published"


def test_no_set_says_how_to_get_each_and_a_broken_one_is_named(sets):
    (sets / "Rain13K" / "target" / "0.png").unlink()
    with pytest.raises(ValueError, match="Rain13K: without a partner: 0.png"):
        PublishedSets()
    only(sets)
    with pytest.raises(FileNotFoundError, match="none of .* Rain13K is not there.*GT-Rain.* is not there.*GTAV.* is not there"):
        PublishedSets()


def test_held_out_scenes_of_gt_rain_are_not_taken_for_its_test_set(sets):
    """The printed table of `rainmer_benchmarks` has a row GT-Rain, the test set, which is absent here."""
    data = on_published()
    assert PRINTED["GT-Rain"] in registry.BENCHMARKS and PRINTED["GT-Rain"] not in data.held_out


def test_a_notebook_that_compares_domains_says_that_it_needs_two(sets, monkeypatch):
    only(sets, "gt-rain")
    monkeypatch.setattr(published, "leaks", lambda *args: pytest.fail("searched for nothing"))
    kinds = {"profile": str, "data": str, "seeds": int}
    given = {"__annotations__": kinds, "profile": "quick", "data": "published", "seeds": 1}
    with pytest.raises(WrongParameter, match="needs 2 of the sets; here is gt-rain alone"):
        on_domains(check_parameters(given, PUBLISHED), fewest=2)
