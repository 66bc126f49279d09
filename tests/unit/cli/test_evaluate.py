"""`rainmer evaluate`: files against files, without a reference, and a model on a test set."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from rainmer_lib import paths
from rainmer_lib.data.image_files import ImageFile, read_image, write_image
from rainmer_lib.metrics.protocols import evaluate
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


def lying_down(image, path, orientation):
    """Writes a JPEG that a viewer turns, as phones do: its stored pixels are those of `image` turned back."""
    exif = Image.Exif()
    exif[274] = orientation
    back = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}[orientation]
    path.parent.mkdir(exist_ok=True)
    image.transpose(back).save(path, exif=exif, quality=100, subsampling=0)


@pytest.mark.parametrize("orientation", [3, 6])
def test_what_derain_wrote_of_turned_photos_is_scored_upright(run, tmp_path, orientation):
    """Rainy and clean photo both lie down; the output, which is upright, is as near to the clean one as if none had lain."""
    y, x = np.mgrid[:40, :60]
    clean = Image.fromarray(np.stack([4 * y, 3 * x, y + x], axis=2).astype(np.uint8))
    lying_down(clean, tmp_path / "clean" / "a.jpg", orientation), lying_down(clean, tmp_path / "rainy" / "a.jpg", orientation)
    assert run("derain", tmp_path / "rainy", tmp_path / "out", "--strength", "0") == 0
    words = [tmp_path / "out", tmp_path / "clean", "--rainy", tmp_path / "rainy", "--csv", tmp_path / "s.csv"]
    assert run("evaluate", *words) == 0
    psnr = pd.read_csv(tmp_path / "s.csv").query("protocol == 'rgb'").set_index("method").psnr
    assert psnr["out"] > 40, "upright against upright"


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_what_derain_wrote_in_sixteen_bits_is_scored(run, tmp_path, suffix, capsys):
    rng, photo = np.random.default_rng(0), tmp_path / f"a{suffix}"
    deep = ImageFile(rng.integers(0, 65536, (40, 36, 3)).astype(np.float32) / np.float32(65535), bits=16)
    write_image(photo, deep.rgb, deep)
    assert run("derain", photo, tmp_path / f"out{suffix}", "--strength", "0.5") == 0
    assert run("evaluate", tmp_path / f"out{suffix}", photo, "--csv", tmp_path / "s.csv") == 0
    rounded = [np.floor(read_image(tmp_path / name).rgb * 255 + 0.5).astype(np.uint8) for name in (f"out{suffix}", photo.name)]
    scores = pd.read_csv(tmp_path / "s.csv").set_index("protocol").psnr
    assert read_image(tmp_path / f"out{suffix}").bits == 16 and scores["rgb"] == pytest.approx(evaluate(*rounded, "rgb")[0])
    assert run("evaluate", tmp_path / f"out{suffix}") in (0, 2) and "8 bits per channel" not in capsys.readouterr().err


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
