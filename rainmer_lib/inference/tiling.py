"""Overlapping tiles: their positions, and how their results are faded into one image.

Each axis is cut into nearly equal cores.  A tile reads its core and a halo around it, as far as the image goes, and its
result is used on the core and half a feather beyond each inner cut.  Across a cut, over `feather` pixels, the earlier
tile's weight falls linearly from 1 to 0, and the later tile has the rest.  With a halo of at least the network's reach plus
half a feather, every value used is the one that the whole image would have given.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped

FEATHER = 16  # pixels; even, and a power of two keeps the weights exact in binary


@dataclass(frozen=True)
class Span:
    """One tile along one axis, in pixels: the core [start, stop), and the range [read_start, read_stop) that the tile reads."""

    start: int
    stop: int
    read_start: int
    read_stop: int


@dataclass(frozen=True)
class Grid:
    """Tiles of an image: every row span with every column span."""

    rows: list[Span]
    cols: list[Span]

    def __len__(self) -> int:
        return len(self.rows) * len(self.cols)


def spans(size: int, core: int, halo: int, multiple: int) -> list[Span]:
    """Cut an axis of `size` pixels into the fewest nearly equal cores of at most about `core` pixels.

    Every edge is a multiple of `multiple`, which must divide `size`; `halo` is rounded up to it.  The same arguments
    always give the same spans.  Raises ValueError if `size` is no multiple, or a core is shorter than the feather.
    """
    if size <= 0 or size % multiple:
        raise ValueError(f"an axis of {size} pixels is no positive multiple of {multiple}: pad the image first")
    units, halo = size // multiple, -(-halo // multiple) * multiple
    count = -(-units // max(1, core // multiple))
    cuts = [i * units // count * multiple for i in range(count + 1)]
    cores = list(zip(cuts, cuts[1:], strict=False))
    shortest = min(stop - start for start, stop in cores)
    if count > 1 and shortest < FEATHER:
        raise ValueError(f"a core of {shortest} pixels is shorter than the feather of {FEATHER}: ask for larger tiles")
    return [Span(a, b, max(0, a - halo), min(size, b + halo)) for a, b in cores]


def grid(height: int, width: int, core: int, reach: int, multiple: int) -> Grid:
    """Return the tiles of a height x width image for a network that sees `reach` pixels in each direction."""
    halo = reach + FEATHER // 2
    return Grid(spans(height, core, halo, multiple), spans(width, core, halo, multiple))


def ramp() -> Float[np.ndarray, " feather"]:
    """Return the weight of the later tile across a cut, strictly between 0 and 1; the earlier one has 1 - ramp()."""
    return (np.arange(FEATHER, dtype=np.float32) + np.float32(0.5)) / FEATHER


def run_tiled(
    image: Shaped[np.ndarray, "h w 3"],
    tiles: Grid,
    run: Callable[[Shaped[np.ndarray, "th tw 3"]], Float[np.ndarray, "th tw 3"]],
    tick: Callable[[], None] = lambda: None,
) -> Float[np.ndarray, "h w 3"]:
    """Apply `run` to every tile and join the results; return float32.

    Rows of tiles are joined into a strip, strips into the image, so that no more than one strip is held beside
    the result.  Where two tiles agree the result is their value, bit for bit.  `tick` is called after each tile.
    """
    height, width = image.shape[:2]
    result = np.empty((height, width, 3), np.float32)
    for row in tiles.rows:
        top, _ = used(row, height)
        fade_in(result, run_row(image, row, tiles.cols, run, tick), top)
    return result


def run_row(image: np.ndarray, row: Span, cols: list[Span], run: Callable, tick: Callable) -> Float[np.ndarray, "sh w 3"]:
    """Return a strip of the result: one row of tiles, joined."""
    height, width = image.shape[:2]
    top, bottom = used(row, height)
    strip = np.empty((bottom - top, width, 3), np.float32)
    for col in cols:
        left, right = used(col, width)
        tile = run(image[row.read_start : row.read_stop, col.read_start : col.read_stop])
        part = tile[top - row.read_start : bottom - row.read_start, left - col.read_start : right - col.read_start]
        fade_in(strip.swapaxes(0, 1), part.swapaxes(0, 1), left)
        tick()
    return strip


def used(span: Span, size: int) -> tuple[int, int]:
    """Return the range of a tile's result that is used: its core and half a feather beyond inner cuts."""
    return max(0, span.start - FEATHER // 2), min(size, span.stop + FEATHER // 2)


def fade_in(target: np.ndarray, part: np.ndarray, first: int) -> None:
    """Write `part` into `target` from index `first` of the leading axis, faded in over the feather unless at the start."""
    rest = part
    if first > 0:
        before, new, rest = target[first : first + FEATHER], part[:FEATHER], part[FEATHER:]
        # this form, not a weighted sum, gives back equal values exactly
        before += ramp()[:, None, None] * (new - before)
        first += FEATHER
    target[first : first + len(rest)] = rest
