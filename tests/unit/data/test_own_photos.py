"""Training sets of own folders: what is held out, what identifies them, and what speaks against a training."""

import numpy as np
import pytest
from painted import folder, save, scene, under_rain

from rainmer_lib.data.own_photos import (
    WINDOW,
    paired_folders,
    pairs_to_test,
    require_no_leaks,
    unpaired_folders,
    with_real_folder,
)

QUIET = {"say": lambda _: None}


@pytest.fixture
def two(tmp_path):
    """Ten rainy photos and nine clean ones of other scenes."""
    return folder(tmp_path / "rainy", range(10), rainy=True), folder(tmp_path / "clean", range(100, 109))


def test_a_part_of_each_is_held_out_and_never_trained_on(two):
    data = unpaired_folders(*two, 32, **QUIET)
    assert data.summary() == {"rainy photos": 9, "clean exemplars": 8, "held-out pairs": 1} and data.photos == 9
    ((name, shown),) = data.shown.items()
    assert name not in data.rainy_photos.names and np.array_equal(shown, under_rain(scene(int(name[:4])), int(name[:4])))
    (pair,) = data.held_out
    assert pair.name not in data.clean_photos.names and np.array_equal(pair.clean, scene(int(pair.name[:4])))
    assert (pair.rainy.astype(int) - pair.clean).max() > 10 and data.held_out[0] is pair, "rain is rendered once"
    assert data.test_sets == () and "no ground truth" in "".join(data.remarks) and data.name.startswith("rainy+clean-")
    rainy, clean = data.batch(0, 4, 32, 0)
    assert rainy.shape == clean.shape == (4, 3, 32, 32)


def test_the_fingerprint_is_that_of_the_content(two):
    first = unpaired_folders(*two, 32, **QUIET)
    (two[0] / "0000.png").rename(two[0] / "0000b.png")
    assert unpaired_folders(*two, 32, **QUIET).fingerprint == first.fingerprint, "a name that keeps the order"
    save(scene(50), two[1] / "0100.png")
    changed = unpaired_folders(*two, 32, **QUIET)
    assert changed.fingerprint != first.fingerprint
    assert changed.record["clean"]["source"] == str(two[1]) and set(changed.record["clean"]["files"]) == {
        path.name for path in two[1].iterdir()
    }  # fmt: skip
    (two[0] / "0003.png").unlink()
    assert unpaired_folders(*two, 32, **QUIET).fingerprint not in (first.fingerprint, changed.fingerprint)


def test_a_pair_in_disguise_is_refused_with_its_files_unless_it_is_wanted(two):
    save(scene(4), two[1] / "other.png")
    with pytest.raises(ValueError, match="1 photos of .*not unpaired training:\n  0004.png and other.png: one view.*\nMove"):
        unpaired_folders(*two, 32, **QUIET)
    said = []
    assert len(unpaired_folders(*two, 32, allow_duplicates=True, say=said.append).clean_photos) == 9
    assert any("0004.png and other.png" in line for line in said)


def test_one_folder_given_twice_is_refused(two, tmp_path):
    with pytest.raises(ValueError, match="are the same folder"):
        unpaired_folders(two[0], f"{two[0]}/../rainy", 32, **QUIET)
    with pytest.raises(ValueError, match="10 files are in .*: rainy/0000.png.* keep folders apart"):
        unpaired_folders(tmp_path, two[0], 32, **QUIET)


def test_without_a_clean_folder_photos_that_are_present_are_taken_and_named(two, tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path / "data"))
    said = []
    data = unpaired_folders(two[0], "", 32, say=said.append)
    assert said[0] == "clean exemplars: 7 embedded photos; --clean FOLDER takes others"
    assert len(data.clean_photos) == 6 and data.record["clean"]["source"] == "embedded"


@pytest.fixture
def pairs(tmp_path):
    return folder(tmp_path / "in", range(9), rainy=True), folder(tmp_path / "gt", range(9), suffix=".bmp")


def test_pairs_are_matched_by_name_whatever_their_suffix(pairs):
    data = paired_folders(*pairs, 32, **QUIET)
    assert len(data.rainy_photos) == len(data.partners) == 8 and len(data.held_out) == 1
    for i, name in enumerate(data.rainy_photos.names):
        assert np.array_equal(data.partners[i], scene(int(name[:4])))
    assert np.array_equal(data.held_out[0].clean, scene(int(data.held_out[0].name[:4])))
    assert data.paired_batch(0, 2, 32, 0).rainy.shape == (2, 3, 32, 32)


