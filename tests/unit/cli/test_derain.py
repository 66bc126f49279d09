"""`rainmer derain`: results, what is never overwritten, messages in place of tracebacks."""

import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from random_runs import random_run

from rainmer_lib.data.image_decoding import ImageFile
from rainmer_lib.data.image_files import read_image, write_image
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import quantise
from rainmer_lib.pretrained import models
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


def test_the_network_that_was_taken_is_named(run, photo, tmp_path, capsys, monkeypatch):
    """For `auto`, which is what is taken if nothing is said, that is the default's name."""
    source = photo(tmp_path / "a.png")
    for words in ([], ["--model", "auto"], ["--model", DEFAULT]):
        assert run("derain", source, tmp_path / "b.png", *words) == 0
        assert capsys.readouterr().out.endswith(f"b.png with {DEFAULT}\n")
    folder = random_run(tmp_path / "runs")
    assert run("derain", source, tmp_path / "b.png", "--model", folder) == 0
    assert capsys.readouterr().out.endswith(f"b.png with {folder}\n")
    monkeypatch.setattr(models, "DEFAULT", str(folder))
    by_name = (tmp_path / "b.png").read_bytes()
    assert run("derain", source, tmp_path / "c.png") == 0 and (tmp_path / "c.png").read_bytes() == by_name
    assert capsys.readouterr().out.endswith(f"c.png with {folder}\n")


@pytest.fixture
def any_photo(tmp_path):
    """Writes an image of noise with a bit depth, grey or not, transparent or not; its path."""

    def write(name, bits, grey, alpha):
        rng, kind = np.random.default_rng(bits), np.uint16 if bits == 16 else np.uint8
        levels = rng.integers(0, 2**bits, (40, 36, 1 if grey else 3)).repeat(3 if grey else 1, axis=2)
        rgb = levels.astype(np.uint8) if bits == 8 else (levels / (2**16 - 1)).astype(np.float32)
        opacity = rng.integers(0, 2**bits, (40, 36)).astype(kind) if alpha else None
        return write_image(tmp_path / name, rgb, ImageFile(rgb, bits, grey, opacity))

    return write


@pytest.mark.parametrize(("name", "bits", "grey", "alpha"), [
    ("a.png", 8, False, False), ("b.png", 16, False, True), ("c.png", 8, True, True), ("d.tif", 16, True, False),
])  # fmt: skip
def test_strength_keeps_depth_and_transparency(run, any_photo, tmp_path, name, bits, grey, alpha):
    """0 gives every pixel back; one half lies between the photo and what the network makes of it."""
    source = any_photo(name, bits, grey, alpha)
    written = {}
    for strength in ("0", "0.5", "1", "1.5"):
        assert run("derain", source, tmp_path / strength / name, "--strength", strength) == 0
        written[strength] = read_image(tmp_path / strength / name)
    before = read_image(source)
    assert np.array_equal(written["0"].rgb, before.rgb) and not np.array_equal(written["1"].rgb, before.rgb)
    for strength, image in written.items():
        assert (image.bits, image.grey) == (bits, grey) and np.array_equal(image.alpha, before.alpha)
        expected = write_image(
            tmp_path / f"expected-{name}", derain(load_model(DEFAULT), before.rgb, strength=float(strength)), before
        )
        assert np.array_equal(image.rgb, read_image(expected).rgb)
    assert run("derain", source, tmp_path / name) == 2, "never onto the photo itself"
    assert run("derain", source, tmp_path / f"plain-{name}") == 0
    assert (tmp_path / f"plain-{name}").read_bytes() == (tmp_path / "1" / name).read_bytes()


def test_a_wrong_strength_is_refused_once_and_not_for_every_image(run, photo, tmp_path, capsys):
    photo(tmp_path / "in" / "a.png"), photo(tmp_path / "in" / "b.png")
    assert run("derain", tmp_path / "in", tmp_path / "out", "--strength", "1.6") == 2
    assert capsys.readouterr().err.count("strength 1.6") == 1 and not (tmp_path / "out").exists()


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


