"""Deraining an image of any size: pad to the network's multiple, run whole or in tiles, crop back, never resize."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from math import isqrt

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from rainmer_lib.inference import probe, whole_image_norm
from rainmer_lib.inference.memory import as_memory_error, memory_at_hand, needed, ran_out
from rainmer_lib.inference.tiling import FEATHER, Grid, Span, grid, run_tiled
from rainmer_lib.networks.derainer import Derainer, evaluating

Image = UInt8[np.ndarray, "h w 3"] | Float[np.ndarray, "h w 3"]

LARGEST_TILE = 1024  # pixels a side; larger ones are slower on a CPU
SMALLEST_CORE = 64  # pixels a side; with smaller cores nearly all work is spent on the halo
SAMPLE = 2**21  # pixels from which the statistics of a tiled image are taken
SAMPLE_CORE = 128  # pixels a side of a sampled tile's core: many small tiles differ less from the whole than few large ones
STRONGEST = 1.5  # largest strength: where too much is removed, dark streaks remain, and the more the larger it is

@dataclass(frozen=True)
class Options:
    """Options of `derain`: how much is removed, whether and how an image is tiled.

    strength: factor on what the network changes, see `at_strength`; 0 returns the image, 1 the network's output.
    memory_limit: bytes that the network's tensors may take; None takes half of the CPU's available memory, at most
        `memory.CPU_LIMIT`, or 80 % of the GPU's.
    tile: side in pixels of the tiles, halo included; None chooses by memory; an image that fits is run untiled.
    statistics: of instance norms in tiles, `whole-image` (no seams) or `per-tile` (seams; one pass).
    sample: pixels from which whole-image statistics are taken; None takes all (exact, at the price of about half as
        many more passes as the network has norms).  Images of fewer pixels are used entirely.
    progress: called with (done, total), counted in tiles; the passes that collect statistics are included.
    """

    memory_limit: int | None = None
    tile: int | None = None
    statistics: str = "whole-image"
    sample: int | None = SAMPLE
    progress: Callable[[int, int], None] | None = None
    strength: float = 1.0

    def __post_init__(self) -> None:
        require_strength(self.strength)
        if self.statistics not in ("whole-image", "per-tile"):
            raise ValueError(f"statistics {self.statistics!r}: choose whole-image or per-tile")
        for name in ("memory_limit", "tile", "sample"):
            value = getattr(self, name)
            if value is not None and not value > 0:  # nor a NaN
                raise ValueError(f"{name} {value}: need a positive number, or None")


@dataclass
class _Counter:
    """Counter of finished tiles that reports to `progress`."""

    total: int
    progress: Callable[[int, int], None] | None
    done: int = field(default=0)

    def tick(self) -> None:
        self.done += 1
        if self.progress:
            self.progress(self.done, self.total)


@torch.inference_mode()
def derain(network: nn.Module, image: Image, **options) -> Float[np.ndarray, "h w 3"]:
    """Run a network on an RGB image of any size, uint8 or float in [0, 1]; return float32 in [0, 1], not quantised.

    Borders are mirrored (repeatedly if the image is too small) up to multiples of the network's `multiple`, at least
    `smallest`.  `options` are the fields of `Options`; an image that fits into memory is run untiled.
    If memory runs out all the same, the image goes once more, in tiles of half the side.
    Raises TypeError on what is no array or no network, ValueError on another kind of image, on options out of range, on a
    network whose output has another shape than its input, or whose reach is too large for tiles, and on a memory limit that is
    too small for a useful tile; MemoryError if memory runs out for the smaller tiles too.

    The network is conditioned on the image as it is given (`Derainer.conditioned_on`), not on its padding or its tiles, and
    is in evaluation mode meanwhile.
    """
    chosen = Options(**options)
    require_rgb(image)
    if chosen.strength == 0:  # nothing that a network returns counts
        _Counter(1, chosen.progress).tick()
        return as_float(image)
    if not isinstance(network, nn.Module):
        raise TypeError(f"need a network, got {type(network).__name__}; load_model(name) loads one")
    height, width = image.shape[:2]
    with as_memory_error(), evaluating(network):
        padded = pad(image, probe.multiple_of(network), probe.smallest_of(network))
        side = chosen.tile or tile_that_fits(network, padded.shape[0] * padded.shape[1], chosen.memory_limit)
        try:
            result = _whole_or_tiled(network, image, padded, side, chosen)
        except Exception as error:
            if not ran_out(error):
                raise
            result = None  # the second try begins behind this block, whose error still holds the tensors of the first
        if result is None:
            side = smaller_tile(network, side or max(padded.shape))
            torch.cuda.empty_cache()  # does nothing where there is no GPU
            result = _whole_or_tiled(network, image, padded, side, chosen)
        return at_strength(image, result[:height, :width], chosen.strength)


def _whole_or_tiled(network: nn.Module, image: Image, padded: Image, side: int | None, options: Options) -> np.ndarray:
    with _conditioned(network, image):
        if side is not None:
            return derain_tiled(network, padded, side, options)
        result = run(network, padded)
        _Counter(1, options.progress).tick()
        return result


def at_strength(image: Image, derained: Float[np.ndarray, "h w 3"], strength: float) -> Float[np.ndarray, "h w 3"]:
    """Scale what a network changed in an image; return float32 in [0, 1].

        O_s = clip(O - s (O - B), 0, 1)        O the image, uint8 or float in [0, 1], B the network's output, float32

    0 returns the image's values, 1 the very array `derained`.  Raises ValueError on a strength out of range.
    """
    require_strength(strength)
    if strength == 1:
        return derained
    whole = as_float(image)
    if strength == 0:  # also where the network's output is not finite
        return whole
    result = derained - whole
    result *= np.float32(strength)  # in place: large photos fill the memory
    result += whole
    return np.clip(result, 0, 1, out=result)


def require_strength(strength: float) -> None:
    """Raise ValueError unless the strength is within [0, `STRONGEST`]."""
    if not 0 <= strength <= STRONGEST:
        raise ValueError(
            f"strength {strength}: choose a number from 0 (the image as it is) to {STRONGEST}; 1 is what the network removes"
        )


def _conditioned(network: nn.Module, image: Image) -> AbstractContextManager:
    """The network's own context; a network without one is spared the tensor of the whole image."""
    own = getattr(network, "conditioned_on", None)  # of the network, not of its class: `torch.compile` wraps it in another
    if getattr(own, "__func__", None) in (None, Derainer.conditioned_on):
        return nullcontext()
    return own(to_input(network, image))


