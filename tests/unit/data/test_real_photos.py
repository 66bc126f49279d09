"""Real rainy photos beside pairs: no scene on both sides of the split, and a clear word where there are none."""

from dataclasses import replace

import numpy as np
import pytest
from painted import folder

from rainmer_lib import paths
from rainmer_lib.data.real_photos import ALSO, HELD_SHARE, merged, real147, split, with_real_photos


def test_groups_that_overlap_are_one_scene():
    assert merged(list("abcdef"), [["a", "c"], ["d", "e"], ["c", "e"], ["f", "x"]]) == [list("acde"), ["b"], ["f"]]
    assert merged(list("ab"), []) == [["a"], ["b"]]


def test_a_split_keeps_scenes_whole():
    found = [[f"{i}{letter}" for letter in "abc"[: 1 + i % 3]] for i in range(20)]
    train, held = split(found)
    assert sorted(train + held) == sorted(name for scene in found for name in scene)
    assert all(len({name in held for name in scene}) == 1 for scene in found)
    assert sum(scene[0] in held for scene in found) == 20 // HELD_SHARE and split(found) == (train, held)
    assert len(split([["a"], ["b"]])[1]) == 1, "at least one"


def test_without_real_photos_the_embedded_ones_stand_in(streaked):
    data, said = with_real_photos(streaked)
    assert data is streaked and "stand in" in said
    crops = data.real_batch(0, 2, 32, 0)
    assert crops.shape == (2, 3, 32, 32)
    assert not np.array_equal(crops[0], data.batch(0, 2, 32, 0).rainy[0]), "drawn independently of the other batches"


def test_other_sets_ask_for_the_photos(streaked, tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="Real147"):
        with_real_photos(replace(streaked, name="bsd-streaks"))


def test_the_photos_of_real147_are_split_by_its_groups(streaked, tmp_path, monkeypatch):
    names = [*range(1, 13), 33, 75, 107, 120]
    folder(tmp_path / "Real147_SIRR" / "images", names, rainy=True, suffix=".jpg")
    for path in (tmp_path / "Real147_SIRR" / "images").iterdir():
        path.rename(path.with_stem(str(int(path.stem))))
    (tmp_path / "Real147_SIRR" / "NEAR_DUPLICATE_GROUPS.txt").write_text("1.jpg 2.jpg\n3.jpg 4.jpg 5.jpg\n33.jpg 75.jpg\n")
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    train, held = real147()
    assert len(train) + len(held) == len(names) and not set(train) & set(held)
    for group in (("1", "2"), ("3", "4", "5"), *ALSO):
        assert len({name in held for name in group}) == 1, group
    base = replace(streaked, name="bsd-streaks")
    data, said = with_real_photos(base)
    assert len(data.real_rainy) == len(train) and data.fingerprint != base.fingerprint
    assert f"{len(train)} real rainy photos of Real147; {len(held)} of other scenes" in said
    assert with_real_photos(data)[0] is data, "those that a set has are taken"


@pytest.mark.data
@pytest.mark.skipif(not (paths.data_root() / "Real147_SIRR").is_dir(), reason="the photos of Real147 are not there")
def test_of_real147_a_quarter_of_the_scenes_is_kept():
    train, held = real147()
    assert len(train) + len(held) == 147 and 20 <= len(held) <= 50