@pytest.fixture
def runs(monkeypatch):
    """Sizes of the images that went through the network; `room`: from this side on, torch has no memory for one."""
    import rainmer_lib.inference.derain as inference

    class Seen(list):
        room = 10**6

    seen, real = Seen(), inference.run

    def run(network, image):
        seen.append(image.shape[:2])
        if max(image.shape[:2]) > seen.room:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory\nmore")
        return real(network, image)

    monkeypatch.setattr(inference, "run", run)
    return seen


CANNOT = {
    "below a file": "text.txt/b.png", "no such format": "b.gif", "no suffix": "b", "too long": "b" * 252 + ".png",
    "a device": "/dev/null",
}  # fmt: skip


@pytest.mark.parametrize("target", CANNOT.values(), ids=CANNOT)
def test_an_output_that_cannot_be_written_is_refused_before_the_network_runs(run, photo, tmp_path, capsys, runs, target):
    (tmp_path / "text.txt").write_text("old")
    assert run("derain", photo(tmp_path / "a.png"), tmp_path / target) == 2
    assert str(tmp_path / target) in capsys.readouterr().err and not runs


def test_transparency_that_the_named_format_cannot_hold_is_said_before_the_network_runs(run, photo, tmp_path, capsys, runs):
    assert run("derain", photo(tmp_path / "a.png", mode="LA"), tmp_path / "b.jpg") == 2
    assert "b.jpg: JPEG holds no transparency" in capsys.readouterr().err and not runs


def test_one_output_that_cannot_be_written_stops_no_other(run, photo, tmp_path, capsys, runs):
    photo(tmp_path / "in" / "a.png"), photo(tmp_path / "in" / "b.png")
    (tmp_path / "out" / "a.png").mkdir(parents=True)
    assert run("derain", tmp_path / "in", tmp_path / "out") == 1
    printed = capsys.readouterr()
    assert "1 of 2 images" in printed.out and "out/a.png" in printed.err and "b.png" not in printed.err and len(runs) == 1


def test_a_name_of_249_characters_is_written(run, photo, tmp_path):
    name = "a" * 245 + ".png"
    assert run("derain", photo(tmp_path / "a.png"), tmp_path / "out" / name) == 0 and (tmp_path / "out" / name).exists()


def test_an_image_too_large_for_the_memory_is_named_and_stops_no_other(run, photo, tmp_path, capsys, runs):
    """A large one between two small ones; the smaller tiles that are tried once are too large as well."""
    photo(tmp_path / "in" / "a.png"), photo(tmp_path / "in" / "b.png", (420, 430)), photo(tmp_path / "in" / "c.png")
    runs.room = 100
    assert run("derain", tmp_path / "in", tmp_path / "out") == 1
    printed = capsys.readouterr()
    assert "2 of 3 images" in printed.out and "in/b.png: not enough memory" in printed.err and "Traceback" not in printed.err
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.png", "c.png"]
    runs.room = 400
    assert run("derain", tmp_path / "in", tmp_path / "out") == 0 and (tmp_path / "out" / "b.png").exists()


def test_memory_that_numpy_lacks_is_named_too(run, photo, tmp_path, capsys, monkeypatch):
    import rainmer_lib.data.image_files as image_files

    photo(tmp_path / "in" / "a.png"), photo(tmp_path / "in" / "b.png")
    real = image_files.decode

    def decode(path, image):
        if path.name == "a.png":
            raise MemoryError
        return real(path, image)

    monkeypatch.setattr(image_files, "decode", decode)
    assert run("derain", tmp_path / "in", tmp_path / "out") == 1
    assert "in/a.png: not enough memory" in capsys.readouterr().err


def test_a_full_disk_names_the_output_and_stops(run, photo, tmp_path, capsys, monkeypatch, runs):
    for name in "abcd":
        photo(tmp_path / "in" / f"{name}.tif")
    real = Path.write_bytes

    def write(part, content):
        if (tmp_path / "out" / "a.tif").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(part, content)

    monkeypatch.setattr(Path, "write_bytes", write)
    assert run("derain", tmp_path / "in", tmp_path / "out") == 1
    printed = capsys.readouterr()
    assert "1 of 4 images" in printed.out and len(runs) == 2, "c and d are not computed"
    assert f"No space left on device: '{tmp_path / 'out' / 'b.tif'}'" in printed.err and "2 images not begun" in printed.err
    monkeypatch.undo()
    assert run("derain", tmp_path / "in", tmp_path / "out", "--keep") == 0


