"""The command line: results, exit codes, and messages in place of tracebacks."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from rainmer_lib import cli, paths
from rainmer_lib.pretrained.models import DEFAULT, load_model

TINY = (40, 36)
REAL_DATA = paths.data_root()


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """Runs, results and data away from the repository's; no real data."""
    for name in ("RUNS", "RESULTS", "DATA"):
        monkeypatch.setenv(f"RAINMER_{name}", str(tmp_path / name.lower()))
    monkeypatch.delenv("RAINMER_DEBUG", raising=False)


def photo(path: Path, size=TINY, seed=0, mode="RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(values).convert(mode).save(path)
    return path


def run(*words) -> int:
    """Exit code of a command."""
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(word) for word in words])
    return stopped.value.code or 0


def test_derain_a_file_keeps_its_size_and_changes_it(tmp_path):
    source, target = photo(tmp_path / "a.png", (37, 51)), tmp_path / "out" / "b.png"
    assert run("derain", source, target) == 0
    before, after = (np.asarray(Image.open(path)).astype(int) for path in (source, target))
    assert before.shape == after.shape and 0 < np.abs(before - after).mean() < 128


def test_derain_is_what_the_library_does(tmp_path):
    from rainmer_lib.inference.derain import derain
    from rainmer_lib.metrics.protocols import quantise

    source = photo(tmp_path / "a.png")
    assert run("derain", source, tmp_path / "b.png") == 0
    expected = quantise(derain(load_model(DEFAULT), np.asarray(Image.open(source))), "round")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "b.png")), expected)


def test_derain_a_folder_goes_on_past_bad_files(tmp_path, capsys):
    photo(tmp_path / "in" / "a.png"), photo(tmp_path / "in" / "deep" / "c.jpg", mode="L")
    (tmp_path / "in" / "b.png").write_bytes((tmp_path / "in" / "a.png").read_bytes()[:300])
    (tmp_path / "in" / "empty.jpg").touch()
    assert run("derain", tmp_path / "in", tmp_path / "out") == 1
    printed = capsys.readouterr()
    assert "2 of 4 images derained" in printed.out
    assert "b.png" in printed.err and "empty.jpg" in printed.err and "Traceback" not in printed.err
    assert {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.*")} == {"a.png", "deep/c.jpg"}


def test_derain_never_overwrites_its_input(tmp_path, capsys):
    source = photo(tmp_path / "in" / "a.png")
    (tmp_path / "link.png").symlink_to(source)
    before = source.read_bytes()
    for words in ([source, source], [tmp_path / "in", tmp_path / "in"], [source, tmp_path / "link.png"],
                  [source, tmp_path / "in"]):  # fmt: skip
        assert run("derain", *words) == 2
        assert "overwritten" in capsys.readouterr().err
    assert source.read_bytes() == before


def test_derain_into_a_folder_around_or_inside_the_input(tmp_path, monkeypatch):
    photo(tmp_path / "photos" / "a.png")
    monkeypatch.chdir(tmp_path)
    assert run("derain", "photos", ".") == 0 and Path("a.png").exists()
    for _ in range(2):  # the second time, there is an output inside the input
        assert run("derain", "photos", "photos/out") == 0
    assert sorted(p.name for p in Path("photos").rglob("*")) == ["a.png", "a.png", "out"]


def test_derain_can_go_on_after_a_stop(tmp_path):
    photo(tmp_path / "in" / "a.png"), photo(tmp_path / "in" / "b.png", seed=1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").write_bytes(b"done before")
    assert run("derain", tmp_path / "in", tmp_path / "out", "--keep") == 0
    assert (tmp_path / "out" / "a.png").read_bytes() == b"done before" and (tmp_path / "out" / "b.png").exists()


def test_evaluate_folders_by_stem(tmp_path, capsys):
    photo(tmp_path / "clean" / "a.png"), photo(tmp_path / "out" / "a.bmp", seed=1), photo(tmp_path / "rainy" / "a.png", seed=2)
    words = [tmp_path / "out", tmp_path / "clean", "--rainy", tmp_path / "rainy", "--csv", tmp_path / "s.csv"]
    assert run("evaluate", *words) == 0
    assert "prenet" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "s.csv")
    assert set(table.method) == {"input", "out"} and len(table) == 10
    photo(tmp_path / "out" / "b.png")
    assert run("evaluate", *words) == 2
    assert "without a partner of the same stem: b" in capsys.readouterr().err


def test_evaluate_without_a_reference(tmp_path, capsys):
    for seed in range(2):
        photo(tmp_path / "out" / f"{seed}.png", (200, 300), seed)
    assert run("evaluate", tmp_path / "out", "--csv", tmp_path / "s.csv") == 0
    printed = capsys.readouterr()
    assert "niqe (refit)" in printed.out and "without BRISQUE" in printed.err
    assert pd.read_csv(tmp_path / "s.csv").shape == (2, 2)


@pytest.mark.data
def test_evaluate_a_model_on_a_test_set(monkeypatch, capsys):
    monkeypatch.setenv("RAINMER_DATA", str(REAL_DATA))
    assert run("evaluate", "--model", DEFAULT, "--on", "rain12") == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "input" in line)
    assert "30.14 / 0.8554" in line


