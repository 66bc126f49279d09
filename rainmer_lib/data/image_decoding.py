"""Decode an opened image file to RGB: bit depth, palettes, transparency, CMYK, orientation."""

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from jaxtyping import Float, Shaped, UInt, UInt8, UInt16
from PIL import ExifTags, Image, ImageCms

from rainmer_lib.data.unread_images import TIFF, name_of

LARGEST = 2**28  # pixels (268 million): above the largest phone photos, below what a small harmful file may claim
# exceptions that decoders raise on damaged files
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, struct.error, zlib.error)
PLAIN_TIFF = {1: "none", 8: "deflate", 32946: "deflate", 32773: "packbits"}  # compressions that tifffile decodes by itself
SAMPLE_FORMAT, SIGNED = 339, 2  # tag of a TIFF, and its value for signed integers
GREY_MODES = {"1", "L", "LA"}
COLOUR_MODES = {"P", "PA", "RGB", "RGBA", "RGBX"}  # converted to RGB, for which the file's profile stays valid
CONVERTED_MODES = {"CMYK", "YCbCr", "LAB", "HSV"}  # another colour space: the profile would be wrong for the result


class Unsupported(Exception):
    """Raised for an intact file of a kind that this library does not read."""


@dataclass(frozen=True)
class ImageFile:
    """A decoded photo in the form that networks take, with the properties that a faithful result must keep.

    `rgb` is uint8, or for 16-bit files float32 in [0, 1] (value / 65535, from which the 16 bits come back exactly).  `alpha`
    is uint8 or uint16 (h, w), or None; the colours under it are as stored.  `grey`: the file has no colour.
    """

    rgb: UInt8[np.ndarray, "h w 3"] | Float[np.ndarray, "h w 3"]
    bits: int = 8
    grey: bool = False
    alpha: UInt[np.ndarray, "h w"] | None = None
    icc: bytes | None = None


def require_one_picture(width: int, height: int, pictures: int) -> None:
    """Raise Unsupported if a file holds several pictures, or more than `LARGEST` pixels."""
    if width * height > LARGEST:
        raise Unsupported(f"{width}x{height} pixels, more than {LARGEST / 1e6:.0f} million; cut it into parts")
    if pictures > 1:
        raise Unsupported(f"holds {pictures} pictures (an animation or pages); save the one you mean as a file")


def decode(path: Path, image: Image.Image) -> ImageFile:
    """Decode a file that Pillow has opened; raises `Unsupported`, or one of `DAMAGED` on a damaged file."""
    # an MPO, which some phones write, is a JPEG followed by a second picture
    require_one_picture(*image.size, 1 if image.format == "MPO" else getattr(image, "n_frames", 1))
    icc = image.info.get("icc_profile")
    if image.format == "PNG" and path.read_bytes()[24] == 16:  # IHDR's bit depth
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        return assembled(*read_png16(path), orientation, icc)
    return decode_8(image, icc)


def assembled(
    values: UInt[np.ndarray, "h w c"], alpha: UInt[np.ndarray, "h w"] | None, orientation: int, icc: bytes | None
) -> ImageFile:
    """Build an upright ImageFile from values of one or three channels, 8 or 16 bits."""
    values = upright(values, orientation)
    grey = values.shape[2] == 1
    rgb = np.ascontiguousarray(np.repeat(values, 3, axis=2) if grey else values)
    alpha = None if alpha is None else np.ascontiguousarray(upright(alpha, orientation))
    if values.dtype == np.uint8:
        return ImageFile(rgb, 8, grey, alpha, icc)
    return ImageFile(rgb.astype(np.float32) / np.float32(65535), 16, grey, alpha, icc)


def upright(values: Shaped[np.ndarray, "h w *c"], orientation: int) -> Shaped[np.ndarray, "i j *c"]:
    """Undo the rotation and mirroring of an EXIF orientation, 1 to 8; other numbers change nothing."""
    if orientation in (5, 6, 7, 8):
        values = values.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return values


