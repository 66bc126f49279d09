"""Real training sets by the released pairing rules, on small folders of the same shape."""

import numpy as np
import pytest
from PIL import Image

from rainmer_lib.data import paired_folders
from rainmer_lib.data.paired_folders import CropPairs, FolderPairs, folder_domain, write_crops
from rainmer_lib.rainmer.alignment import densities


@pytest.fixture
def root(monkeypatch, tmp_path):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    return tmp_path


def put(path, level, size=(20, 24)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), level, np.uint8)).save(path)


def levels(pairs):
    """Name, level of the rainy and of the clean image of each pair."""
    return [(pair.name, int(pair.rainy[0, 0, 0]), int(pair.clean[0, 0, 0])) for pair in pairs]


def test_rain13k_by_equal_names(root):
    for i in range(3):
        put(root / "Rain13K" / "rain" / f"{i}.png", 100 + i)
        put(root / "Rain13K" / "norain" / f"{i}.png", 50 + i)
    domain = folder_domain("rain13k", view=8)
    assert levels(domain.pairs) == [("0", 100, 50), ("1", 101, 51), ("2", 102, 52)]
    batch = domain.batch(0, 2, 16, 0)
    assert batch.rainy.shape == (2, 3, 16, 16) and batch.clean_whole.shape == (2, 3, 8, 8)
    assert ((batch.rainy - batch.clean) * 255).round().unique().tolist() == [50]


def test_gt_rain_every_frame_with_the_clean_one_of_its_scene(root):
    train = root / "GT-Rain" / "GT-RAIN_train"
    for scene, level in (("Scene_a", 10), ("Scene_b", 20)):
        put(train / scene / f"{scene}-Webcam-C-000.png", level)
        for frame in range(2):
            put(train / scene / f"{scene}-Webcam-R-00{frame}.png", 100 + level + frame)
    domain = folder_domain("gt-rain")
    assert [row[1:] for row in levels(domain.pairs)] == [(110, 10), (111, 10), (120, 20), (121, 20)]


def test_whole_scenes_are_held_out(root):
    test_gt_rain_every_frame_with_the_clean_one_of_its_scene(root)
    domain = folder_domain("gt-rain", hold_out=1)
    assert len(domain.pairs) == 2 and len(domain.held) == 1
    assert {clean for *_, clean in levels(domain.pairs)}.isdisjoint(clean for *_, clean in levels(domain.held))
    assert domain.fingerprint != folder_domain("gt-rain").fingerprint
    with pytest.raises(ValueError, match="hold_out=2: gt-rain has 2 clean photos"):
        folder_domain("gt-rain", hold_out=2)


def test_held_out_photos_under_several_of_their_rains(root):
    train = root / "GT-Rain" / "GT-RAIN_train"
    for scene, level in (("Scene_a", 10), ("Scene_b", 20), ("Scene_c", 30)):
        put(train / scene / f"{scene}-Webcam-C-000.png", level)
        for frame in range(5 if scene == "Scene_a" else 2):
            put(train / scene / f"{scene}-Webcam-R-00{frame}.png", 100 + level + frame)
    seed = next(s for s in range(20) if len(folder_domain("gt-rain", hold_out=2, seed=s).pairs) == 2)  # a and another one
    held = folder_domain("gt-rain", hold_out=2, seed=seed).held
    scenes, numbers = held.under_rains(most=3)
    assert [row[1] % 10 for row in levels(held)] == [0, 0] and len(held) == 2
    assert numbers == [0, 0, 0, 1, 1] and [row[1] % 10 for row in levels(scenes)] == [0, 2, 4, 0, 1], "evenly spread"
    assert {clean for *_, clean in levels(scenes)} == {clean for *_, clean in levels(held)}


def test_the_balanced_night_crops(root):
    """0004_00_set1_0crop is rain over 0004_set1_0crop; 0011_00_set2 is left out."""
    train = root / "GTAV-NightRain" / "GTAV-balance" / "train"
    for rainy, clean, level in (
        ("0004_00_set1_0crop", "0004_set1_0crop", 1), ("0004_07_set1_0crop", "0004_set1_0crop", 2),
        ("0011_00_set2_3crop", "0011_set2_3crop", 3), ("0011_01_set2_3crop", "0011_set2_3crop", 4),
    ):  # fmt: skip
        put(train / "rainy" / f"{rainy}.png", 100 + level)
        put(train / "gt" / f"{clean}.png", int(clean[:4]))
    found = levels(folder_domain("gtav-balance").pairs)
    assert found == [("0004_00_set1_0crop", 101, 4), ("0004_07_set1_0crop", 102, 4), ("0011_01_set2_3crop", 104, 11)]


@pytest.fixture
def night(root, monkeypatch):
    """Frames of 20x40 and crops of 8: 2x3 fit in, rows 16-19 and columns 24-39 are dropped."""
    monkeypatch.setattr(paired_folders, "CROP", 8)
    y, x = np.mgrid[:20, :40]
    for part, rains, extra in (("rainy", ("_00", "_01"), 40), ("gt", ("",), 0)):
        for group, frame in (("set1", "0004"), ("set2", "0011")):
            folder = root / "GTAV-NightRain" / group / "train" / part
            folder.mkdir(parents=True)
            for rain in rains:
                image = np.stack([y + extra, x, np.full_like(x, int(frame))], axis=2).astype(np.uint8)
                Image.fromarray(image).save(folder / f"{frame}{rain}.png")
    return root