def test_train_prints_the_folder_that_derain_takes(tmp_path, capsys):
    words = ["train", "--set", "steps=2", "--set", "batch=1", "--set", "negatives=internal", "--set", "learning_rate=1e-4"]
    assert run(*words) == 0
    folder = capsys.readouterr().out.splitlines()[-1].removeprefix("finished: ")
    assert run("derain", photo(tmp_path / "a.png"), tmp_path / "b.png", "--model", folder) == 0


def test_list_shows_items_and_models(capsys):
    assert run("list") == 0
    printed = capsys.readouterr().out
    assert "ablation_negatives" in printed and f"{DEFAULT} " in printed and "weights absent" in printed


WRONG = {
    "no such input": (["derain", "nothing.png", "out.png"], "no such file"),
    "no such model": (["derain", "a.png", "b.png", "--model", "derainer"], "choose one of dcdgan-small"),
    "weights absent": (["derain", "a.png", "b.png", "--model", "prenet-rain100l"], "csdwren/PReNet"),
    "a folder that is no run": (["derain", "a.png", "b.png", "--model", "folder"], "not the folder of a finished run"),
    "no images": (["derain", "folder", "out"], "no images"),
    "folder onto file": (["derain", "photos", "a.png"], "is a file"),
    "no memory": (["derain", "a.png", "b.png", "--memory", "-1"], "above 0"),
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
    "negative seed": (["train", "--seed", "-1"], "--seed"),
    "no such field": (["train", "--set", "depth=3"], "no such field"),
    "no value": (["train", "--set", "width"], "expected FIELD=VALUE"),
    "wrong type": (["train", "--set", "width=wide"], "expected int"),
    "wrong value": (["train", "--set", "negatives=none"], "internal, external, both"),
    "no such profile": (["train", "--profile", "huge"], "quick, laptop, paper"),
    "no such preset": (["train", "--preset", "mine"], "paper, released"),
    "no such data": (["train", "--data", "rain800"], "choose one of"),
    "data absent": (["train", "--data", "bsd-streaks"], "RAINMER_DATA"),
    "no such item": (["reproduce", "table_9"], "there are"),
    "no such parameter": (["reproduce", "ablation_negatives", "-p", "sedes=1"], "no such parameter"),
    "no such command": (["remove"], "No such command"),
    "seed is no number": (["train", "--seed", "one"], "valid integer"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_one_message(words, message, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    photo(Path("a.png")), photo(Path("photos/b.png"), (50, 50))
    photo(Path("twice/b.png")), photo(Path("twice/b.bmp"))
    Path("folder").mkdir()
    Path("text.png").write_text("no image")
    code, error = run(*words), capfd.readouterr().err
    assert code == 2, error
    assert message in error and "Traceback" not in error


def test_an_output_that_cannot_be_written_is_named(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert run("derain", photo(tmp_path / "a.png"), tmp_path / "file" / "b.png") == 1
    assert "a.png" in capsys.readouterr().err


def test_an_unexpected_error_is_one_message_too(monkeypatch, capsys):
    monkeypatch.setattr(cli.train, "list_items", None)
    monkeypatch.setattr(cli, "app", lambda words: {}["key"])
    assert run("list") == 70
    assert "unexpected KeyError" in capsys.readouterr().err
    monkeypatch.setenv("RAINMER_DEBUG", "1")
    with pytest.raises(KeyError):
        cli.main(["list"])


def test_the_program_answers_help_without_loading_torch():
    code = "import sys, rainmer_lib.cli as c; c.app(['--help'], standalone_mode=False); sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=paths.REPOSITORY)
    assert done.returncode == 0, done.stderr
    assert all(word in done.stdout for word in ("derain", "evaluate", "reproduce", "Exit codes"))


@pytest.mark.parametrize("command", ["derain", "evaluate", "train", "reproduce", "data list", "data verify", "data leaks"])
def test_every_command_explains_itself(command, capsys):
    assert run(*command.split(), "--help") == 0
    assert "Usage" in capsys.readouterr().out


def test_completion_knows_the_names():
    from rainmer_lib.cli import choices

    assert DEFAULT in choices.models("dcd") and choices.profiles("q") == ["quick"]
    assert "rain12" in choices.test_sets("rain1") and choices.items("train_d") == ["train_dcdgan"]