def decode_8(image: Image.Image, icc: bytes | None) -> ImageFile:
    """Decode an image that Pillow reads without loss; Unsupported for others (32-bit integers, floats, signed integers)."""
    if image.mode not in GREY_MODES | COLOUR_MODES | CONVERTED_MODES:
        deep = {"F": " (floats)", "I": " (32-bit integers)"}.get(image.mode, "")
        raise Unsupported(f"pixels of kind {image.mode}{deep}, expected 8 or 16 bits; save it as a PNG or TIFF of 8 or 16 bits")
    if SIGNED in getattr(image, "tag_v2", {}).get(SAMPLE_FORMAT, ()):  # Pillow reads -1 as 255
        raise Unsupported("a TIFF of signed integers, expected values from 0 up; save it as a PNG or TIFF of 8 or 16 bits")
    image.load()
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)  # read after load: Pillow itself rotates TIFF files
    if image.mode in CONVERTED_MODES:
        image, icc = to_srgb(image, icc), None
    grey, transparent = image.mode in GREY_MODES, image.has_transparency_data
    values = np.asarray(image.convert(("LA" if grey else "RGBA") if transparent else ("L" if grey else "RGB")))
    if values.ndim == 2:
        values = values[..., None]
    colours = 1 if grey else 3
    return assembled(values[..., :colours], values[..., colours] if transparent else None, orientation, icc)


def to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """Convert CMYK and similar modes to RGB, by the file's profile if it is usable, else by Pillow's plain formula."""
    if icc:
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
            return ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            pass
    return image.convert("RGB")


def read_png16(path: Path) -> tuple[UInt16[np.ndarray, "h w c"], UInt16[np.ndarray, "h w"] | None]:
    """Read colours and alpha of a 16-bit PNG by pypng: Pillow reduces 16-bit colour to 8.  Slow if rows are filtered."""
    import png  # here, so that a machine that only trains does without it

    try:
        width, height, rows, info = png.Reader(bytes=path.read_bytes()).read()
        planes = info["planes"]
        values = np.empty((height, width * planes), np.uint16)
        count = 0
        for row in rows:
            values[count] = row
            count += 1
    except png.Error as error:
        raise ValueError(str(error)) from error
    if count < height:
        raise ValueError(f"{count} of {height} rows")
    values = values.reshape(height, width, planes)
    if info["alpha"]:
        return values[..., :-1], values[..., -1]
    if "transparent" in info:
        hidden = (values == np.array(info["transparent"], np.uint16)).all(axis=2)
        return values, np.where(hidden, np.uint16(0), np.uint16(65535))
    return values, None


def is_tiff16(path: Path) -> bool:
    """Return whether a file is a TIFF with 16 bits per channel."""
    with open(path, "rb") as file:
        if file.read(4) not in TIFF:
            return False
    try:
        with tifffile.TiffFile(path) as file:
            return file.pages[0].bitspersample == 16
    except DAMAGED:
        return False  # Pillow will report the damage


def read_tiff16(path: Path) -> ImageFile:
    """Read a 16-bit TIFF by tifffile: Pillow reduces 16-bit colour to 8, and does not open grey with alpha."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        require_one_picture(page.imagewidth, page.imagelength, len(file.pages))
        kind, extra = name_of(page.photometric), [int(e) for e in page.extrasamples]
        colours = {"MINISBLACK": 1, "MINISWHITE": 1, "RGB": 3}.get(kind)
        if page.compression not in PLAIN_TIFF or colours is None or page.dtype != np.uint16 or 1 in extra[:1]:
            alpha = ", premultiplied alpha" if 1 in extra[:1] else ""
            raise Unsupported(
                f"a TIFF of {page.dtype} {kind} with {name_of(page.compression)} compression{alpha}; 16-bit TIFF is read if it "
                "is grey or RGB, without compression or with Deflate (ZIP), with plain alpha: save it so, or as 16-bit PNG"
            )
        values, orientation, icc = page.asarray(), page.tags.valueof(274, default=1), page.tags.valueof(34675)
        planar = page.axes == "SYX"
    if values.ndim == 2:
        values = values[..., None]
    elif planar:
        values = np.moveaxis(values, 0, 2)
    if kind == "MINISWHITE":
        values = 65535 - values
    return assembled(values[..., :colours], values[..., colours] if extra else None, orientation, icc)
