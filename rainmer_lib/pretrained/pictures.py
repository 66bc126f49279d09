"""Pictures of a model card: held-out photos before and after, chosen by their gain and not by eye."""

import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from PIL import Image
from torch import nn

from rainmer_lib.data.test_sets import Pair
from rainmer_lib.inference.derain import as_float, derain
from rainmer_lib.metrics.protocols import evaluate, quantise
from rainmer_lib.plots.panels import busiest_box, crop_panels
from rainmer_lib.plots.removed_rain import coloured, end_of_scale
from rainmer_lib.pretrained.card_sections import PROTOCOL

CROP = 96  # pixels a side of the enlarged window
LARGEST = 150_000  # bytes of a picture; the cards of all networks are in every copy of the package
RESOLUTIONS = (150, 120, 100, 80, 60)  # dots per inch, the first that gives a small enough file is taken


def draw_pictures(network: nn.Module, pairs: Sequence[Pair], psnr: Sequence[float], folder: Path) -> dict[str, str]:
    """Write a picture of each of the pairs that gained most, the median, and least; return file name -> description.

    `psnr` holds the network's PSNR in dB on each pair under `PROTOCOL`.
    """
    before = [evaluate(pair.rainy, pair.clean, PROTOCOL)[0] for pair in pairs]
    gains = [after - start for after, start in zip(psnr, before, strict=True)]
    written = {}
    for index, rank in chosen(gains).items():
        name = f"held-out-{pairs[index].name}.png"
        figure = picture(network, pairs[index], {"rainy": f"{before[index]:.2f} dB", "derained": f"{psnr[index]:.2f} dB"})
        save_small(figure, folder / name)
        written[name] = f"Photo {pairs[index].name}, {rank} of {len(pairs)}: {gains[index]:+.2f} dB"
    return written


def chosen(gains: Sequence[float]) -> dict[int, str]:
    """Return the indices of the largest, the median and the smallest gain, each once, with their rank in words."""
    order = sorted(range(len(gains)), key=lambda index: -gains[index])
    ranks = [(0, "the largest gain"), (len(order) // 2, "the median gain"), (len(order) - 1, "the smallest gain")]
    found: dict[int, str] = {}
    for place, rank in ranks:
        found.setdefault(order[place], rank)
    return found


def picture(network: nn.Module, pair: Pair, captions: dict[str, str]) -> Figure:
    """Plot a pair as rainy, derained, removed rain and clean, with the window of the most rain enlarged below."""
    output = derain(network, pair.rainy)
    removed = 255 * (as_float(pair.rainy) - output).mean(axis=2)
    top = end_of_scale([removed])
    images = {
        "rainy": pair.rainy, "derained": quantise(output, "truncate"), "removed": coloured(removed, top), "clean": pair.clean,
    }  # fmt: skip
    box = busiest_box(pair.rainy, pair.clean, min(CROP, *pair.rainy.shape[:2]))
    return crop_panels(images, box, captions | {"removed": f"\N{PLUS-MINUS SIGN}{top:.0f} levels"})


def save_small(figure: Figure, path: Path) -> None:
    """Write a figure as PNG of less than `LARGEST` bytes, at the finest of `RESOLUTIONS` that allows it, and close it.

    The file has a palette of 256 colours of its own, which halves its size.  ValueError if no resolution is small enough.
    """
    try:
        for dpi in RESOLUTIONS:
            buffer = io.BytesIO()
            figure.savefig(buffer, dpi=dpi)
            Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
            if path.stat().st_size < LARGEST:
                return
    finally:
        plt.close(figure)
    path.unlink()
    raise ValueError(f"{path.name}: larger than {LARGEST} bytes even at {RESOLUTIONS[-1]} dots per inch")
