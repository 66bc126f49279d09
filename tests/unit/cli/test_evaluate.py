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
    assert run("evaluate", *words) == 1 and len(pd.read_csv(tmp_path / "s.csv")) == 10
    assert "without a partner (equal names): b.png" in capsys.readouterr().err


def test_one_bad_pair_stops_no_other(run, photo, tmp_path, capsys):
    """One that is cut, one of another size, one whose clean image is no image: each is named, the fourth is scored."""
    for i, name in enumerate("abcd"):
        photo(tmp_path / "out" / f"{name}.png", seed=i), photo(tmp_path / "clean" / f"{name}.png", seed=9)
    (tmp_path / "out" / "a.png").write_bytes((tmp_path / "out" / "d.png").read_bytes()[:300])
    photo(tmp_path / "out" / "b.png", (50, 50))
    (tmp_path / "clean" / "c.png").write_text("no image")
    assert run("evaluate", tmp_path / "out", tmp_path / "clean", "--csv", tmp_path / "s.csv") == 1
    printed = capsys.readouterr()
    assert all(name in printed.err for name in ("out/a.png", "out/b.png", "clean/c.png")) and "prenet" in printed.out
    assert set(pd.read_csv(tmp_path / "s.csv").image) == {"d"}


def test_one_flat_image_stops_no_other(run, photo, tmp_path, capsys):
    photo(tmp_path / "out" / "a.png", (200, 300))
    Image.new("RGB", (300, 200), (9, 9, 9)).save(tmp_path / "out" / "flat.png")
    assert run("evaluate", tmp_path / "out", "--csv", tmp_path / "s.csv") == 1
    assert "flat.png" in capsys.readouterr().err and list(pd.read_csv(tmp_path / "s.csv").image) == ["a.png"]


def test_an_image_that_equals_its_clean_one_is_counted_and_left_out_of_the_mean(run, photo, tmp_path, capsys):
    for i, name in enumerate("ab"):
        photo(tmp_path / "out" / f"{name}.png", seed=i), photo(tmp_path / "clean" / f"{name}.png", seed=9)
    assert run("evaluate", tmp_path / "out" / "a.png", tmp_path / "clean" / "a.png") == 0
    alone = capsys.readouterr().out.splitlines()[-1].split()[3:]
    photo(tmp_path / "out" / "b.png", seed=9)
    assert run("evaluate", tmp_path / "out", tmp_path / "clean") == 0
    lines = capsys.readouterr().out.splitlines()
    row = next(line for line in lines if line.split()[:2] == ["clean", "out"])
    assert row.split()[3:] == alone, "the mean is that of the other image"
    assert any("1 image equals its clean one (b)" in line for line in lines) and "inf" not in "".join(lines)


def test_names_of_other_rules_are_paired_and_the_rule_is_said(run, photo, tmp_path, capsys):
    for i in (1, 2):
        photo(tmp_path / "rainy" / f"rain-{i}.png", seed=i + 5), photo(tmp_path / "input" / f"{i}_derained.png", seed=i)
        photo(tmp_path / "clean" / f"norain-{i:03d}.png", seed=i + 2)
    words = [tmp_path / "input", tmp_path / "clean", "--rainy", tmp_path / "rainy", "--csv", tmp_path / "s.csv"]
    assert run("evaluate", *words) == 0
    assert "paired by equal numbers: 1_derained.png with norain-001.png" in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "s.csv")
    assert len(table) == 20 and set(table.image) == {"norain-001", "norain-002"} and table.method.nunique() == 2


def test_a_pattern_pairs_what_is_not_unique(run, photo, tmp_path, capsys):
    for i, j in ((1, 2), (2, 1)):
        photo(tmp_path / "out" / f"s{i}_{j}.png", seed=i), photo(tmp_path / "clean" / f"{i}.png", seed=i)
    words = [tmp_path / "out", tmp_path / "clean"]
    assert run("evaluate", *words) == 2 and "--pair-by" in capsys.readouterr().err
    assert run("evaluate", *words, "--pair-by", r"s(\d)_\d=\1") == 0
    assert "2 images equal their clean ones" in capsys.readouterr().out
    assert run("evaluate", *words, "--pair-by", "order") == 0


def test_one_output_may_be_compared_with_a_folder(run, photo, tmp_path):
    photo(tmp_path / "out" / "a.png"), photo(tmp_path / "clean" / "a.png", seed=1), photo(tmp_path / "clean" / "b.png")
    assert run("evaluate", tmp_path / "out" / "a.png", tmp_path / "clean") == 0


def test_a_model_goes_on_past_a_pair_that_it_has_no_memory_for(run, photo, tmp_path, capsys, monkeypatch):
    import rainmer_lib.inference.derain as inference
    from rainmer_lib.data import test_sets
    from rainmer_lib.data.layouts import two_folders

    for i, name in enumerate("abc"):
        photo(tmp_path / "rain" / f"{name}.png", (40 + i, 36), seed=i), photo(tmp_path / "norain" / f"{name}.png", (40 + i, 36))

    def derain(network, image):
        if len(image) == 41:
            raise MemoryError("not enough memory")
        return image / np.float32(255)

    monkeypatch.setattr(test_sets, "benchmark_entries", lambda name: two_folders(tmp_path, "rain", "norain").entries)
    monkeypatch.setattr(inference, "derain", derain)
    assert run("evaluate", "--model", "auto", "--on", "rain12", "--csv", tmp_path / "s.csv") == 1
    assert "rain/b.png: not enough memory" in capsys.readouterr().err
    table = pd.read_csv(tmp_path / "s.csv")
    assert {method: set(part.image) for method, part in table.groupby("method")} == {"input": {"a", "c"}, DEFAULT: {"a", "c"}}


def test_a_table_that_cannot_be_written_is_refused_before_anything_is_scored(run, photo, tmp_path, capsys, monkeypatch):
    from rainmer_lib.metrics import scores

    monkeypatch.setattr(scores, "score_images", None)
    photo(tmp_path / "a.png")
    for place in ("a.png/s.csv", "s" * 256, "."):
        assert run("evaluate", tmp_path / "a.png", tmp_path / "a.png", "--csv", tmp_path / place) == 2
        assert "cannot be written" in capsys.readouterr().err


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
    "two files of one stem": (["evaluate", "twice", "photos"], "share a file stem"),
    "sizes": (["evaluate", "a.png", "photos/b.png"], "a.png"),
    "no such set": (["evaluate", "--model", DEFAULT, "--on", "rain13"], "rain12"),
    "set absent": (["evaluate", "--model", DEFAULT, "--on", "rain12"], "RAINMER_DATA"),
    "table onto a folder": (["evaluate", "a.png", "a.png", "--csv", "folder"], "not a file"),
    "table below a file": (["evaluate", "a.png", "a.png", "--csv", "text.png/scores.csv"], "cannot be written"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_one_message(words, message, refused):
    refused(words, message)
