"""Contact sheet: photos in rows, before and after deraining, and what was removed, as one picture."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw

from rainmer_lib.plots.removed_rain import coloured, end_of_scale

WIDTH = 320  # pixels of a column
GAP, TITLE = 6, 16  # pixels between panels, and of the line above each row

Photo = Float[np.ndarray, "h w 3"]


def contact_sheet(photos: Mapping[str, tuple[Photo, Photo]], title: str = "") -> UInt8[np.ndarray, "height width 3"]:
    """Draw a row for each photo (rainy, derained), in [0, 1] and of equal size: both, and rainy - derained.

    The third column is coloured as in `removed_rain`, on one scale for all rows, which its title states in levels of 255.
    ValueError if there is no photo.
    """
    if not photos:
        raise ValueError("a contact sheet needs a photo")
    removed = {name: 255 * (rainy - derained).mean(axis=2) for name, (rainy, derained) in photos.items()}
    top = end_of_scale(removed.values())
    rows = [
        [_panel(_bytes(rainy)), _panel(_bytes(derained)), _panel(coloured(removed[name], top))]
        for name, (rainy, derained) in photos.items()
    ]
    heights = [row[0].height + TITLE + GAP for row in rows]
    sheet = Image.new("RGB", (3 * WIDTH + 4 * GAP, TITLE + GAP + sum(heights)), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 2), title, fill="black")
    y = TITLE + GAP
    for (name, row), height in zip(zip(photos, rows, strict=True), heights, strict=True):
        for column, (panel, label) in enumerate(zip(row, (name, "derained", f"removed, +-{top:.0f} of 255"), strict=True)):
            x = GAP + column * (WIDTH + GAP)
            draw.text((x, y), _printable(label), fill="black")
            sheet.paste(panel, (x, y + TITLE))
        y += height
    return np.asarray(sheet)


def _panel(image: UInt8[np.ndarray, "h w 3"]) -> Image.Image:
    height = max(1, round(WIDTH * image.shape[0] / image.shape[1]))
    return Image.fromarray(image).resize((WIDTH, height), Image.Resampling.LANCZOS)


def _bytes(image: Photo) -> UInt8[np.ndarray, "h w 3"]:
    return (255 * np.clip(image, 0, 1)).round().astype(np.uint8)


def _printable(text: str) -> str:
    """Keep what Pillow's own font can draw, and at most the end of a long name."""
    return text.encode("latin-1", "replace").decode("latin-1")[-46:]
