"""Folders are read once; what cannot be used is named with its reason, and what cannot be trained on is refused."""

import os

import numpy as np
import png
import pytest
from painted import folder, save, scene
from PIL import Image

from rainmer_lib.data import photos
from rainmer_lib.data.own_folders import EMBEDDED, exemplars, files_of, read_folder, read_photo


@pytest.fixture
def said():
    return []


def test_photos_of_any_format_are_read_in_subfolders(tmp_path, said):
    for number, suffix in enumerate((".png", ".jpg", ".webp", ".bmp")):
        save(scene(number), tmp_path / f"sub{number}" / f"photo{suffix}")
    found = read_folder(tmp_path, 32, said.append)
    assert found.names == tuple(sorted(found.names)) and "sub1/photo.jpg" in found.names and len(found.photos) == 4
    assert np.array_equal(found.photos.by_name["sub0/photo.png"], scene(0)) and not found.unusable
    assert all(len(digest) == 16 for digest in found.digests.values()) and len(set(found.digests.values())) == 4
    assert said == [f"{tmp_path}: 4 photos are few; expect little below 30"]


def test_what_cannot_be_used_is_named_counted_and_left_out(tmp_path, said):
    folder(tmp_path, range(6))
    save(scene(9, (20, 90)), tmp_path / "small.png")
    whole = (tmp_path / "0000.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("no photo")
    (tmp_path / "empty.png").touch()
    found = read_folder(tmp_path, 32, said.append)
    assert found.names == tuple(f"{i:04d}.png" for i in range(6)) and list(found.unusable) == sorted(found.unusable)
    text = "\n".join(said)
    assert f"{tmp_path}: 4 photos cannot be used and are left out:" in text
    assert "small.png: 90x20 pixels, smaller than the crop of 32" in text and "text.jpg: not an image" in text
    assert "cut.png: truncated" in text and "empty.png: the file is empty" in text


def test_of_many_reasons_some_are_told_and_the_others_counted(tmp_path, said):
    folder(tmp_path, range(4))
    for number in range(20):
        (tmp_path / f"x{number:02d}.png").write_text("no photo")
    read_folder(tmp_path, 32, said.append)
    assert "20 photos cannot be used" in said[0] and said[9] == "  and 12 more" and len(said) == 11


def test_what_cannot_be_trained_on_is_refused(tmp_path, said):
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        read_folder(tmp_path / "nowhere", 32)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no images in it, it holds nothing; photos are read as PNG, JPEG"):
        read_folder(tmp_path / "empty", 32)
    (tmp_path / "empty" / "notes.txt").write_text("words")
    with pytest.raises(FileNotFoundError, match="no images in it, it holds 1 files of other kinds"):
        read_folder(tmp_path / "empty", 32)
    one = folder(tmp_path / "one", [1])
    with pytest.raises(ValueError, match="one: 1 photo to train on, at least 4 are needed$"):
        read_folder(one, 32)
    small = folder(tmp_path / "small", range(40), size=(20, 20))
    with pytest.raises(ValueError, match="0 photos to train on.*40 cannot be used: 0000.png: 20x20 pixels, small.*32 more"):
        read_folder(small, 48)
    with pytest.raises(NotADirectoryError, match="is a file: give a folder"):
        read_folder(one / "0001.png", 32)
    with pytest.raises(ValueError, match="Rain800 holds paired images"):
        read_folder("rain800/train", 32)


def test_a_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    """Made to fail by hand: whoever may read everything would not be refused."""
    folder(tmp_path / "photos" / "locked", range(4))
    really = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return really(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError, match="locked: this folder cannot be read .Permission denied.; change its permissions"):
        files_of(tmp_path / "photos")


def test_a_file_that_may_not_be_read_is_one_that_cannot_be_used(tmp_path, said, monkeypatch):
    folder(tmp_path, range(5))
    from rainmer_lib.data import own_folders

    def refuse(path):
        if path.name == "0002.png":
            raise PermissionError(13, "Permission denied", str(path))
        return read_photo(path)

    monkeypatch.setattr(own_folders, "read_photo", refuse)
    assert len(read_folder(tmp_path, 32, said.append).names) == 4 and "  0002.png: Permission denied" in said


def test_deep_photos_become_8_bits(tmp_path):
    rows = [[256 * 10, 256 * 20 + 200, 65535] * 3, [0, 128, 129] * 3]
    with open(tmp_path / "deep.png", "wb") as file:
        png.Writer(3, 2, greyscale=False, bitdepth=16).write(file, rows)
    assert read_photo(tmp_path / "deep.png")[0, 0].tolist() == [10, 21, 255]
    Image.fromarray(np.full((4, 4, 4), 7, np.uint8)).save(tmp_path / "clear.png")
    assert read_photo(tmp_path / "clear.png").shape == (4, 4, 3)


def test_photos_that_are_present_stand_in_for_a_folder(tmp_path, monkeypatch, said):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    assert exemplars() == EMBEDDED and len(files_of(EMBEDDED)) == len({*photos.RAINY, *photos.CLEAN, *photos.HELD_OUT})
    folder(tmp_path / "BSDS500" / "images" / "train", range(5), suffix=".jpg")
    (tmp_path / "BSDS500" / "EXCLUDE_overlaps_Rain100L_Rain100H_Rain12.txt").write_text("train/0002.jpg shown by a test\n")
    assert exemplars() == "bsds500/leak-free"
    assert read_folder(exemplars(), 32, said.append).names == tuple(f"train/{i:04d}" for i in (0, 1, 3, 4))
    with pytest.raises(FileNotFoundError, match="Real147.*is not there"):
        files_of("real147")
