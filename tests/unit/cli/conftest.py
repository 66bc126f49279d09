"""Commands of `rainmer`, away from the repository's runs, results and data."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rainmer_lib import cli


@pytest.fixture(autouse=True)
def away_from_all_data(tmp_path, monkeypatch):
    """Runs, results and data away from the repository's; no real data."""
    for name in ("RUNS", "RESULTS", "DATA"):
        monkeypatch.setenv(f"RAINMER_{name}", str(tmp_path / name.lower()))
    monkeypatch.delenv("RAINMER_DEBUG", raising=False)


@pytest.fixture
def photo():
    """Writes an image of noise; its path."""

    def write(path, size=(40, 36), seed=0, mode="RGB"):
        path.parent.mkdir(parents=True, exist_ok=True)
        values = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
        Image.fromarray(values).convert(mode).save(path)
        return path

    return write


@pytest.fixture
def run():
    """Exit code of a command."""

    def main(*words):
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(word) for word in words])
        return stopped.value.code or 0

    return main


@pytest.fixture
def refused(run, photo, tmp_path, monkeypatch, capfd):
    """Runs a command on wrong input, where a few files lie: one message, exit code 2, no traceback."""
    monkeypatch.chdir(tmp_path)
    photo(Path("a.png")), photo(Path("photos/b.png"), (50, 50))
    photo(Path("twice/b.png")), photo(Path("twice/b.bmp"))
    Path("folder").mkdir()
    Path("text.png").write_text("no image")

    def check(words, message):
        code, error = run(*words), capfd.readouterr().err
        assert code == 2, error
        assert message in error and "Traceback" not in error

    return check
