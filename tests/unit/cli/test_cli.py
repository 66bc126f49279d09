"""The command line as a whole: help, exit codes, and messages in place of tracebacks."""

import subprocess
import sys

import pytest

from rainmer_lib import cli, paths


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


@pytest.mark.parametrize("command", ["derain", "evaluate", "train", "reproduce", "data list", "data verify", "data leaks"])
def test_every_command_explains_itself(run, command, capsys):
    assert run(*command.split(), "--help") == 0
    assert "Usage" in capsys.readouterr().out


def test_a_command_that_does_not_exist_is_one_message(refused):
    refused(["remove"], "No such command")
