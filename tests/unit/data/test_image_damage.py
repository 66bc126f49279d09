"""Files that are no photo: damaged, animated, too large, of other kinds; and which files of a folder are images."""

import os
import zlib

import numpy as np
import png
import pytest
import tifffile
from PIL import Image

from rainmer_lib.data import image_decoding, image_files
from rainmer_lib.data.image_files import list_images, read_image

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (7, 5, 3), dtype=np.uint8)
GREY = RGB[..., 0]


def test_damaged_files_are_named(tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(ValueError, match="empty.png: the file is empty"):
        read_image(tmp_path / "empty.png")
    with pytest.raises(ValueError, match="text.png: not an image"):
        read_image(tmp_path / "text.png")
    with pytest.raises(FileNotFoundError, match="absent.png"):
        read_image(tmp_path / "absent.png")
    big = RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "deep.tif", big * np.uint16(257), photometric="rgb", compression="zlib")
    with open(tmp_path / "deep.png", "wb") as file:
        png.Writer(64, 64, bitdepth=16, greyscale=False).write(file, big.reshape(64, -1).tolist())
    for name in ("a.png", "a.jpg", "a.webp", "a.bmp"):
        Image.fromarray(big).save(tmp_path / name)
    for name in ("a.png", "a.jpg", "a.webp", "a.bmp", "deep.tif", "deep.png"):
        whole = (tmp_path / name).read_bytes()
        for part in (0.05, 0.3, 0.6, 0.9):
            (tmp_path / f"cut-{name}").write_bytes(whole[: int(len(whole) * part)])
            with pytest.raises(ValueError, match=f"cut-{name}: (truncated|not an image)"):
                read_image(tmp_path / f"cut-{name}")


def test_animations_and_pages_are_refused(tmp_path):
    frames = [Image.fromarray(RGB), Image.fromarray(RGB[::-1])]
    for name in ("a.gif", "a.webp", "a.tif", "a.png"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        with pytest.raises(ValueError, match=f"{name}: holds 2 pictures"):
            read_image(tmp_path / name)


def test_phones_two_pictures_in_one_jpeg(tmp_path):
    frames = [Image.fromarray(np.full((16, 16, 3), v, np.uint8)) for v in (50, 200)]
    frames[0].save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=frames[1:])
    assert (read_image(tmp_path / "a.jpg").rgb == 50).all()


def test_other_depths_are_refused(tmp_path):
    Image.fromarray(RGB[..., 0].astype(np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(ValueError, match="float.tif: pixels of kind F"):
        read_image(tmp_path / "float.tif")
    tifffile.imwrite(tmp_path / "signed.tif", RGB[..., 0].astype(np.int8), photometric="minisblack")
    with pytest.raises(ValueError, match="signed.tif: a TIFF of signed integers, expected values from 0 up"):
        read_image(tmp_path / "signed.tif")
    tifffile.imwrite(tmp_path / "signed.tif", RGB.astype(np.int8), photometric="rgb")
    with pytest.raises(ValueError, match="signed.tif: a TIFF of int8 RGB"):
        read_image(tmp_path / "signed.tif")
    Image.fromarray(GREY.astype(np.uint16)).save(tmp_path / "lzw.tif", compression="tiff_lzw")
    with pytest.raises(ValueError, match="lzw.tif: a TIFF of uint16 MINISBLACK with LZW compression"):
        read_image(tmp_path / "lzw.tif")


def claim(path, width, height):
    """A PNG of a few bytes that says it is huge."""
    header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    with open(path, "wb") as file:
        png.write_chunks(file, [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")])
    return path


def test_size_limit(tmp_path):
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(ValueError, match="huge.png: 40000x30000 pixels, more than 268 million"):
        read_image(claim(tmp_path / "huge.png", 40000, 30000))
    with pytest.raises(ValueError, match="phone.png: truncated"):  # 200 megapixels pass the limit, and end too early
        read_image(claim(tmp_path / "phone.png", 16320, 12240))
    assert Image.MAX_IMAGE_PIXELS == before


def test_more_than_pillows_own_limit_is_read(tmp_path, monkeypatch):
    Image.fromarray(RGB).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)  # ours has 35 pixels: by itself, Pillow refuses it
    assert np.array_equal(read_image(tmp_path / "a.png").rgb, RGB)
    monkeypatch.setattr(image_decoding, "LARGEST", 34)
    with pytest.raises(ValueError, match="a.png: 5x7 pixels"):
        read_image(tmp_path / "a.png")


def test_list_images(tmp_path):
    for name in ("b.png", "a.JPG", "sub/c.tif", "no_suffix"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(RGB).save(tmp_path / name, format="PNG")
    (tmp_path / "broken.webp").touch()
    (tmp_path / "notes.txt").write_text("rain")
    (tmp_path / "._b.png").write_text("metadata")
    found = [str(p.relative_to(tmp_path)) for p in list_images(tmp_path)]
    assert found == ["a.JPG", "b.png", "broken.webp", "no_suffix", "sub/c.tif"]
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder"):
        list_images(tmp_path / "nowhere")


def test_links_are_followed_but_not_for_ever_and_lost_ones_are_named(tmp_path):
    """A link to a folder that is around it has no end; one that leads nowhere is listed if its name is that of an image."""
    for name in ("in/a.png", "elsewhere/b.png", "elsewhere/sub/c.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RGB).save(tmp_path / name)
    links = {"linked": "elsewhere", "self": "in", "linked/sub/up": "elsewhere", "lost.png": "gone", "lost": "gone"}
    for link, target in ((f"in/{link}", target) for link, target in links.items()):
        (tmp_path / link).symlink_to(tmp_path / target)
    found = [str(p.relative_to(tmp_path / "in")) for p in list_images(tmp_path / "in")]
    assert found == ["a.png", "linked/b.png", "linked/sub/c.png", "lost.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    """One that is named like an image is listed, so that it is named as what cannot be read."""
    for name in ("pipe", "pipe.png"):
        os.mkfifo(tmp_path / name)
    assert list_images(tmp_path) == [tmp_path / "pipe.png"]
    with pytest.raises(ValueError, match="pipe.png: the file is empty"):
        read_image(tmp_path / "pipe.png")


def test_a_file_of_another_kind_that_may_not_be_read_stops_nothing(tmp_path, monkeypatch):
    """Made to fail by hand: whoever may read everything would not be refused."""
    Image.fromarray(RGB).save(tmp_path / "a.png")
    (tmp_path / "notes").write_text("locked")

    def refuse(path, **options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(Image, "open", refuse)
    monkeypatch.setattr(image_files, "unread_kind", refuse)
    assert list_images(tmp_path) == [tmp_path / "a.png"]


def test_a_folder_that_may_not_be_read_is_not_skipped(tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir()
    really = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return really(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError, match="locked: this folder cannot be read .Permission denied.; change its permissions"):
        list_images(tmp_path)
