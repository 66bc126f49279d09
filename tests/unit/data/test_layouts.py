"""Layouts: small folders of each kind, in order, with every file that has no partner named."""

import numpy as np
import pytest
from PIL import Image

from rainmer_lib.data import layouts
from rainmer_lib.data.image_files import read_image


def put(path, colour=(0, 0, 0), size=(12, 12)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def shown(listing):
    root = listing.folder
    names = lambda path: None if path is None else str(path.relative_to(root))  # noqa: E731
    return [(e.name, names(e.rainy), names(e.clean)) for e in listing.entries]


def test_equal_names_in_two_folders(tmp_path):
    for name in ("b.png", "a.png"):
        put(tmp_path / "rain" / name), put(tmp_path / "norain" / name)
    listing = layouts.two_folders(tmp_path, "rain", "norain")
    assert shown(listing) == [("a", "rain/a.png", "norain/a.png"), ("b", "rain/b.png", "norain/b.png")]
    assert listing.problems == () and (listing.rainy, listing.clean) == (2, 2)
    put(tmp_path / "rain/only.png"), put(tmp_path / "norain/lonely.png")
    assert layouts.two_folders(tmp_path, "rain", "norain").problems == ("without a partner: only.png, lonely.png",)


def test_fourteen_rains_share_one_clean_photo_and_a_stray_copy_is_named(tmp_path):
    put(tmp_path / "gt/901.jpg")
    for i in range(1, 15):
        put(tmp_path / f"rainy/901_{i}.jpg")
    rule = {"rainy_name": r"(\d+)_\d+", "clean_name": r"\1"}
    listing = layouts.two_folders(tmp_path, "rainy", "gt", **rule)
    assert len(listing.entries) == 14 and {e.clean for e in listing.entries} == {tmp_path / "gt/901.jpg"}
    assert len(layouts.backgrounds(listing.entries)) == 1 and len(listing.files()) == 15
    put(tmp_path / "rainy/926_10(1).jpg")
    assert layouts.two_folders(tmp_path, "rainy", "gt", **rule).problems == ("without a partner: 926_10(1).jpg",)


def test_rain_and_norain_and_suffixes_in_one_folder(tmp_path):
    for name in ("rain-001.png", "norain-001.png"):
        put(tmp_path / "one" / name)
    rule = {"rainy_name": "rain(.*)", "clean_name": r"norain\1"}
    assert shown(layouts.two_folders(tmp_path / "one", ".", ".", **rule)) == [("rain-001", "rain-001.png", "norain-001.png")]
    for name in ("1_rain.png", "1_clean.png", "2_rain.png"):
        put(tmp_path / "two" / name)
    listing = layouts.two_folders(tmp_path / "two", ".", ".", rainy_name="(.*)_rain", clean_name=r"\1_clean")
    assert shown(listing) == [("1_rain", "1_rain.png", "1_clean.png")]
    assert listing.problems == ("without a partner: 2_rain.png",)


def test_two_files_of_one_name_are_a_fault(tmp_path):
    put(tmp_path / "rain/a.png"), put(tmp_path / "norain/a.png"), put(tmp_path / "norain/a.jpg")
    assert "a.png: a.jpg has the same name" in layouts.two_folders(tmp_path, "rain", "norain").problems


def test_the_same_folders_in_several_places(tmp_path):
    for part in ("set1", "set2"):
        put(tmp_path / part / "test/gt/0000.png"), put(tmp_path / part / "test/rainy/0000_03.png")
    rule = {"rainy_name": r"(\d+)_\d+", "clean_name": r"\1"}
    listing = layouts.two_folders(tmp_path, "rainy", "gt", **rule, within="set*/test")
    assert [e.name for e in listing.entries] == ["set1/test/0000_03", "set2/test/0000_03"] and not listing.problems
    assert [e.clean.parts[-4] for e in listing.entries] == ["set1", "set2"]
    with pytest.raises(FileNotFoundError, match="set\\*/train"):
        layouts.two_folders(tmp_path, "rainy", "gt", within="set*/train")


@pytest.mark.parametrize(("half", "rainy"), [("left", 200), ("right", 10)])
def test_side_by_side(tmp_path, half, rainy):
    both = np.full((6, 8, 3), 10, np.uint8)
    both[:, :4] = 200
    Image.fromarray(both).save(tmp_path / "0.png")
    (entry,) = layouts.side_by_side(tmp_path, half).entries
    a, b = layouts.read(entry)
    assert a.shape == b.shape == (6, 4, 3) and (a == rainy).all() and (b == 210 - rainy).all()
    put(tmp_path / "1.png", size=(7, 6))
    with pytest.raises(ValueError, match="1.png: 7 pixels wide"):
        layouts.read(layouts.side_by_side(tmp_path, half).entries[1])
    with pytest.raises(ValueError, match="left or right"):
        layouts.side_by_side(tmp_path, "top")


def test_scenes(tmp_path):
    for name in ("a-C-000.png", "a-R-000.png", "a-R-001.png"):
        put(tmp_path / "a" / name)
    options = {"rainy": "*R-*.png", "clean": "*C-000*.png"}
    listing = layouts.scenes(tmp_path, **options)
    assert shown(listing) == [("a/a-R-000", "a/a-R-000.png", "a/a-C-000.png"), ("a/a-R-001", "a/a-R-001.png", "a/a-C-000.png")]
    for name in ("b/b-R-000.png", "c/c-C-000.png", "d/d-C-000.png", "d/d-C-0001.png", "d/d-R-000.png"):
        put(tmp_path / name)
    listing = layouts.scenes(tmp_path, **options)
    assert [f.split(":")[0] for f in listing.problems] == ["b", "c", "d"] and len(listing.entries) == 2
    assert "found 0 clean frames" in listing.problems[0] and "found 2 clean frames" in listing.problems[2]


def test_list_files(tmp_path):
    put(tmp_path / "real/0.png"), put(tmp_path / "real/0gt.png")
    (tmp_path / "list.txt").write_text("/real/0.png /real/0gt.png\n\n./real/0.png\nreal/1.png real/0gt.png\n")
    listing = layouts.list_file(tmp_path, "list.txt")
    assert shown(listing) == [("real/0", "real/0.png", "real/0gt.png")]
    assert "line 3: expected two paths, found 1" in listing.problems[0] and "real/1.png is not there" in listing.problems[1]
    with pytest.raises(FileNotFoundError, match="other.txt"):
        layouts.list_file(tmp_path, "other.txt")


@pytest.mark.parametrize("way", ["sub/../../x.png", "../x.png", "/../x.png", "./../x.png", "sub/../.."])
def test_a_list_file_leads_nowhere_else(tmp_path, way):
    put(tmp_path / "set/a.png"), put(tmp_path / "x.png"), put(tmp_path / "set/sub/b.png")
    (tmp_path / "set/list.txt").write_text(f"{way} a.png\na.png {way}\nsub/../a.png ./sub/b.png\n")
    listing = layouts.list_file(tmp_path / "set", "list.txt")
    assert [(e.rainy.name, e.clean.name) for e in listing.entries] == [("a.png", "b.png")]
    assert len(listing.faults) == 2 and all("lies outside of" in fault for fault in listing.faults)


def test_hidden_files_are_no_frames_and_hidden_folders_no_scenes(tmp_path):
    for name in ("a/a-C-000.png", "a/a-R-000.png"):
        put(tmp_path / name)
    for name in ("a/._a-C-000.png", "a/._a-R-000.png", "__MACOSX/._a-R-000.png", ".cache/a-R-000.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("macOS")
    listing = layouts.scenes(tmp_path, rainy="*R-*.png", clean="*C-000*.png")
    assert shown(listing) == [("a/a-R-000", "a/a-R-000.png", "a/a-C-000.png")] and not listing.problems


def test_what_is_not_read_is_listed_so_that_it_is_named(tmp_path):
    put(tmp_path / "a.png")
    (tmp_path / "b.heic").write_text("no image")
    assert [p.name for p in layouts.image_files(tmp_path)] == ["a.png", "b.heic"]


def test_one_folder_and_its_list_of_exclusions(tmp_path):
    for name in ("train/1.jpg", "train/2.jpg", "test/3.jpg"):
        put(tmp_path / "images" / name)
    (tmp_path / "drop.txt").write_text("train/2.jpg\tRain12/rain-001.png\n")
    listing = layouts.one_folder(tmp_path / "images", "clean", within="*", exclude="../drop.txt")
    assert shown(listing) == [("test/3", None, "test/3.jpg"), ("train/1", None, "train/1.jpg")] and not listing.problems
    (tmp_path / "drop.txt").write_text("train/9.jpg x\n")
    listing = layouts.one_folder(tmp_path / "images", "rainy", within="*", exclude="../drop.txt")
    assert listing.problems == ("train/9.jpg: listed in ../drop.txt, but there is no such image",) and listing.rainy == 3


def test_content_not_suffix_decides(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "jpeg.png", format="JPEG")
    Image.fromarray(noise[..., 0]).save(tmp_path / "grey.jpg", format="PNG")
    assert layouts.read_rgb(tmp_path / "jpeg.png").shape == (9, 9, 3)
    assert (layouts.read_rgb(tmp_path / "grey.jpg") == noise[..., :1]).all()


def test_what_cannot_be_read_is_named(tmp_path):
    whole = put(tmp_path / "cut.png", size=(90, 90))
    whole.write_bytes(whole.read_bytes()[:-40])
    (tmp_path / "text.jpg").write_text("not an image")
    for name, message in (("cut.png", "truncated"), ("text.jpg", "not an image"), ("absent.png", "cannot be read as an image")):
        with pytest.raises(ValueError, match=f"{name}: {message}"):
            layouts.read_rgb(tmp_path / name)


DEEP = np.array([[[0, 128, 129], [65535, 60000, 257]]], np.uint16)  # 128 and 129 are on both sides of half a level
GREY_ALPHA = np.dstack([np.arange(9, dtype=np.uint8).reshape(3, 3)] * 2)


def deep_png(path):
    import png

    with open(path, "wb") as file:
        png.Writer(2, 1, greyscale=False, bitdepth=16).write(file, DEEP.reshape(1, -1))


def test_sixteen_bits_are_rounded_and_opacity_is_dropped(tmp_path):
    deep_png(tmp_path / "deep.png")
    assert layouts.read_rgb(tmp_path / "deep.png").tolist() == [[[0, 0, 1], [255, 233, 1]]]
    Image.fromarray(GREY_ALPHA, "LA").save(tmp_path / "la.png")
    assert (layouts.read_rgb(tmp_path / "la.png") == GREY_ALPHA[..., :1]).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations_are_those_that_a_photo_is_derained_with(tmp_path, orientation):
    """One reader for what is derained and what it is scored against."""
    exif = Image.Exif()
    exif[274] = orientation
    noise = np.random.default_rng(0).integers(0, 256, (8, 16, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(layouts.read_rgb(tmp_path / "a.png"), read_image(tmp_path / "a.png").rgb)
    assert (layouts.read_rgb(tmp_path / "a.png").shape[:2] == (8, 16)) == (orientation < 5)
