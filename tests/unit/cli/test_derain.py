"""`rainmer derain`: results, what is never overwritten, messages in place of tracebacks."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import quantise
from rainmer_lib.pretrained.models import DEFAULT, load_model


def test_derain_a_file_keeps_its_size_and_changes_it(run, photo, tmp_path):
    source, target = photo(tmp_path / "a.png", (37, 51)), tmp_path / "out" / "b.png"
    assert run("derain", source, target) == 0
    before, after = (np.asarray(Image.open(path)).astype(int) for path in (source, target))
    assert before.shape == after.shape and 0 < np.abs(before - after).mean() < 128


def test_derain_is_what_the_library_does(run, photo, tmp_path):
    source = photo(tmp_path / "a.png")
    assert run("derain", source, tmp_path / "b.png") == 0
    expected = quantise(derain(load_model(DEFAULT), np.asarray(Image.open(source))), "round")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "b.png")), expected)


def test_derain_a_folder_goes_on_past_bad_files(run, photo, tmp_path, capsys):
    photo(tmp_path / "in" / "a.png"), photo(tmp_path / "in" / "deep" / "c.jpg", mode="L")
    (tmp_path / "in" / "b.png").write_bytes((tmp_path / "in" / "a.png").read_bytes()[:300])
    (tmp_path / "in" / "empty.jpg").touch()
    assert run("derain", tmp_path / "in", tmp_path / "out") == 1
    printed = capsys.readouterr()
    assert "2 of 4 images derained" in printed.out
    assert "b.png" in printed.err and "empty.jpg" in printed.err and "Traceback" not in printed.err
    assert {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.*")} == {"a.png", "deep/c.jpg"}


def test_derain_never_overwrites_its_input(run, photo, tmp_path, capsys):
    source = photo(tmp_path / "in" / "a.png")
    (tmp_path / "link.png").symlink_to(source)
    before = source.read_bytes()
    for words in ([source, source], [tmp_path / "in", tmp_path / "in"], [source, tmp_path / "link.png"],
                  [source, tmp_path / "in"]):  # fmt: skip
        assert run("derain", *words) == 2
        assert "overwritten" in capsys.readouterr().err
    assert source.read_bytes() == before


def test_derain_into_a_folder_around_or_inside_the_input(run, photo, tmp_path, monkeypatch):
    photo(tmp_path / "photos" / "a.png")
    monkeypatch.chdir(tmp_path)
    assert run("derain", "photos", ".") == 0 and Path("a.png").exists()
    for _ in range(2):  # the second time, there is an output inside the input
        assert run("derain", "photos", "photos/out") == 0
    assert sorted(p.name for p in Path("photos").rglob("*")) == ["a.png", "a.png", "out"]


def test_derain_can_go_on_after_a_stop(run, photo, tmp_path):
    photo(tmp_path / "in" / "a.png"), photo(tmp_path / "in" / "b.png", seed=1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").write_bytes(b"done before")
    assert run("derain", tmp_path / "in", tmp_path / "out", "--keep") == 0
    assert (tmp_path / "out" / "a.png").read_bytes() == b"done before" and (tmp_path / "out" / "b.png").exists()


def test_an_output_that_cannot_be_written_is_named(run, photo, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert run("derain", photo(tmp_path / "a.png"), tmp_path / "file" / "b.png") == 1
    assert "a.png" in capsys.readouterr().err


WRONG = {
    "no such input": (["derain", "nothing.png", "out.png"], "no such file"),
    "no such model": (["derain", "a.png", "b.png", "--model", "derainer"], "choose one of dcdgan-small"),
    "weights absent": (["derain", "a.png", "b.png", "--model", "prenet-rain100l"], "csdwren/PReNet"),
    "a folder that is no run": (["derain", "a.png", "b.png", "--model", "folder"], "is neither the folder of a finished run"),
    "no images": (["derain", "folder", "out"], "no images"),
    "folder onto file": (["derain", "photos", "a.png"], "is a file"),
    "no memory": (["derain", "a.png", "b.png", "--memory", "-1"], "above 0"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_one_message(words, message, refused):
    refused(words, message)
