"""Images of kinds that are not read: each is listed, and its error says what it is."""

import logging
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from rainmer_lib.data.image_files import list_images, read_image
from rainmer_lib.data.unread_images import KINDS, SUFFIXES, name_of, tiff_of, unread_kind

STARTS = {
    "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "AVIF": b"\0\0\0\x1cftypavif\0\0\0\0avif",
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 ", "JPEG XL": b"\xff\x0a\xfa\x7f", "Photoshop": b"8BPS\0\1",
    "OpenEXR": b"\x76\x2f\x31\x01\2\0\0\0", "Radiance HDR": b"#?RADIANCE\n", "camera raw": b"\0\0\0\x18ftypcrx \0\0\0\1crx ",
}  # fmt: skip
RGB = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)


@pytest.mark.parametrize(("kind", "start"), STARTS.items())
def test_a_kind_is_known_by_its_content_and_listed_whatever_its_name(tmp_path, kind, start):
    (tmp_path / "photo").write_bytes(start + bytes(50))
    assert unread_kind(tmp_path / "photo") == kind and list_images(tmp_path) == [tmp_path / "photo"]
    with pytest.raises(ValueError, match=f"photo: {kind}, a format that is not read; save it as PNG"):
        read_image(tmp_path / "photo")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_damaged_one_is_known_by_its_suffix(tmp_path, suffix):
    path = tmp_path / f"a{suffix.upper()}"
    path.write_bytes(b"no image at all")
    assert list_images(tmp_path) == [path] and unread_kind(path) == SUFFIXES[suffix] and SUFFIXES[suffix] in KINDS
    with pytest.raises(ValueError, match="a format that is not read"):
        read_image(path)


def test_the_preview_in_a_raw_file_is_not_taken_for_the_photo(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.tif")
    (tmp_path / "a.tif").rename(tmp_path / "a.dng")
    with pytest.raises(ValueError, match="camera raw, a format that is not read"):
        read_image(tmp_path / "a.dng")


@pytest.mark.parametrize(("dtype", "shape"), [
    (np.float32, (9, 7, 3)), (np.float32, (9, 7)), (np.float16, (9, 7)), (np.float64, (9, 7, 3)), (np.uint32, (9, 7, 3)),
])  # fmt: skip
def test_a_tiff_of_another_depth_is_called_what_it_is(tmp_path, dtype, shape):
    tifffile.imwrite(tmp_path / "a.tif", np.ones(shape, dtype), photometric="rgb" if len(shape) > 2 else "minisblack")
    with pytest.raises(ValueError, match=f"a.tif: .*({np.dtype(dtype).name}|floats).*save it ") as refused:
        read_image(tmp_path / "a.tif")
    assert "not an image" not in str(refused.value) and "truncated" not in str(refused.value)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("tag", "value"), [(262, 12345), (262, 65535), (259, 12345)])  # photometric, compression
def test_a_tiff_with_a_code_that_no_standard_knows(tmp_path, dtype, tag, value):
    tifffile.imwrite(tmp_path / "a.tif", RGB.astype(dtype), photometric="rgb", metadata=None)
    content = bytearray((tmp_path / "a.tif").read_bytes())
    place = content.find(struct.pack("<HHI", tag, 3, 1)) + 8
    content[place : place + 2] = struct.pack("<H", value)
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(ValueError, match=f"a.tif: a TIFF of .*unknown code {value}"):
        read_image(tmp_path / "a.tif")
    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("tifffile").handlers)


def test_a_tiff_too_damaged_to_tell_is_just_no_image(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"II*\0\xff\xff\xff\xff")
    assert tiff_of(tmp_path / "a.tif") == "" and name_of(7) == "unknown code 7"
    with pytest.raises(ValueError, match="not an image that can be read"):
        read_image(tmp_path / "a.tif")
