"""Image files of every kind against arrays and Pillow's own words; what is written against what was read."""

import io
from pathlib import Path

import numpy as np
import png
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from rainmer_lib.data.image_files import ImageFile, read_image, write_image

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (7, 5, 3), dtype=np.uint8)
GREY = RGB[..., 0]
ALPHA = RGB[..., 1]
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def saved(path, picture, **options):
    picture.save(path, **options)
    return path


def png16(path, values, **options):
    with open(path, "wb") as file:
        png.Writer(values.shape[1], values.shape[0], bitdepth=16, **options).write(
            file, values.reshape(len(values), -1).tolist()
        )
    return path


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".webp", ".ppm", ".gif"])
def test_lossless_colour(tmp_path, suffix):
    picture = Image.fromarray(RGB).quantize(64) if suffix == ".gif" else Image.fromarray(RGB)
    options = {"lossless": True} if suffix == ".webp" else {}
    read = read_image(saved(tmp_path / f"a{suffix}", picture, **options))
    assert np.array_equal(read.rgb, np.asarray(picture.convert("RGB"))) and read.rgb.dtype == np.uint8
    assert (read.bits, read.grey, read.alpha, read.icc) == (8, False, None, None)


def test_the_content_counts_not_the_suffix(tmp_path):
    path = tmp_path / "photo.jpg"
    saved(path, Image.fromarray(RGB), format="PNG")
    assert np.array_equal(read_image(path).rgb, RGB)


def test_grey_and_one_bit(tmp_path):
    read = read_image(saved(tmp_path / "grey.png", Image.fromarray(GREY)))
    assert read.grey and np.array_equal(read.rgb, np.dstack([GREY] * 3))
    bits = GREY > 127
    read = read_image(saved(tmp_path / "bits.png", Image.fromarray(bits)))
    assert read.grey and np.array_equal(read.rgb[..., 2], bits * 255)


def test_transparency_of_every_kind(tmp_path):
    read = read_image(saved(tmp_path / "la.png", Image.fromarray(np.dstack([GREY, ALPHA]))))
    assert read.grey and np.array_equal(read.alpha, ALPHA) and np.array_equal(read.rgb[..., 0], GREY)
    read = read_image(saved(tmp_path / "rgba.png", Image.fromarray(np.dstack([RGB, ALPHA]))))
    assert not read.grey and np.array_equal(read.alpha, ALPHA) and np.array_equal(read.rgb, RGB)
    hidden = tuple(int(v) for v in RGB[2, 3])
    read = read_image(saved(tmp_path / "key.png", Image.fromarray(RGB), transparency=hidden))
    assert np.array_equal(read.alpha, np.where((RGB == RGB[2, 3]).all(axis=2), 0, 255)) and np.array_equal(read.rgb, RGB)
    read = read_image(saved(tmp_path / "grey_key.png", Image.fromarray(GREY), transparency=int(GREY[0, 0])))
    assert read.grey and np.array_equal(read.alpha, np.where(GREY == GREY[0, 0], 0, 255))


def test_palettes(tmp_path):
    palette = Image.fromarray(RGB).quantize(8)
    colours = np.asarray(palette.convert("RGB"))
    read = read_image(saved(tmp_path / "p.png", palette))
    assert np.array_equal(read.rgb, colours) and read.alpha is None and not read.grey
    read = read_image(saved(tmp_path / "pt.png", palette, transparency=bytes([0, 100] + [255] * 6)))
    expected = np.array([0, 100] + [255] * 6)[np.asarray(palette)]
    assert np.array_equal(read.rgb, colours) and np.array_equal(read.alpha, expected)


def test_other_colour_spaces(tmp_path):
    cmyk = Image.fromarray(np.full((6, 6, 3), [200, 40, 90], np.uint8)).convert("CMYK")
    read = read_image(saved(tmp_path / "cmyk.jpg", cmyk, quality=100))
    assert np.abs(read.rgb.astype(int) - [200, 40, 90]).max() <= 3 and read.icc is None
    lab = Image.merge("LAB", [Image.new("L", (4, 4), v) for v in (255, 0, 0)])
    read = read_image(saved(tmp_path / "lab.tif", lab, icc_profile=SRGB))
    assert read.icc is None, "a profile of another colour space must not be kept"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in ("a.png", "a.tif", "a.webp"):
        options = {"lossless": True} if name == "a.webp" else {}
        path = saved(tmp_path / name, Image.fromarray(np.dstack([RGB, ALPHA])), exif=exif, **options)
        with Image.open(path) as image:
            expected = np.asarray(ImageOps.exif_transpose(image))
        read = read_image(path)
        assert np.array_equal(np.dstack([read.rgb, read.alpha]), expected), name
        again = read_image(write_image(tmp_path / f"out-{name}", read.rgb, read))
        assert np.array_equal(again.rgb, read.rgb) and np.array_equal(again.alpha, read.alpha), name


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_of_16_bit_tiff(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    small = read_image(saved(tmp_path / "small.png", Image.fromarray(RGB), exif=exif)).rgb
    tifffile.imwrite(tmp_path / "a.tif", RGB * np.uint16(257), photometric="rgb", metadata=None,
                     extratags=[(274, "H", 1, orientation, True)])  # fmt: skip
    assert np.array_equal(np.round(read_image(tmp_path / "a.tif").rgb * 255), small)


def test_16_bit_png(tmp_path):
    values = RNG.integers(0, 65536, (6, 4, 4), dtype=np.uint16)
    read = read_image(png16(tmp_path / "rgba.png", values, greyscale=False, alpha=True))
    assert read.bits == 16 and read.rgb.dtype == np.float32 and np.array_equal(read.alpha, values[..., 3])
    assert np.array_equal(np.round(read.rgb.astype(np.float64) * 65535), values[..., :3])
    read = read_image(png16(tmp_path / "grey.png", values[..., :1], greyscale=True))
    assert read.grey and read.bits == 16 and np.array_equal(np.round(read.rgb[..., 1] * 65535), values[..., 0])
    key = tuple(int(v) for v in values[1, 2, :3])
    read = read_image(png16(tmp_path / "key.png", values[..., :3], greyscale=False, transparent=key))
    assert read.alpha[1, 2] == 0 and (read.alpha == 65535).sum() == 23
    read = read_image(png16(tmp_path / "laced.png", values[..., :3], greyscale=False, interlace=True))
    assert np.array_equal(np.round(read.rgb * 65535), values[..., :3])


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_all_16_bit_values_come_back(tmp_path, suffix):
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    rgb = (np.dstack([every, every.T, every[::-1]]) / np.float32(65535)).astype(np.float32)
    alpha = every[:, ::-1]
    for like in (ImageFile(rgb, 16, icc=SRGB), ImageFile(rgb, 16, alpha=alpha, icc=SRGB)):
        read = read_image(write_image(tmp_path / f"a{suffix}", rgb, like))
        assert np.array_equal(read.rgb, rgb) and read.bits == 16 and read.icc == SRGB and not read.grey
        assert read.alpha is None if like.alpha is None else np.array_equal(read.alpha, alpha)
    grey = np.dstack([rgb[..., 0]] * 3)
    for like in (ImageFile(grey, 16, grey=True), ImageFile(grey, 16, grey=True, alpha=alpha)):
        read = read_image(write_image(tmp_path / f"g{suffix}", grey, like))
        assert np.array_equal(read.rgb, grey) and read.grey and (read.alpha is None) == (like.alpha is None)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.booleans(), st.booleans(), st.sampled_from([".png", ".tif", ".webp"]))
