"""Leaks: copies that were resized, compressed, squashed, cut or mirrored are found; different photos are not."""

import hashlib
import itertools
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps

from rainmer_lib import paths
from rainmer_lib.data import leaks as module
from rainmer_lib.data import photos, registry
from rainmer_lib.data.leaks import leaks, print_of

NAMES = (*photos.RAINY, *photos.CLEAN, *photos.HELD_OUT)


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("originals")
    for name in NAMES:
        Image.fromarray(photos.load_photo(name)).save(folder / f"{name.split('/')[1].split('.')[0]}.png")
    return folder


@pytest.fixture(scope="module", autouse=True)
def printed_once():
    """Fingerprints of the same pixels are computed once for all tests: sets overlap, and stand in several of them."""
    known = {}

    def once(name, image):
        key = image.shape, hashlib.sha256(image).digest()
        if key not in known:
            known[key] = print_of(name, image)
        return replace(known[key], name=name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "print_of", once)
        yield


def cut(image, left, top, share):
    width, height = image.size
    return image.crop([round(v) for v in (left * width, top * height, (left + share) * width, (top + share) * height)])


CHANGES = {
    "resampled": lambda im: im.resize((im.width * 2 // 3, im.height * 2 // 3), Image.Resampling.BICUBIC),
    "squashed": lambda im: im.resize((256, 256)),
    "mirrored": ImageOps.mirror,
    "grey": lambda im: im.convert("L").convert("RGB"),
    "a row less": lambda im: im.crop((0, 0, im.width - 1, im.height - 1)),
    "cut": lambda im: cut(im, 0.12, 0.03, 0.8),
    "cut and mirrored": lambda im: ImageOps.mirror(cut(im, 0.02, 0.1, 0.85)),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_are_found_and_nothing_else(originals, tmp_path, change):
    for path in originals.iterdir():
        CHANGES[change](Image.open(path).convert("RGB")).save(tmp_path / f"{path.stem}.jpg", quality=80)
    found, expected = leaks(originals, tmp_path), [(f"{p.stem}.png", f"{p.stem}.jpg") for p in sorted(originals.iterdir())]
    assert [(leak.train, leak.test) for leak in found] == expected
    assert not any(leak.same_pixels for leak in found)
    assert all(leak.mirrored == ("mirrored" in change) for leak in found)
    turned = leaks(tmp_path, originals)  # the cut photo may be in either set
    assert {(leak.test, leak.train) for leak in turned} == {(leak.train, leak.test) for leak in found}


def test_equal_pixels_are_told_whatever_the_format(originals, tmp_path):
    Image.open(originals / "china.png").save(tmp_path / "other.bmp")
    (leak,) = leaks(originals, tmp_path)
    assert (leak.train, leak.test, leak.same_pixels, leak.distance, leak.likeness) == ("china.png", "other.bmp", True, 0, 1.0)


def test_a_set_against_itself_gives_each_pair_once(originals, tmp_path):
    assert leaks(originals, originals) == []
    for name in ("a.png", "b.png", "c/d.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.open(originals / "chelsea.png").save(tmp_path / name)
    found = [(leak.train, leak.test) for leak in leaks(tmp_path, tmp_path)]
    assert found == [("a.png", "b.png"), ("a.png", "c/d.png"), ("b.png", "c/d.png")]


def test_flat_images_are_like_nothing_but_themselves(originals, tmp_path):
    for i, value in enumerate((0, 0, 255)):
        Image.new("RGB", (40, 40), (value, value, value)).save(tmp_path / f"{i}.png")
    assert [(leak.train, leak.test) for leak in leaks(tmp_path, tmp_path)] == [("0.png", "1.png")]
    assert leaks(originals, tmp_path) == []


def test_sources_that_are_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="Rain12 is not there"):
        leaks("rain12", "rain100l")
    with pytest.raises(ValueError, match="'rain99': did you mean"):
        leaks("rain99", "rain12")
    with pytest.raises(ValueError, match=f"{tmp_path}: no images there"):
        leaks(tmp_path, "rain12")


def named(found):
    return {(leak.train, leak.test) for leak in found}


@pytest.mark.data
@pytest.mark.slow
def test_all_backgrounds_from_bsds500_are_found_and_no_other(tmp_path):
    """Recall and precision 1 on the 103 listed photos, so none of the 397 others shows a test background."""
    known = set()
    listed = paths.data_root() / "BSDS500/EXCLUDE_overlaps_Rain100L_Rain100H_Rain12.txt"
    for photo, tests in (line.split("\t") for line in listed.read_text().splitlines()):
        for folder, name in (test.split("/") for test in tests.split(",")):
            known.add((photo.removesuffix(".jpg"), f"{folder}/{name}"))
            if folder == "Rain100L":
                known.add((photo.removesuffix(".jpg"), f"Rain100H/rain-{int(name[5:8])}.png"))
    assert len({photo for photo, _ in known}) == 103 and len(known) == 212
    for folder in ("Rain100L", "Rain100H", "Rain12"):
        (tmp_path / folder).mkdir()
        for path in (paths.data_root() / folder / "norain").iterdir():
            (tmp_path / folder / path.name).symlink_to(path)
    assert named(leaks("bsds500/all", tmp_path)) == known


@pytest.mark.data
@pytest.mark.slow
def test_the_photos_without_leaks_do_not_show_the_street_scenes():
    assert leaks("bsds500/leak-free", "raincityscapes60") == []


@pytest.mark.data
def test_rain100l_and_rain100h_share_their_backgrounds_index_by_index():
    found = leaks("rain100l", "rain100h")
    assert all(leak.same_pixels for leak in found)
    assert {(f"rain-{i:03d}", f"rain-{i}") for i in range(1, 101)} <= named(found)
    twins = {(f"rain-{a:03d}", f"rain-{b:03d}") for a, b in ((3, 4), *zip(range(5, 13), range(14, 92, 11), strict=True))}
    assert named(leaks("rain100l", "rain100l")) == twins and len(twins) == 9
    assert len(found) == 100 + 2 * 9, "each index, and each of the nine pairs of twins both ways"


@pytest.mark.data
def test_near_duplicates_of_the_real_photos():
    """All 46 pairs of the list, and three more that it lacks: two photos that also stand there cut to another frame."""
    listed = paths.data_root() / "Real147_SIRR/NEAR_DUPLICATE_GROUPS.txt"
    groups = [[name.removesuffix(".jpg") for name in line.split()] for line in listed.read_text().splitlines()]
    known = {frozenset(pair) for group in groups for pair in itertools.combinations(group, 2)}
    cut_otherwise = {frozenset(pair) for pair in (("8", "120"), ("33", "107"), ("75", "107"))}
    found = {frozenset((leak.train, leak.test)) for leak in leaks("real147", "real147")}
    assert len(known) == 46 and found == known | cut_otherwise
    assert named(leaks("mwd", "real147")) == {("rain104", "116")} and leaks("mwd", "mwd") == []


@pytest.mark.data
def test_random_cuts_of_real_photos_are_found(tmp_path):
    """Of 40 photos cut to 0.75-0.95 of their sides at random places, at most two are missed, and none is mistaken."""
    rng = np.random.default_rng(7)
    files = registry.lookup("bsds500/test")[1].listing().files()[:40]
    (tmp_path / "whole").mkdir(), (tmp_path / "cut").mkdir()
    for path in files:
        image, share = Image.open(path), rng.uniform(0.75, 0.95)
        image.save(tmp_path / "whole" / f"{path.stem}.png")
        cut(image, *rng.uniform(0, 1 - share, 2), share).save(tmp_path / "cut" / f"{path.stem}.png")
    found = named(leaks(tmp_path / "whole", tmp_path / "cut"))
    assert all(a == b for a, b in found) and len(found) >= 38
