"""Read any photo as RGB, and write a result as faithful to its source as the output's format allows.

Depth (8 or 16 bits), grey or colour, alpha and the ICC profile of the source are kept; other metadata (EXIF, text) are not
copied.  A photo's orientation is applied when it is read, and a result carries no orientation.
"""

import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tifffile
from jaxtyping import Float, Shaped, UInt, UInt8
from PIL import Image

from rainmer_lib import atomic
from rainmer_lib.data.image_decoding import DAMAGED, ImageFile, Unsupported, decode, is_tiff16, read_tiff16
from rainmer_lib.data.unread_images import RAW, unread_kind, why_unread
from rainmer_lib.data.unread_images import SUFFIXES as UNREAD
from rainmer_lib.metrics.protocols import require_unit_scale

READABLE = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "PPM")
SUFFIXES = frozenset(".png .jpg .jpeg .jpe .jfif .mpo .tif .tiff .webp .bmp .gif .ppm .pgm .pnm".split())
LISTED = SUFFIXES | UNREAD.keys()  # what is not read is listed too, so that it is named and not skipped
WRITABLE = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF", ".webp": "WEBP", ".bmp": "BMP"}
SAVE = {
    "PNG": {}, "TIFF": {"compression": "tiff_adobe_deflate"}, "BMP": {}, "WEBP": {"lossless": True, "exact": True},
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
}  # fmt: skip
HOLDS_ALPHA = {"PNG", "TIFF", "WEBP"}
HOLDS_16_BITS = {"PNG", "TIFF"}


def list_images(folder: Path) -> list[Path]:
    """List the images in a folder and its subfolders, links to folders included, sorted; empty if there are none.

    A file is listed if its suffix is that of an image, so that a broken one is not skipped, or if its content is an image;
    so are images of kinds that are not read, such as HEIC, which `read_image` names.  Hidden files and folders are left out.
    Raises FileNotFoundError if the folder does not exist, PermissionError if one in it may not be read.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder")
    return sorted(path for path in _shown(folder) if path.suffix.lower() in LISTED or _is_image(path))


def _shown(folder: Path, around: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Yield what is not hidden below a folder and is no folder; a link to a folder that is `around` it would have no end."""
    here = folder.resolve()
    if here in around:
        return
    try:
        found = [(entry.name, entry.is_dir()) for entry in os.scandir(folder)]
    except PermissionError as error:
        raise PermissionError(f"{folder}: this folder cannot be read ({error.strerror}); change its permissions") from error
    for name, is_folder in found:
        if not name.startswith("."):
            yield from _shown(folder / name, (*around, here)) if is_folder else [folder / name]


def read_image(path: Path) -> ImageFile:
    """Read a photo; its format (PNG, JPEG, TIFF, WebP, BMP, GIF or PPM) is detected from its content.

    Palettes and CMYK become RGB, 1-bit becomes 8-bit grey, transparent colours become alpha.  Raises FileNotFoundError, and
    ValueError that names the file if it is empty, not an image, truncated, animated, larger than 268 million pixels, or of a
    depth other than 8 or 16 bits.  Of the two pictures in some phones' JPEG files (MPO), the first is read.
    """
    path = Path(path)
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty")
    try:
        if UNREAD.get(path.suffix.lower()) == RAW:  # a TIFF whose first picture is a small preview
            raise Unsupported(why_unread(path))
        if is_tiff16(path):
            return read_tiff16(path)
        with _any_size(), _opened(path) as image:
            return decode(path, image)
    except Unsupported as error:
        raise ValueError(f"{path}: {error}") from error
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise ValueError(f"{path}: truncated or damaged ({error})") from error


def _opened(path: Path) -> Image.Image:
    """Open a file and read its header; Unsupported if it is not an image."""
    try:
        return Image.open(path, formats=READABLE)
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise Unsupported(why_unread(path) or f"not an image that can be read ({', '.join(READABLE)})") from error


def write_image(path: Path, image: Float[np.ndarray, "h w 3"] | UInt8[np.ndarray, "h w 3"], like: ImageFile) -> Path:
    """Write an RGB result, uint8 or float in [0, 1], in the format of the path's suffix, like its source.

    The file has 16 bits if `like` has them and the format supports them (PNG, TIFF), otherwise 8; values are rounded.  The
    result for a grey file is written as grey, the mean of its three channels.  Alpha is copied from `like`.  JPEG: quality
    95, full colour resolution; WebP: lossless.  Raises ValueError on an unknown suffix, on images of another size, type
    or scale, and if `like` has alpha but the format does not support it.
    """
    path = Path(path)
    kind = format_of(path, like.alpha is not None)
    if image.shape != like.rgb.shape or not (image.dtype == np.uint8 or np.issubdtype(image.dtype, np.floating)):
        raise ValueError(f"{path}: cannot write {image.dtype} {image.shape}, expected RGB, uint8 or float, {like.rgb.shape}")
    bits = like.bits if kind in HOLDS_16_BITS else 8
    planes = _quantised(image, bits, like.grey)
    if like.alpha is not None:
        planes = np.dstack([planes, _requantised(like.alpha, bits)])
    content = _encoded(planes, kind, like.icc)
    return atomic.write(path, lambda part: part.write_bytes(content))