def test_what_is_read_is_written_again(tmp_path_factory, height, width, grey, transparent, suffix):
    folder = tmp_path_factory.mktemp("again")
    rng = np.random.default_rng(height * 10 + width)
    rgb = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    rgb = np.dstack([rgb[..., 0]] * 3) if grey else rgb
    like = ImageFile(rgb, 8, grey, rng.integers(0, 256, (height, width), dtype=np.uint8) if transparent else None, SRGB)
    for image in (rgb, rgb / np.float32(255)):
        read = read_image(write_image(folder / f"a{suffix}", image, like))
        assert np.array_equal(read.rgb, rgb) and read.icc == SRGB and read.grey == (grey and suffix != ".webp")
        assert np.array_equal(read.alpha, like.alpha) if transparent and (like.alpha < 255).any() else True


def test_grey_is_the_mean_of_the_channels(tmp_path):
    like = ImageFile(np.zeros((1, 2, 3), np.uint8), grey=True)
    out = write_image(tmp_path / "a.png", np.array([[[0.1, 0.2, 0.3], [0.0, 0.5, 1.0]]], np.float32), like)
    with Image.open(out) as image:
        assert image.mode == "L" and np.asarray(image).tolist() == [[51, 128]]


def test_jpeg_is_fine_and_keeps_all_colour(tmp_path):
    smooth = np.asarray(Image.fromarray(RGB).resize((64, 48), Image.Resampling.BICUBIC))
    path = write_image(tmp_path / "a.jpg", smooth, ImageFile(smooth, 16, icc=SRGB))
    with Image.open(path) as image:
        assert image.layers == 3 and {layer[1:3] for layer in image.layer} == {(1, 1)}, "colour is subsampled"
        best = io.BytesIO()
        Image.fromarray(smooth).save(best, "JPEG", quality=95, subsampling=0)
        best_tables = Image.open(best).quantization
        assert image.quantization == best_tables and image.info["icc_profile"] == SRGB


def test_16_bit_alpha_in_an_8_bit_format(tmp_path):
    alpha = np.array([[0, 65535, 32768, 128, 129]], np.uint16)
    like = ImageFile(np.zeros((1, 5, 3), np.float32), 16, alpha=alpha)
    assert read_image(write_image(tmp_path / "a.webp", like.rgb, like)).alpha.tolist() == [[0, 255, 128, 0, 1]]


def test_what_cannot_be_written(tmp_path):
    like = ImageFile(RGB, alpha=ALPHA)
    with pytest.raises(ValueError, match="a.jpg: JPEG holds no transparency.*png"):
        write_image(tmp_path / "a.jpg", RGB, like)
    with pytest.raises(ValueError, match="a.xyz.*use one of .png"):
        write_image(tmp_path / "a.xyz", RGB, like)
    with pytest.raises(ValueError, match="a.png.*expected RGB"):
        write_image(tmp_path / "a.png", RGB[:3], like)
    with pytest.raises(ValueError, match="not finite"):
        write_image(tmp_path / "a.png", np.full(RGB.shape, np.nan), like)
    with pytest.raises(ValueError, match=r"expected an output in \[0, 1\], found values from"):
        write_image(tmp_path / "a.png", RGB.astype(np.float32), like)  # would be white
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = write_image(tmp_path / "a.png", RGB, ImageFile(RGB))
    whole = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda part, content: (whole(part, content[:9]), 1 / 0))
    with pytest.raises(ZeroDivisionError):
        write_image(path, RGB[::-1], ImageFile(RGB))
    assert np.array_equal(read_image(path).rgb, RGB) and len(list(tmp_path.iterdir())) == 1
