"""Verification: every fault of every file is found and named, and none is found in the real sets."""

import numpy as np
import pytest
from PIL import Image

from rainmer_lib.data import photos, registry
from rainmer_lib.data.test_sets import benchmark_pairs
from rainmer_lib.data.verify import digest, global_shift, verify, verify_folder
from rainmer_lib.metrics.protocols import evaluate

WITHOUT_PAIRS = ("bsds500", "gargstreaks", "real147", "mwd")
TOML = """
[toy]
title = "Toy"
kind = "paired"
what = "four pairs"
licence = "none"
citation = "nobody"
get = "draw it"
[toy.splits.test]
folder = "Toy"
layouts = [{ kind = "two-folders", rainy = "rain", clean = "norain" }]
count = 4
also = { 3 = "the small package" }
sizes = ["96x80"]
"""


def write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


def rain_on(photo, seed):
    """The photo with vertical streaks of five pixels."""
    dots = np.random.default_rng(seed).random(photo.shape[:2]) < 0.02
    return np.clip(photo + 120 * sum(np.roll(dots, i, axis=0) for i in range(5))[..., None], 0, 255).astype(np.uint8)


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Four sound pairs; returns their folder and a function that checks them, as a table by name of the check."""
    photo = photos.load_photo("sklearn/china.jpg")
    for i in range(4):
        clean = np.ascontiguousarray(photo[60 * i : 60 * i + 80, 90 * i : 90 * i + 96])
        write(tmp_path / f"Toy/rain/{i}.png", rain_on(clean, i))
        write(tmp_path / f"Toy/norain/{i}.png", clean)

    def report(extra=""):
        monkeypatch.setattr(registry, "BENCHMARKS", registry.load(TOML + extra))
        found = verify("toy", tmp_path)
        return {c.what: c for c in found.checks} | {"failed": found.failed}

    return tmp_path / "Toy", report


def failures(report):
    return {what for what, check in report.items() if what != "failed" and check.status == "failed"}


def test_a_sound_set_passes_and_what_is_not_stated_is_not_invented(toy):
    folder, check = toy
    report = check()
    assert not report["failed"] and not failures(report)
    unknown = {w for w, c in report.items() if w != "failed" and c.status == "not known here"}
    assert unknown == {"bytes", "input PSNR", "input SSIM"}
    pairs = [[np.asarray(Image.open(folder / p / f"{i}.png")) for p in ("rain", "norain")] for i in range(4)]
    psnr, ssim = np.mean([evaluate(*pair, "prenet") for pair in pairs], axis=0)
    assert (report["input PSNR"].found, report["input SSIM"].found) == (f"{psnr:.2f} dB", f"{ssim:.4f}")
    known = f'psnr = {psnr:.2f}\nssim = {ssim:.4f}\nsha256 = "{digest(sorted(folder.rglob("*.png")))}"\n'
    assert {c.status for w, c in check(known).items() if w != "failed"} == {"ok"}
    assert failures(check(known.replace("ssim = 0.", "ssim = 0.0"))) == {"input SSIM"}
    assert failures(check(f"psnr = {psnr + 0.02:.2f}\n")) == {"input PSNR"}


def test_a_truncated_file_is_named_and_does_not_hide_the_others(toy):
    folder, check = toy
    for name in ("rain/1.png", "norain/1.png", "norain/3.png"):
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(data[: len(data) // 2])
    report = check()
    assert failures(report) == {"decoding"} and report["decoding"].found.startswith("3 of ")
    assert all(name in report["decoding"].found for name in ("rain/1.png", "norain/1.png", "norain/3.png"))
    assert report["alignment"].found == "2 checked"


def test_unequal_and_unexpected_sizes(toy):
    folder, check = toy
    small = np.asarray(Image.open(folder / "norain/2.png"))[:79]
    write(folder / "norain/2.png", small)
    report = check()
    assert failures(report) == {"sizes", "equal sizes"}
    assert "norain/2.png is 96x79" in report["sizes"].found
    assert "rain/2.png is 96x80, clean 96x79" in report["equal sizes"].found


def test_a_missing_partner_and_a_wrong_count(toy):
    folder, check = toy
    (folder / "norain/0.png").unlink()
    report = check()
    assert failures(report) == {"pairing"} and "without a partner: 0.png" in report["pairing"].found
    assert report["count"].found == "3: the small package"
    (folder / "rain/0.png").unlink(), (folder / "rain/1.png").unlink(), (folder / "norain/1.png").unlink()
    report = check()
    assert failures(report) == {"count"} and (report["count"].expected, report["count"].found) == ("4", "2")


def test_a_shifted_pair_is_named(toy):
    folder, check = toy
    photo = photos.load_photo("sklearn/china.jpg")
    write(folder / "rain/3.png", rain_on(np.ascontiguousarray(photo[180 - 3 : 180 + 77, 270 + 2 : 270 + 98]), 3))
    report = check()
    assert failures(report) == {"alignment"}
    assert report["alignment"].found.startswith("1 of 4") and "rain/3.png by 3 down, -2 right" in report["alignment"].found


def test_swapped_roles(toy):
    folder, check = toy
    for old, new in (("rain", "x"), ("norain", "rain"), ("x", "norain")):
        (folder / old).rename(folder / new)
    report = check()
    assert failures(report) == {"roles"} and "0 of 4; rainy and clean are probably swapped" == report["roles"].found


def test_one_changed_byte_changes_the_digest_and_a_new_name_does_not(tmp_path):
    for name, content in (("a", b"one"), ("b", b"two")):
        (tmp_path / name).write_bytes(content)
    before = digest([tmp_path / "a", tmp_path / "b"])
    (tmp_path / "b").rename(tmp_path / "0")
    assert digest([tmp_path / "0", tmp_path / "a"]) == before
    (tmp_path / "0").write_bytes(b"twp")
    assert digest([tmp_path / "0", tmp_path / "a"]) != before


def test_a_folder_of_ones_own_is_checked_without_known_facts(toy):
    folder, _ = toy
    for i in range(4):
        (folder / f"norain/{i}.png").rename(folder / f"norain/clean-{i:03d}.png")
    checks = {check.what: check for check in verify_folder(folder).checks}
    assert {what for what, check in checks.items() if check.status == "failed"} == set()
    assert checks["pairing"].found == "8 checked" and checks["alignment"].found == "4 checked"
    (folder / "norain/clean-003.png").write_text("no image")
    assert [c.what for c in verify_folder(folder, "number").checks if c.status == "failed"] == ["decoding"]
    photos_alone = {check.what for check in verify_folder(folder / "rain").checks}
    assert photos_alone == {"count", "decoding", "sizes", "bytes"}


def test_names_and_missing_sets(tmp_path):
    with pytest.raises(FileNotFoundError, match="Rain12 is not there: no folder .*MSCIANet"):
        verify("rain12", tmp_path)
    with pytest.raises(ValueError, match="did you mean"):
        verify("rain120", tmp_path)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("name", ["rain100l", "rain100h", "rain12", "raincityscapes60", *WITHOUT_PAIRS])
def test_the_real_sets_are_sound(name):
    """Counts, hashes, decoding, alignment and the published input scores of all sets at hand."""
    report = verify(name)
    assert not report.failed, [check for check in report.checks if check.status == "failed"]
    assert all(check.status == "ok" for check in report.checks if check.what in ("bytes", "count"))


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize("name", ["rain100h", "rain12", "raincityscapes60"])
def test_real_pairs_moved_by_three_pixels_are_all_found(name):
    """Rain100L is left out: lighter rain on the photos of Rain100H.  Measured for all 272 pairs."""
    for pair in benchmark_pairs(name):
        assert global_shift(pair.rainy[3:], pair.clean[:-3]) == (-3, 0), pair.name
        assert global_shift(pair.rainy[:, :-3], pair.clean[:, 3:]) == (0, 3), pair.name
