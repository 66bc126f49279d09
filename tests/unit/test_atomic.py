"""Files and folders are replaced whole or not at all."""

import os

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
