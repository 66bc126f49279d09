"""Encoder features of trained networks on held-out photos: clouds, measures and maps for Figs. 3 and 8 of the paper.

Every network is evaluated on the same regions, through its own encoder and on its own outputs.  The paper says neither which
images nor which layer its maps show; here they show photos that no training saw, a layer before and one among the residual
blocks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, UInt8

from rainmer_lib.analysis.embeddings import photo_numbers, pooled_features, tsne
from rainmer_lib.analysis.separability import FOLDS, Clouds, clouds_of, measure
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import quantise
from rainmer_lib.networks.generator import Generator

Image8 = UInt8[np.ndarray, "h w 3"]

GRID = 3  # regions along each side of an image; a point of a map is a region
BLOCK = 3  # residual block to analyse, or the last one if there are fewer
NAMES = ("rainy", "derained", "clean")


@dataclass(frozen=True)
class Scenes:
    """Rainy images, their clean versions, and the number of the photo behind each.

    `quarters`: whether the images are quarters of the original ones.
    """

    rainy: list[Image8]
    clean: list[Image8]
    photos: Int[np.ndarray, " n"]
    quarters: bool

    def __str__(self) -> str:
        """Return the description that notebooks print."""
        there = f"{len(self.rainy)} rainy images of {len(np.unique(self.photos))} photos, {GRID**2} regions each"
        why = f"quarters of images that count as photos: the measures need {FOLDS} photos, the images show fewer"
        return f"{there} ({why})" if self.quarters else there


def scenes(pairs: Sequence[Pair]) -> Scenes:
    """Return the images to embed.

    If pairs show fewer photos than the measures need, images are cut into quarters, each of which then counts as a photo: the
    folds then share no pixel, but do share a scene.
    """
    quarters = len(np.unique(photo_numbers([pair.clean for pair in pairs]))) < FOLDS
    rainy, clean = ([part for image in images for part in (_quarters(image) if quarters else [image])]
                    for images in ([pair.rainy for pair in pairs], [pair.clean for pair in pairs]))  # fmt: skip
    return Scenes(rainy, clean, photo_numbers(clean), quarters)


def _quarters(image: Image8) -> list[Image8]:
    return [part for band in np.array_split(image, 2, axis=0) for part in np.array_split(band, 2, axis=1)]


def taps_of(network: Generator) -> tuple[str, str]:
    """Return the layers to analyse: the last before the blocks, and after residual block `BLOCK` (or the last one).

    The last layer before the blocks is the second downsampling, or the stem of a generator that has none.
    """
    blocks = [name for name in network.layers if name.startswith("block")]
    return "down2" if "down2" in network.layers else "stem", blocks[: min(BLOCK, len(blocks))][-1]


def embed(networks: Mapping[tuple[str, int], Generator], shown: Scenes) -> dict[tuple[str, int, str], Clouds]:
    """Return rainy, derained and clean clouds by (method, seed, layer), from networks by (method, seed).

    The derained cloud shows the network's own output in 8 bits, passed through its encoder again.
    """
    found = {}
    for (method, seed), network in networks.items():
        derained = [quantise(derain(network, image), "truncate") for image in shown.rainy]
        for tap in taps_of(network):
            points = (pooled_features(network, images, tap, GRID) for images in (shown.rainy, derained, shown.clean))
            found[method, seed, tap] = clouds_of(*points, shown.photos)
    return found


def measures(clouds: Mapping[tuple[str, int, str], Clouds]) -> pd.DataFrame:
    """Return a row for each method, seed and layer: method, seed, tap, then the fields of `separability.Separability`."""
    rows = [dict(zip(("method", "seed", "tap"), key, strict=True)) | measure(found).as_dict() for key, found in clouds.items()]
    return pd.DataFrame(rows)


def maps(
    clouds: Mapping[tuple[str, int, str], Clouds], perplexity: float = 30, seed: int = 0
) -> dict[str, dict[str, Float[np.ndarray, "_ 2"]]]:
    """Return t-SNE maps of the runs of one seed, by "method, layer"; each map contains clouds by name.

    Each map has its own axes, and its distances mean nothing: see `embeddings.tsne`.
    """
    found = {}
    for layer in dict.fromkeys(tap for _, _, tap in clouds):
        for (method, number, tap), cloud in clouds.items():
            if (number, tap) == (seed, layer):
                points = tsne([getattr(cloud, name) for name in NAMES], perplexity=perplexity)
                found[f"{method}, {tap}"] = dict(zip(NAMES, points, strict=True))
    return found


def captions(table: pd.DataFrame, labels: Mapping[str, str], seed: int = 0) -> dict[str, str]:
    """Return captions for `maps` by title: measures (column -> label) of the features; map distances mean nothing."""
    rows = table[table.seed == seed].to_dict("records")
    return {f"{r['method']}, {r['tap']}": ", ".join(f"{label} {r[name]:.2f}" for name, label in labels.items()) for r in rows}


def summary(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Summarise measures (columns) by layer and method (rows): mean over seeds +- their standard deviation."""
    found = table.groupby(["tap", "method"], sort=False)[list(columns)]
    means, spreads = found.mean(), found.std()
    return pd.DataFrame({name: list(map(_cell, means[name], spreads[name])) for name in columns}, index=means.index)


def _cell(mean: float, spread: float) -> str:
    return f"{mean:.3f}" if np.isnan(spread) else f"{mean:.3f} ± {spread:.3f}"