def format_of(path: Path, transparent: bool = False) -> str:
    """Return the format in which an image is written at a path; ValueError if there is none, or it holds no transparency."""
    kind = WRITABLE.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"{path}: cannot write {path.suffix or 'a file without suffix'}; use one of {', '.join(WRITABLE)}")
    if transparent and kind not in HOLDS_ALPHA:
        raise ValueError(f"{path}: {kind} holds no transparency, which the source has; write .png, .tif or .webp")
    return kind


def suffix_for(path: Path, transparent: bool = False) -> str:
    """Return the suffix under which an image can be written: that of a path, else that of PNG, which holds everything."""
    try:
        format_of(path, transparent)
    except ValueError:
        return ".png"
    return path.suffix


def _quantised(image: np.ndarray, bits: int, grey: bool) -> UInt[np.ndarray, "h w c"]:
    """Round to integers of 8 or 16 bits, with one channel if grey, else three."""
    top = 2**bits - 1
    if image.dtype == np.uint8:
        if bits == 8 and not grey:
            return image
        image = image / np.float32(255)
    require_unit_scale(image)
    if grey:
        image = image.mean(axis=2, keepdims=True, dtype=np.float64)
    return np.floor(np.clip(image, 0, 1) * top + 0.5).astype(np.uint16 if bits == 16 else np.uint8)


def _requantised(alpha: UInt[np.ndarray, "h w"], bits: int) -> UInt[np.ndarray, "h w"]:
    """Convert alpha to the depth of the colours."""
    if alpha.dtype == np.uint8 and bits == 16:
        return alpha * np.uint16(257)
    if alpha.dtype == np.uint16 and bits == 8:
        return ((alpha.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return alpha


def _encoded(planes: UInt[np.ndarray, "h w c"], kind: str, icc: bytes | None) -> bytes:
    """Encode planes (grey, grey and alpha, RGB, or RGBA) as a file.

    In memory: on a full disk, libtiff raises errors that do not say so.
    """
    file = io.BytesIO()
    if planes.dtype == np.uint8:
        picture = Image.fromarray(planes[..., 0] if planes.shape[2] == 1 else planes)
        picture.save(file, format=kind, **SAVE[kind], **({"icc_profile": icc} if icc else {}))
        return file.getvalue()
    if kind == "PNG":
        return _png16(planes, icc)
    colours = {"photometric": "rgb" if planes.shape[2] > 2 else "minisblack", "iccprofile": icc, "compression": "zlib"}
    extra = {"extrasamples": ["unassalpha"], "planarconfig": "contig"} if planes.shape[2] in (2, 4) else {}
    values = planes[..., 0] if planes.shape[2] == 1 else planes
    tifffile.imwrite(file, values, metadata=None, **colours, **extra)
    return file.getvalue()


def _png16(planes: Shaped[np.ndarray, "h w c"], icc: bytes | None) -> bytes:
    """Encode a 16-bit PNG, which Pillow cannot write in colour, and add its profile, which pypng cannot write."""
    import png  # here, so that a machine that only trains does without it

    height, width, channels = planes.shape
    writer = png.Writer(width, height, greyscale=channels < 3, alpha=channels in (2, 4), bitdepth=16)
    file = io.BytesIO()
    writer.write_packed(file, (row.tobytes() for row in planes.astype(">u2")))
    if not icc:
        return file.getvalue()
    header, *rest = png.Reader(bytes=file.getvalue()).chunks()
    file = io.BytesIO()
    png.write_chunks(file, [header, (b"iCCP", b"ICC profile\0\0" + zlib.compress(icc)), *rest])
    return file.getvalue()


@contextmanager
def _any_size():
    """Lift Pillow's limit of 89 million pixels, which rejects 100-megapixel photos; `image_decoding.LARGEST` replaces it."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _is_image(path: Path) -> bool:
    """Return whether a file without the suffix of an image is one; not if it may not be read, or is a pipe or a lost link."""
    if not path.is_file() or not os.access(path, os.R_OK):
        return False
    with _any_size():
        try:
            Image.open(path, formats=READABLE).close()
        except DAMAGED:
            return bool(unread_kind(path))
    return True
