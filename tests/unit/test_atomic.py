"""Files and folders are replaced whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from rainmer_lib import atomic


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = atomic.write_text(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError):
        atomic.write(path, lambda part: (part.write_text("half"), (_ for _ in ()).throw(RuntimeError("disk full"))))
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_takes_the_place_of_the_old_one(tmp_path):
    for files in (["a", "b"], ["b", "c"]):
        path = atomic.write_folder(tmp_path / "deep" / "it", lambda part, files=files: [(part / f).touch() for f in files])
        assert names(path) == files and names(tmp_path / "deep") == ["it"]


def test_a_folder_whose_writing_fails_stays_as_it_was(tmp_path):
    def fail(part):
        (part / "b").write_text("half")
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError):
        atomic.write_folder(tmp_path / "it", fail)
    assert names(tmp_path) == []
    atomic.write_folder(tmp_path / "it", lambda part: (part / "a").write_text("old"))
    with pytest.raises(RuntimeError):
        atomic.write_folder(tmp_path / "it", fail)
    assert names(tmp_path) == ["it"] and names(tmp_path / "it") == ["a"]


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(tmp_path, monkeypatch):
    path, replace = atomic.write_folder(tmp_path / "it", lambda part: (part / "a").write_text("old")), os.replace

    def refuse(source, target):
        if source.name.endswith("new.tmp"):
            raise OSError("busy")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="busy"):
        atomic.write_folder(path, lambda part: (part / "b").write_text("new"))
    assert names(tmp_path) == ["it"] and names(path) == ["a"]


LONG = ["a" * 249 + ".png", "ä" * 125 + ".png", "a" * 251 + ".csv"]


@pytest.mark.parametrize("name", LONG, ids=len)
def test_the_longest_names_are_written(tmp_path, name):
    atomic.require_writable(tmp_path / name)
    assert names(tmp_path) == []
    atomic.write_text(tmp_path / name, "whole")
    assert names(tmp_path) == [name] and (tmp_path / name).read_text() == "whole"


@pytest.mark.parametrize("place", ["text.txt/deep/a.csv", "folder", "a" * 256, "text.txt/a.csv"])
def test_what_cannot_be_written_is_said_before_anything_is_computed(tmp_path, place):
    (tmp_path / "text.txt").write_text("old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="cannot be written") as refused:
        atomic.require_writable(tmp_path / place)
    assert str(tmp_path / place) in str(refused.value) and names(tmp_path) == ["folder", "text.txt"]


def test_a_device_is_not_replaced_by_a_file():
    with pytest.raises(OSError, match="/dev/null"):
        atomic.require_writable(Path("/dev/null"))


def test_a_folder_that_takes_no_file_is_named(tmp_path, monkeypatch):
    def refuse(part, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(part))

    monkeypatch.setattr(Path, "touch", refuse)  # the superuser may write everywhere
    with pytest.raises(PermissionError, match="cannot be written .Permission denied.*a.csv") as refused:
        atomic.require_writable(tmp_path / "new" / "a.csv")
    assert ".tmp" not in str(refused.value)


def test_asking_leaves_what_is_there(tmp_path):
    path = atomic.write_text(tmp_path / "a.txt", "old")
    atomic.require_writable(path)
    assert path.read_text() == "old" and names(tmp_path) == ["a.txt"]


def test_a_full_disk_names_the_file_that_was_to_be_written(tmp_path):
    def fill(part):
        part.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError) as full:
        atomic.write(tmp_path / "a.txt", fill)
    assert atomic.disk_is_full(full.value) and str(full.value).endswith(f"'{tmp_path / 'a.txt'}'")
    assert names(tmp_path) == [] and not atomic.disk_is_full(PermissionError(errno.EACCES, "no"))
    with pytest.raises(FileNotFoundError, match="other"):  # an error of another file keeps its name
        atomic.write(tmp_path / "a.txt", lambda part: (tmp_path / "other").read_bytes())
