"""The command line as a whole: help, exit codes, and messages in place of tracebacks."""

import os
import subprocess
import sys

import pytest
import torch

from rainmer_lib import __version__, cli, paths


def test_an_unexpected_error_is_one_message_too(run, monkeypatch, capsys):
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


COMMANDS = ["derain", "evaluate", "train", "reproduce", "convert", "data list", "data verify", "data leaks"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run, command, capsys):
    assert run(*command.split(), "--help") == 0
    assert "Usage" in capsys.readouterr().out


def test_a_command_that_does_not_exist_is_one_message(refused):
    refused(["remove"], "No such command")


def test_the_version_is_shown(run, capsys):
    assert run("--version") == 0 and capsys.readouterr().out == f"rainmer {__version__}\n"


@pytest.mark.parametrize("words", [["derain", "", "out"], ["derain", "in", ""], ["evaluate", ""], ["data", "leaks", "a", ""]])
def test_an_empty_argument_is_no_folder(run, words, tmp_path, monkeypatch, capsys):
    """An unset variable of a script, which as a path would mean the present folder."""
    monkeypatch.chdir(tmp_path)
    assert run(*words) == 2 and "an argument is empty" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_a_gpu_without_memory_is_no_unexpected_error(run, monkeypatch, capsys):
    def train(words):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nand more")

    monkeypatch.setattr(cli, "app", train)
    assert run("train") == 2 and capsys.readouterr().err.endswith("memory: CUDA out of memory. Tried to allocate 2 GiB\n")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
def test_a_name_that_is_not_utf8_is_shown_and_the_summary_too(run, photo, tmp_path, capfd):
    good, cut = (tmp_path / "in" / os.fsdecode(name) for name in (b"a\xff.png", b"b\xfe.png"))
    photo(good), photo(cut)
    os.truncate(cut, 40)
    assert run("derain", tmp_path / "in", tmp_path / "out") == 1
    printed = capfd.readouterr()
    assert "1 of 2 images derained" in printed.out and "b\\udcfe.png: " in printed.err
    assert os.listdir(tmp_path / "out") == [good.name]
    cut.unlink()
    assert run("evaluate", tmp_path / "out", tmp_path / "in", "--csv", tmp_path / "s.csv") == 0
    assert b"a\\udcff" in (tmp_path / "s.csv").read_bytes()


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_program_without_a_stream_to_write_to_works(run, photo, tmp_path, monkeypatch, closed):
    """As of a service: two images, because a bar is shown for several; the messages of errors go nowhere."""
    photo(tmp_path / "in" / "a.png"), photo(tmp_path / "in" / "b.png")
    for words, code in ((["in", "out"], 0), (["nowhere", "out"], 2)):
        monkeypatch.setattr(sys, closed, None)
        assert run("derain", *(tmp_path / word for word in words)) == code
    assert len(list((tmp_path / "out").iterdir())) == 2