def test_night_frames_are_cut_into_two_rows_of_three(night):
    domain = folder_domain("gtav-crops")
    assert len(domain.pairs) == 6 * 4 - 6, "without the six crops of 0011_00_set2"
    names = [pair.name for pair in domain.pairs]
    assert names[:7] == [f"0004_00_set1_{k}crop" for k in range(6)] + ["0004_01_set1_0crop"]
    assert names[-1] == "0011_01_set2_5crop"
    for k in range(6):
        pair = domain.pairs[k]
        assert pair.clean.shape == (8, 8, 3)
        assert pair.clean[..., 0].tolist() == [[8 * (k // 3) + y] * 8 for y in range(8)]
        assert pair.clean[..., 1].tolist() == [[8 * (k % 3) + x for x in range(8)]] * 8
        assert (pair.rainy[..., 0].astype(int) - pair.clean[..., 0] == 40).all()
    assert len(folder_domain("gtav-frames").pairs) == 4


def test_held_out_frames_under_several_rains_are_crops_of_one_photo(night):
    held = folder_domain("gtav-crops", hold_out=1).held
    crops, numbers = held.under_rains(most=6)
    assert len(held) == 6 and len(crops) == 2 * 6 and set(numbers) == {0}
    assert [crops.name(i).split("_")[1] for i in range(12)] == ["00"] * 6 + ["01"] * 6


def test_aligned_crops_are_written_as_the_balanced_set(night):
    crops = folder_domain("gtav-crops").subset([0, 7, 6, 17])
    folder = write_crops(crops)
    assert sorted(p.name for p in (folder / "gt").iterdir()) == [
        "0004_set1_0crop.png", "0004_set1_1crop.png", "0011_set2_5crop.png"
    ]  # fmt: skip
    written = {pair.name: pair for pair in folder_domain("gtav-balance").pairs}
    assert written.keys() == {"0004_00_set1_0crop", "0004_01_set1_0crop", "0004_01_set1_1crop", "0011_01_set2_5crop"}
    for pair in crops.pairs:
        assert np.array_equal(pair.rainy, written[pair.name].rainy) and np.array_equal(pair.clean, written[pair.name].clean)
    assert densities(crops.pairs).shape == (4,)
    with pytest.raises(FileExistsError, match="move it away"):
        write_crops(crops)


def test_a_frame_that_is_too_small_is_named(night, monkeypatch):
    monkeypatch.setattr(paired_folders, "CROP", 16)
    with pytest.raises(ValueError, match="set1/train/0004_00: .* 2x3 crops of 16"):
        folder_domain("gtav-crops").pairs[0]


@pytest.mark.parametrize("name", paired_folders.WEATHERS)
@pytest.mark.parametrize("clean", ["gt", "target"])
def test_each_weather_of_all_in_one_by_equal_names(root, name, clean):
    for i in range(2):
        put(root / "All-in-One" / "train" / name / "input" / f"a{i}.png", 60 + i)
        put(root / "All-in-One" / "train" / name / clean / f"a{i}.png", 30 + i)
    assert levels(folder_domain(name).pairs) == [("a0", 60, 30), ("a1", 61, 31)]


def test_all_in_one_as_it_is_passed_on(root):
    put(root / "All-in-One" / "train" / "input" / "a.png", 60)
    put(root / "All-in-One" / "train" / "gt" / "a.png", 30)
    assert levels(folder_domain("all-in-one").pairs) == [("a", 60, 30)]


@pytest.mark.parametrize("name", [*paired_folders.REGISTERED, *paired_folders.WEATHERS])
def test_what_is_not_there_says_how_to_get_it(root, name):
    with pytest.raises(FileNotFoundError, match="is not there: no folder .*RAINMER_DATA.*(link|package|paper)"):
        folder_domain(name)


def test_messages(root):
    with pytest.raises(ValueError, match="training set 'rain14k': choose one of rain13k, gt-rain"):
        folder_domain("rain14k")
    put(root / "Rain13K" / "rain" / "0.png", 1)
    put(root / "Rain13K" / "norain" / "1.png", 1)
    with pytest.raises(ValueError, match="Rain13K: without a partner: 0.png, 1.png"):
        folder_domain("rain13k")
    (root / "Rain13K" / "rain" / "0.png").unlink()
    (root / "Rain13K" / "norain" / "1.png").unlink()
    with pytest.raises(ValueError, match="Rain13K: no pairs there"):
        folder_domain("rain13k")


def test_pairs_are_read_when_asked_for_and_the_last_are_kept(root, monkeypatch):
    test_rain13k_by_equal_names(root)
    reads = []
    real = paired_folders.read_pair
    monkeypatch.setattr(paired_folders, "read_pair", lambda entry: reads.append(entry.name) or real(entry))
    pairs = folder_domain("rain13k", cache=2).pairs
    assert isinstance(pairs, FolderPairs) and reads == []
    for i in (0, 1, 0, 2, 1, 2):
        assert pairs[i].name == str(i)
    assert reads == ["0", "1", "2", "1"], "a cache of two: 0 is still there, 1 was given up for 2"


def test_the_identity_changes_with_the_files(root):
    test_rain13k_by_equal_names(root)
    first = folder_domain("rain13k").fingerprint
    assert folder_domain("rain13k").fingerprint == first
    put(root / "Rain13K" / "rain" / "1.png", 7)
    assert folder_domain("rain13k").fingerprint != first


def test_crops_of_no_frames():
    assert len(CropPairs(FolderPairs([]))) == 0
