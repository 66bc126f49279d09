"""`rainmer data`: tables, exit codes, and errors that are left to the caller."""

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from rainmer_lib.cli.data import app
from rainmer_lib.data import photos


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    return lambda *words: CliRunner().invoke(app, list(words))


def rain12(root, count=12, defect=False):
    photo = photos.load_photo("sklearn/china.jpg")
    rng = np.random.default_rng(0)
    for i in range(count):
        clean = photo[20 * i : 20 * i + 96, 30 * i : 30 * i + 96]
        rainy = np.where(rng.random((96, 96, 1)) < 0.05, 255, clean).astype(np.uint8)
        for part, image in (("rain", rainy), ("norain", clean)):
            path = root / "Rain12" / part / f"rain-{i:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.ascontiguousarray(image)).save(path)
    if defect:
        path.write_bytes(path.read_bytes()[:500])


def test_list_shows_what_is_here(run, tmp_path):
    rain12(tmp_path)
    result = run("list")
    rows = {line.split()[0]: line for line in result.output.splitlines()}
    assert result.exit_code == 0 and rows["rain12/test"].split()[1:] == ["paired", "12", "yes", "Rain12"]
    assert rows["rain800/test"].split()[1:] == ["paired", "100", "-", "Rain800/test"]
    assert "not stated" in rows["gt-rain/test"]


def test_list_of_one_set_shows_all_that_is_known(run):
    result = run("list", "rain800")
    facts = ("not here", "images: 100", "also met: 98", "sizes: not stated", "side-by-side", "hezhangsprinter", "TCSVT")
    for fact in facts:
        assert fact in result.output, fact
    error = run("list", "rain80").exception
    assert isinstance(error, ValueError) and "did you mean rain800" in str(error)


def test_verify_exits_with_1_if_a_check_failed(run, tmp_path):
    assert isinstance(run("verify").exception, FileNotFoundError)
    rain12(tmp_path, defect=True)
    for words in (("verify",), ("verify", "rain12/test")):
        result = run(*words)
        assert result.exit_code == 1
        lines = {line.split("  rain12/test  ")[1].split(":")[0]: line for line in result.output.splitlines()}
        assert lines["count"].startswith("ok") and lines["alignment"].startswith("ok")
        assert lines["decoding"].startswith("failed") and "norain/rain-011.png" in lines["decoding"]
        assert lines["bytes"].startswith("failed") and lines["input PSNR"].startswith("failed")
    assert isinstance(run("verify", "rain100l").exception, FileNotFoundError)


def test_leaks_exits_with_1_if_there_are_any(run, tmp_path):
    for folder, names in (("a", photos.RAINY), ("b", photos.CLEAN)):
        (tmp_path / folder).mkdir()
        for i, name in enumerate(names):
            Image.fromarray(photos.load_photo(name)).save(tmp_path / folder / f"{i}.png")
    result = run("leaks", str(tmp_path / "a"), str(tmp_path / "b"))
    assert result.exit_code == 0 and "no photo of" in result.output
    Image.open(tmp_path / "a/1.png").resize((200, 200)).save(tmp_path / "b/copy.jpg")
    result = run("leaks", str(tmp_path / "a"), str(tmp_path / "b"))
    assert result.exit_code == 1 and result.output.startswith("1.png  copy.jpg  distance ") and "1 found" in result.output


def test_leaks_names_what_it_cannot_read_and_compares_the_others(run, tmp_path):
    for folder, name in (("a", photos.RAINY[0]), ("b", photos.CLEAN[0])):
        (tmp_path / folder).mkdir()
        Image.fromarray(photos.load_photo(name)).save(tmp_path / folder / "1.png")
        (tmp_path / folder / "cut.png").write_bytes((tmp_path / folder / "1.png").read_bytes()[:500])
        (tmp_path / folder / "._1.png").write_text("macOS")
    result = run("leaks", str(tmp_path / "a"), str(tmp_path / "b"))
    assert result.exit_code == 1 and "no photo of" in result.output
    assert result.output.count("cut.png: truncated or damaged") == 2
    (tmp_path / "a" / "1.png").unlink()
    assert "no image there can be read" in str(run("leaks", str(tmp_path / "a"), str(tmp_path / "b")).exception)
    assert "nowhere: no such folder" in str(run("leaks", str(tmp_path / "nowhere"), str(tmp_path / "b")).exception)


def test_verify_takes_folders(run, tmp_path):
    rain12(tmp_path / "copy")
    folder = tmp_path / "copy" / "Rain12"
    for i in range(12):
        (folder / "norain" / f"rain-{i:03d}.png").rename(folder / "norain" / f"norain{i}.png")
    result = run("verify", str(folder))
    assert result.exit_code == 0 and f"ok              {folder}  pairing: 24 checked" in result.output
    (folder / "norain" / "norain3.png").unlink()
    assert "no rule finds" in str(run("verify", str(folder)).exception)
    result = run("verify", str(folder), "--pair-by", "number")
    assert result.exit_code == 1 and "without a partner: rain/rain-003.png" in result.output
    error = str(run("verify", "rain12", str(tmp_path / "nowhere")).exception)
    assert "nowhere: no such folder" in error, "said before anything is checked"


def test_fetch_without_an_address_says_how_to_get_it(run, tmp_path):
    error = run("fetch", "rain12").exception
    assert isinstance(error, ValueError) and "MSCIANet" in str(error) and str(tmp_path / "Rain12") in str(error)


def test_help_has_examples(run):
    for command in ("list", "verify", "leaks", "fetch"):
        assert f"rainmer data {command}" in " ".join(run(command, "--help").output.split())