def test_what_its_format_cannot_hold_is_written_as_png_and_said(run, photo, tmp_path, capsys):
    folder = tmp_path / "in"
    photo(folder / "a.gif", mode="L"), photo(folder / "a.png"), photo(folder / "b.ppm"), photo(folder / "deep" / "c.gif")
    photo(folder / "d.png", mode="RGBA").rename(folder / "d.jpg")
    photo(folder / "e.png").rename(folder / "e")
    for words in ([], ["--keep"]):
        assert run("derain", folder, tmp_path / "out", *words) == 0
        out = capsys.readouterr().out
        assert "6 of 6 images" in out and "written as PNG" in out and "and 2 more" in out
        written = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*") if p.is_file()}
        assert written == {"a.png", "a.gif.png", "b.png", "deep/c.png", "d.png", "e.png"}
    assert read_image(tmp_path / "out" / "d.png").alpha is not None
    assert run("derain", folder / "b.ppm", tmp_path / "out2") == 2, "a name of one's own is not changed"
    (tmp_path / "out2").mkdir()
    assert run("derain", folder / "b.ppm", tmp_path / "out2") == 0 and (tmp_path / "out2" / "b.png").exists()


def test_what_is_not_read_is_named_and_not_skipped(run, photo, tmp_path, capsys):
    photo(tmp_path / "in" / "a.png"), photo(tmp_path / "in" / "._a.png")
    (tmp_path / "in" / "b.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (tmp_path / "in" / "c.jp2").write_bytes(b"\0\0\0\x0cjP  \r\n")
    assert run("derain", tmp_path / "in", tmp_path / "out") == 1
    printed = capsys.readouterr()
    assert "1 of 3 images" in printed.out and "b.HEIC: HEIC, a format that is not read" in printed.err
    assert "c.jp2: JPEG 2000" in printed.err and "._a" not in printed.err


def test_keep_does_not_keep_an_empty_file(run, photo, tmp_path):
    photo(tmp_path / "in" / "a.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").touch()
    assert run("derain", tmp_path / "in", tmp_path / "out", "--keep") == 0
    assert read_image(tmp_path / "out" / "a.png").rgb.shape == (40, 36, 3)


WRONG = {
    "no such input": (["derain", "nothing.png", "out.png"], "no such file"),
    "no such model": (["derain", "a.png", "b.png", "--model", "derainer"], "choose one of auto, "),
    "weights absent": (["derain", "a.png", "b.png", "--model", "prenet-rain100l"], "csdwren/PReNet"),
    "a folder that is no run": (["derain", "a.png", "b.png", "--model", "folder"], "is neither the folder of a finished run"),
    "no images": (["derain", "folder", "out"], "no images"),
    "folder onto file": (["derain", "photos", "a.png"], "is a file"),
    "too strong": (["derain", "a.png", "b.png", "--strength", "2"], "strength 2.0: choose a number from 0"),
    "less than nothing": (["derain", "a.png", "b.png", "--strength", "-0.1"], "strength -0.1: choose a number from 0"),
    "no number": (["derain", "a.png", "b.png", "--strength", "nan"], "strength nan: choose a number from 0"),
    "a file of weights": (["derain", "a.png", "b.png", "--model", "text.png"], "is a file: give its folder, '.'"),
    "no memory": (["derain", "a.png", "b.png", "--memory", "-1"], "above 0"),
    "memory is no number": (["derain", "a.png", "b.png", "--memory", "nan"], "--memory nan: expected a number of GB above 0"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_one_message(words, message, refused):
    refused(words, message)


@pytest.mark.parametrize("limit", ["inf", "1e300"])
def test_any_limit_above_the_need_is_none(run, photo, tmp_path, limit):
    source = photo(tmp_path / "a.png")
    assert run("derain", source, tmp_path / "b.png") == 0
    assert run("derain", source, tmp_path / "c.png", "--memory", limit) == 0
    assert (tmp_path / "c.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_error_of_too_small_tiles_speaks_of_the_option(run, photo, tmp_path, capsys):
    assert run("derain", photo(tmp_path / "a.png", (300, 300)), tmp_path / "b.png", "--memory", "0.001") == 2
    assert "--memory, in GB" in capsys.readouterr().err
