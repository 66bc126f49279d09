"""`rainmer demo`: a clear message without its extra, and a page of this machine alone."""

import os
import sys
from types import SimpleNamespace

import pytest

from rainmer_lib.cli import demo
from rainmer_lib.teaching import demo_page


@pytest.fixture
def gradio(monkeypatch):
    """A gradio that serves nothing; what it was told."""
    told = {}

    class Blocks:
        def block_thread(self):
            told["folder"] = os.environ["GRADIO_TEMP_DIR"]
            assert os.path.isdir(told["folder"])

        def close(self):
            told["closed"] = True

    def launched(gr, blocks, host, port, browser):
        told.update(host=host, port=port, browser=browser)
        return "http://127.0.0.1:7860/"

    for name in ("GRADIO_TEMP_DIR", *demo.QUIET):
        monkeypatch.setenv(name, "")
    monkeypatch.setitem(sys.modules, "gradio", SimpleNamespace())
    monkeypatch.setattr(demo_page, "page", lambda gr, folder, model: told.update(model=model) or Blocks())
    monkeypatch.setattr(demo_page, "launched", launched)
    return told


def test_without_gradio_it_says_how_to_install_it(run, monkeypatch, capfd):
    for name in ("GRADIO_TEMP_DIR", *demo.QUIET):
        monkeypatch.setenv(name, "")
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert run("demo") == 2
    error = capfd.readouterr().err
    assert "pip install -e '.[demo]'" in error and "rainmer derain" in error and "Traceback" not in error


def test_by_default_it_listens_to_this_machine_alone(run, gradio, capfd):
    assert run("demo", "--no-browser", "--port", "7900") == 0
    out, error = capfd.readouterr()
    assert (gradio["host"], gradio["port"], gradio["browser"], gradio["model"]) == ("127.0.0.1", 7900, False, "auto")
    assert "http://127.0.0.1:7860/" in out and not error
    assert gradio["closed"] and not os.path.exists(gradio["folder"]), "no photo stays behind"
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"


def test_another_address_is_named_as_what_it_is(run, gradio, capfd):
    assert run("demo", "--no-browser", "--host", "0.0.0.0") == 0
    assert "whoever reaches 0.0.0.0 can use it" in capfd.readouterr().err


def test_a_wrong_model_is_named_before_the_page_opens(run, gradio, capfd):
    assert run("demo", "--model", "derain-smal") == 2
    assert "derain-smal" in capfd.readouterr().err and "host" not in gradio