def test_pairs_that_do_not_fit_are_named(pairs):
    said = []
    (pairs[0] / "0003.png").write_text("no photo")
    assert len(paired_folders(*pairs, 32, say=said.append).rainy_photos) == 7 and any("0003.png" in line for line in said)
    save(scene(5, (60, 73)), pairs[1] / "0005.bmp")
    with pytest.raises(ValueError, match="1 pairs differ in size: 0005.png"):
        paired_folders(*pairs, 32, **QUIET)
    (pairs[1] / "0006.bmp").unlink()
    with pytest.raises(ValueError, match="without a partner of the same name: 0006$"):
        paired_folders(*pairs, 32, **QUIET)


def test_a_test_set_is_whole_and_none_of_it_is_trained_on(two, pairs, tmp_path):
    tests = pairs_to_test(*pairs, **QUIET)
    assert [pair.name for pair in tests] == [f"{i:04d}.png" for i in range(9)]
    data = unpaired_folders(*two, 32, **QUIET)
    with pytest.raises(ValueError, match="leaks: [89] rainy training photos are in the test set:\n  0000.png and"):
        require_no_leaks(data, tests, allow=False)
    other = folder(tmp_path / "a", range(30, 33), rainy=True), folder(tmp_path / "b", range(30, 33))
    require_no_leaks(data, pairs_to_test(*other, **QUIET), allow=False)
    (other[0] / "0031.png").write_text("no photo")
    with pytest.raises(ValueError, match="0031.png cannot be used; repair or remove"):
        pairs_to_test(*other, **QUIET)


@pytest.fixture
def real(tmp_path):
    """Eight scenes, each twice under rain, of which no pair shows one."""
    place = folder(tmp_path / "real", range(200, 208), rainy=True)
    for seed in range(200, 208):
        save(under_rain(scene(seed), 9), place / f"1{seed}.png")
    return place


def test_real_photos_come_beside_pairs(pairs, real):
    base = paired_folders(*pairs, 32, **QUIET)
    data = with_real_folder(base, real, 32, **QUIET)
    names = set(data.real_rainy.names)
    held = {path.name for path in real.iterdir()} - names
    assert len(names) == 14 and len({name[1:] for name in held}) == 1, "a scene stays whole"
    assert data.fingerprint != base.fingerprint and set(data.record) == {"rainy", "clean", "real"}
    assert data.rainy_photos is base.rainy_photos and f"{len(names)} real rainy photos of" in data.remarks[-1]
    shown = [name.removeprefix("real: ") for name in data.shown if name.startswith("real: ")]
    assert shown and not set(shown) & names and len(data.shown) == len(shown) + 1, "beside a held-out pair"
    crops = data.real_batch(0, 4, 32, 0)
    assert crops.shape == (4, 3, 32, 32)
    save(scene(400), real / "0201.png")
    assert with_real_folder(base, real, 32, **QUIET).fingerprint != data.fingerprint


def test_real_photos_that_cannot_be_used_are_named(pairs, real, tmp_path):
    base, said = paired_folders(*pairs, 32, **QUIET), []
    (real / "0200.png").write_text("no photo")
    with_real_folder(base, real, 32, say=said.append)
    assert any("0200.png" in line for line in said)
    with pytest.raises(ValueError, match="1 photo to train on, at least 4 are needed"):
        with_real_folder(base, folder(tmp_path / "one", [300], rainy=True), 32, **QUIET)
    trained = next(iter(base.rainy_photos.names))
    save(under_rain(scene(int(trained[:4])), 77), real / "again.png")
    with pytest.raises(ValueError, match=f"show what a rainy photo of the pairs shows.*\n  again.png and {trained}"):
        with_real_folder(base, real, 32, **QUIET)
    with_real_folder(base, real, 32, allow_duplicates=True, say=said.append)
    assert any("again.png" in line for line in said)


def test_a_real_photo_of_the_test_set_is_a_leak(pairs, real, tmp_path):
    data = with_real_folder(paired_folders(*pairs, 32, **QUIET), real, 32, **QUIET)
    seed = int(data.real_rainy.names[0][1:4])
    tests = pairs_to_test(folder(tmp_path / "a", [seed], rainy=True), folder(tmp_path / "b", [seed]), **QUIET)
    with pytest.raises(ValueError, match="leaks: [12] real rainy training photos are in the test set"):
        require_no_leaks(data, tests, allow=False)


def test_large_photos_are_shown_by_their_middle(tmp_path):
    rainy = folder(tmp_path / "rainy", range(4), rainy=True, size=(WINDOW + 40, WINDOW + 10))
    clean = folder(tmp_path / "clean", range(50, 54))
    (shown,) = unpaired_folders(rainy, clean, 32, **QUIET).shown.values()
    assert shown.shape == (WINDOW, WINDOW, 3)
