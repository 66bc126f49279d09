"""`rainmer evaluate`: files against files, without a reference, and a model on a test set."""

import pandas as pd
import pytest

from rainmer_lib import paths
from rainmer_lib.pretrained.models import DEFAULT

REAL_DATA = paths.data_root()


def test_evaluate_folders_by_stem(run, photo, tmp_path, capsys):
    photo(tmp_path / "clean" / "a.png"), photo(tmp_path / "out" / "a.bmp", seed=1), photo(tmp_path / "rainy" / "a.png", seed=2)
    words = [tmp_path / "out", tmp_path / "clean", "--rainy", tmp_path / "rainy", "--csv", tmp_path / "s.csv"]
    assert run("evaluate", *words) == 0
    assert "prenet" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "s.csv")
    assert set(table.method) == {"input", "out"} and len(table) == 10
    photo(tmp_path / "out" / "b.png")
    assert run("evaluate", *words) == 2
    assert "without a partner of the same stem: b" in capsys.readouterr().err


def test_evaluate_without_a_reference(run, photo, tmp_path, capsys):
    for seed in range(2):
        photo(tmp_path / "out" / f"{seed}.png", (200, 300), seed)
    assert run("evaluate", tmp_path / "out", "--csv", tmp_path / "s.csv") == 0
    printed = capsys.readouterr()
    assert "niqe (refit)" in printed.out and "without BRISQUE" in printed.err
    assert pd.read_csv(tmp_path / "s.csv").shape == (2, 2)


@pytest.mark.data
def test_evaluate_a_model_on_a_test_set(run, monkeypatch, capsys):
    monkeypatch.setenv("RAINMER_DATA", str(REAL_DATA))
    assert run("evaluate", "--model", "auto", "--on", "rain12") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "30.14 / 0.8554" in next(line for line in lines if "input" in line)
    assert any(DEFAULT in line for line in lines), "what auto stands for is named"


WRONG = {
    "not an image": (["evaluate", "text.png", "a.png"], "text.png"),
    "neither": (["evaluate"], "give OUTPUTS"),
    "half": (["evaluate", "--model", DEFAULT], "give OUTPUTS"),
    "both": (["evaluate", "a.png", "a.png", "--model", DEFAULT, "--on", "rain12"], "give OUTPUTS"),
    "too small for NIQE": (["evaluate", "a.png"], "a.png: "),
    "nothing to evaluate": (["evaluate", "folder"], "no images"),
    "two files of one stem": (["evaluate", "twice", "photos"], "b.png"),
    "sizes": (["evaluate", "a.png", "photos/b.png"], "a.png"),
    "no such set": (["evaluate", "--model", DEFAULT, "--on", "rain13"], "rain12"),
    "set absent": (["evaluate", "--model", DEFAULT, "--on", "rain12"], "RAINMER_DATA"),
    "table onto a folder": (["evaluate", "a.png", "a.png", "--csv", "folder"], "give a file"),
    "table below a file": (["evaluate", "a.png", "a.png", "--csv", "text.png/scores.csv"], "cannot be made"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_one_message(words, message, refused):
    refused(words, message)
