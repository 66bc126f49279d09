"""A folder of one's own: its layout is found, its images are paired by their names, and what is unclear is said."""

import numpy as np
import pytest
from PIL import Image

from rainmer_lib.data.folders import folder_named, listing_of


def put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(folder / name)


def shown(listing):
    paths = ((entry.rainy, entry.clean) for entry in listing.entries)
    return [tuple(str(p.relative_to(listing.folder)) for p in pair if p) for pair in paths]


KNOWN = {
    "equal names": (["rain/a.png", "norain/a.png"], [("rain/a.png", "norain/a.png")]),
    "numbers": (["input/input1.png", "target/norain1.png"], [("input/input1.png", "target/norain1.png")]),
    "zeros": (["Rainy/001.png", "GT/1.jpg"], [("Rainy/001.png", "GT/1.jpg")]),
    "one folder": (["rain-1.png", "norain-1.png"], [("rain-1.png", "norain-1.png")]),
    "many to one": (["rainy_image/9_1.png", "rainy_image/9_2.png", "ground_truth/9.png"],
                    [("rainy_image/9_1.png", "ground_truth/9.png"), ("rainy_image/9_2.png", "ground_truth/9.png")]),
    "scenes": (["s/a-R-000.png", "s/a-C-000.png", "__MACOSX/x.png"], [("s/a-R-000.png", "s/a-C-000.png")]),
    "folders within": (["lq/a/1.png", "lq/b/1.png", "hq/a/1.png", "hq/b/1.png"],
                       [("lq/a/1.png", "hq/a/1.png"), ("lq/b/1.png", "hq/b/1.png")]),
}  # fmt: skip


@pytest.mark.parametrize(("names", "expected"), KNOWN.values(), ids=KNOWN)
def test_the_layout_is_found(tmp_path, names, expected):
    put(tmp_path, *names)
    listing = listing_of(tmp_path)
    assert shown(listing) == expected and not listing.problems


def test_hidden_files_are_in_no_layout(tmp_path):
    put(tmp_path, "rain/a.png", "norain/a.png", "s/a-R-000.png")
    for name in ("rain/._a.png", "norain/._b.png", "._rain.png"):
        (tmp_path / name).write_text("macOS")
    assert shown(listing_of(tmp_path)) == [("rain/a.png", "norain/a.png")]


def test_a_list_file_is_a_layout(tmp_path):
    put(tmp_path, "real/0.png", "real/0gt.png")
    (tmp_path / "real_test_1000.txt").write_text("/real/0.png /real/0gt.png\n")
    assert shown(listing_of(tmp_path)) == [("real/0.png", "real/0gt.png")]


def test_photos_without_clean_ones_are_listed_as_they_are(tmp_path):
    put(tmp_path, "a.png", "deep/b.jpg")
    listing = listing_of(tmp_path)
    assert shown(listing) == [("a.png",), ("deep/b.jpg",)] and [entry.name for entry in listing.entries] == ["a", "deep/b"]


def test_files_without_a_partner_are_named_and_counted(tmp_path):
    put(tmp_path, "rain/a.png", "norain/a.png", *(f"norain/x{i}.png" for i in range(9)))
    listing = listing_of(tmp_path, "name")
    assert listing.problems == ("without a partner: norain/x0.png, norain/x1.png, norain/x2.png and 6 more",)
    assert (listing.rainy, listing.clean, len(listing.alone)) == (1, 10, 9)


def test_how_names_are_paired_can_be_said(tmp_path):
    put(tmp_path, "rain/cat.png", "norain/dog.png")
    with pytest.raises(ValueError, match="no rule finds a partner"):
        listing_of(tmp_path)
    assert shown(listing_of(tmp_path, "order")) == [("rain/cat.png", "norain/dog.png")]


def test_what_is_unclear_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing: no such folder"):
        listing_of(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="no images in it"):
        listing_of(tmp_path)
    put(tmp_path, "rain/a.png", "other/a.png")
    with pytest.raises(ValueError, match="one of clean images .*found other, rain"):
        listing_of(tmp_path)
    put(tmp_path, "input/a.png", "gt/a.png", "target/a.png")
    with pytest.raises(ValueError, match="found gt, input, other, rain, target"):
        listing_of(tmp_path)


def test_a_name_is_a_set_or_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine" / "rain12").mkdir(parents=True)
    assert folder_named("rain12/test") is None and folder_named("RAIN12") is None
    assert str(folder_named("mine/rain12")) == "mine/rain12"
    with pytest.raises(ValueError, match="mine/other: no such folder; data set 'mine'"):
        folder_named("mine/other")
    with pytest.raises(ValueError, match="rain120: no such folder; data set 'rain120': did you mean rain12"):
        folder_named("rain120")
