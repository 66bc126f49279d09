"""Image files of kinds that are not read: they are recognised, so that they are named and not skipped in silence."""

import logging
from pathlib import Path

import tifffile

RAW = "camera raw"
KINDS = {
    "HEIC": ".heic .heif .hif", "AVIF": ".avif", "JPEG 2000": ".jp2 .j2k .jpx .jpf .j2c .jpc", "JPEG XL": ".jxl",
    RAW: ".dng .cr2 .cr3 .nef .nrw .arw .orf .rw2 .raf .pef .srw", "OpenEXR": ".exr", "Radiance HDR": ".hdr",
    "Photoshop": ".psd",
}  # fmt: skip
SUFFIXES = {suffix: kind for kind, suffixes in KINDS.items() for suffix in suffixes.split()}
BRANDS = {
    b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"heim": "HEIC", b"heis": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC",
    b"avif": "AVIF", b"avis": "AVIF", b"crx ": RAW,
}  # fmt: skip
BEGINNINGS = {
    b"\0\0\0\x0cjP  ": "JPEG 2000", b"\xff\x4f\xff\x51": "JPEG 2000", b"\0\0\0\x0cJXL ": "JPEG XL", b"\xff\x0a": "JPEG XL",
    b"\x76\x2f\x31\x01": "OpenEXR", b"#?RADIANCE": "Radiance HDR", b"8BPS": "Photoshop",
}  # fmt: skip
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what it says of damaged tags is said better by an error


def unread_kind(path: Path) -> str:
    """Return the kind of an image that is not read, from its first bytes or its suffix; empty if it is none of these."""
    with open(path, "rb") as file:
        start = file.read(16)
    if start[4:8] == b"ftyp" and start[8:12] in BRANDS:
        return BRANDS[start[8:12]]
    begun = next((kind for beginning, kind in BEGINNINGS.items() if start.startswith(beginning)), "")
    return begun or SUFFIXES.get(path.suffix.lower(), "")


def why_unread(path: Path) -> str:
    """Say why a file that no reader takes is not read, as far as its first bytes tell; empty if they tell nothing."""
    if kind := unread_kind(path):
        return f"{kind}, a format that is not read; save it as PNG, TIFF or JPEG"
    with open(path, "rb") as file:
        return tiff_of(path) if file.read(4) in TIFF else ""


def tiff_of(path: Path) -> str:
    """Describe the pixels of a TIFF that no reader takes; empty if the file is too damaged to tell."""
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages[0]
            kind = f"{page.dtype} {name_of(page.photometric)} in {page.samplesperpixel} channels"
            packed = f"{kind} with {name_of(page.compression)} compression"
    except Exception:  # its parser raises what it meets first; that the file is damaged is said by the caller
        return ""
    return f"a TIFF of {packed}; save it as a PNG or TIFF of 8 or 16 bits, grey or RGB"


def name_of(code: object) -> str:
    """Return the name of a TIFF's code, such as RGB; of one that no standard knows, its number."""
    return getattr(code, "name", f"unknown code {code}")