def require_rgb(image: Image) -> None:
    """Raise ValueError unless the image is (h, w, 3), not empty, and either uint8 or floating-point within [0, 1].

    TypeError if it is no array.
    """
    if not isinstance(image, np.ndarray):
        kind = type(image).__name__
        raise TypeError(f"need an image as a NumPy array, (h, w, 3), got {kind}; read_image(path).rgb reads one")
    floating = np.issubdtype(image.dtype, np.floating)
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape or not (floating or image.dtype == np.uint8):
        raise ValueError(f"need uint8 RGB or float RGB in [0, 1], (h, w, 3), got {image.dtype} {image.shape}")
    if floating and not (image.min() >= 0 and image.max() <= 1):
        raise ValueError(f"need uint8 RGB or float RGB in [0, 1], got values from {image.min():g} to {image.max():g}")


def pad(image: Image, multiple: int, smallest: int) -> Image:
    """Mirror the right and lower borders up to multiples of `multiple`, at least `smallest`."""
    sides = [(0, max(smallest, -(-size // multiple) * multiple) - size) for size in image.shape[:2]]
    return image if sides == [(0, 0), (0, 0)] else np.pad(image, [*sides, (0, 0)], mode="symmetric")


def to_input(network: nn.Module, image: Image) -> Float[Tensor, "1 3 h w"]:
    """Return an image as a tensor that the network takes, on its device."""
    return torch.from_numpy(as_float(image)).permute(2, 0, 1)[None].to(probe.device_of(network))


def as_float(image: Image) -> Float[np.ndarray, "h w 3"]:
    """Return a copy of an image as float32 in [0, 1]."""
    values = image.astype(np.float32)
    if image.dtype == np.uint8:
        values /= 255
    return values


def run(network: nn.Module, image: Image) -> Float[np.ndarray, "h w 3"]:
    """Run the network on an image in one forward pass."""
    given = to_input(network, image)
    output = probe.first_image(network(given))
    if output.shape != given.shape:
        shapes = " and ".join(str(tuple(tensor.shape)) for tensor in (given, output))
        raise ValueError(f"the network's output must have the shape of its input, found {shapes}")
    return output[0].clamp(0, 1).permute(1, 2, 0).float().cpu().numpy()


def derain_tiled(network: nn.Module, image: Image, side: int, options: Options) -> Float[np.ndarray, "h w 3"]:
    """Run a network on a padded image in tiles of at most about `side` pixels a side."""
    height, width = image.shape[:2]
    cut = partial(grid, height, width, reach=probe.reach(network), multiple=probe.multiple_of(network))
    core = core_of(network, side, max(height, width))
    tiles, sampled, norms = cut(core), Grid([], []), 0
    if options.statistics == "whole-image" and whole_image_norm.instance_norms(network):
        norms = whole_image_norm.count_norms(network, probe.blank(network, 1, 1))
        small = whole_image_norm.sparse(cut(min(core, SAMPLE_CORE)), options.sample)
        sampled = small if options.sample is not None and height * width > options.sample else tiles
    counter = _Counter(norms * len(sampled) + len(tiles), options.progress)

    def read(row: Span, col: Span) -> Float[Tensor, "1 3 h w"]:
        return to_input(network, image[row.read_start : row.read_stop, col.read_start : col.read_stop])

    statistics = whole_image_norm.whole_image_statistics(network, sampled, read, norms, counter.tick)
    with whole_image_norm.fixed_statistics(network, statistics) if norms else nullcontext():
        return run_tiled(image, tiles, lambda tile: run(network, tile), counter.tick)


def core_of(network: nn.Module, side: int, longest: int) -> int:
    """Return the side of the core of a tile of `side` pixels; raise ValueError if the halo leaves too small a core."""
    if side >= longest:
        return longest
    multiple, halo = probe.multiple_of(network), halo_of(network)
    core = (side - 2 * halo) // multiple * multiple
    if core < SMALLEST_CORE:
        least = SMALLEST_CORE + 2 * halo
        raise ValueError(
            f"tiles of {side} pixels a side are too small for this network, which needs {halo} pixels around each core; the "
            f"smallest tiles have {least} pixels a side and take {needed(network, least**2) / 1e6:.0f} MB; "
            "raise memory_limit (--memory, in GB, on the command line) or tile, or choose a smaller network"
        )
    return core


def halo_of(network: nn.Module) -> int:
    """Return the pixels that a tile reads around its core: the network's reach and half a feather, in whole multiples."""
    multiple = probe.multiple_of(network)
    return -(-(probe.reach(network) + FEATHER // 2) // multiple) * multiple


def smaller_tile(network: nn.Module, side: int) -> int:
    """Return half of `side`, at most `LARGEST_TILE`, at least the smallest useful tile; MemoryError if that is no smaller."""
    try:
        least = SMALLEST_CORE + 2 * halo_of(network)
    except ValueError as error:
        raise MemoryError("this network takes whole images alone") from error
    if least >= side:
        raise MemoryError(f"{side} pixels a side, and the smallest tiles of this network have {least}")
    return max(least, min(LARGEST_TILE, side // 2))


def tile_that_fits(network: nn.Module, pixels: int, memory_limit: int | None) -> int | None:
    """Return the side of the largest tile within the limit, at most `LARGEST_TILE`; None if an image of `pixels` fits whole."""
    limit = memory_at_hand(probe.device_of(network)) if memory_limit is None else memory_limit
    if needed(network, pixels) <= limit:
        return None
    return min(LARGEST_TILE, isqrt(int(limit / needed(network, 1))))
