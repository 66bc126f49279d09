"""What the encoders of trained networks make of held-out photos: clouds, numbers and maps for Figs. 3 and 8 of the paper.

Every network is asked about the same places, through its own encoder and its own outputs.  The paper says neither which
images nor which layer its maps show; these are photos that no training saw, a layer before and one among the residual
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
from rainmer_lib.dcdgan.translation import Generator
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import quantise

Image8 = UInt8[np.ndarray, "h w 3"]

GRID = 3  # regions along each side of an image; a point of a map is a region
BLOCK = 3  # residual block that is looked at, or the last of fewer
NAMES = ("rainy", "derained", "clean")


@dataclass(frozen=True)
class Scenes:
    """Rainy images, their clean versions, and the number of the photo behind each; `quarters` tells how they were made."""

    rainy: list[Image8]
    clean: list[Image8]
    photos: Int[np.ndarray, " n"]
    quarters: bool

    def __str__(self) -> str:
        """As notebooks print it."""
        there = f"{len(self.rainy)} rainy images of {len(np.unique(self.photos))} photos, {GRID**2} regions each"
        why = f"quarters of images that count as photos: the measures need {FOLDS} photos, the images show fewer"
        return f"{there} ({why})" if self.quarters else there


def scenes(pairs: Sequence[Pair]) -> Scenes:
    """The images to embed.  Pairs of fewer photos than the measures need are cut into quarters, each of which then counts
    as a photo: the folds share no pixel then, but do share a scene."""
    quarters = len(np.unique(photo_numbers([pair.clean for pair in pairs]))) < FOLDS
    rainy, clean = ([part for image in images for part in (_quarters(image) if quarters else [image])]
                    for images in ([pair.rainy for pair in pairs], [pair.clean for pair in pairs]))  # fmt: skip
    return Scenes(rainy, clean, photo_numbers(clean), quarters)


def _quarters(image: Image8) -> list[Image8]:
    return [part for band in np.array_split(image, 2, axis=0) for part in np.array_split(band, 2, axis=1)]


def taps_of(network: Generator) -> tuple[str, str]:
    """The layers that are looked at: behind the second reduction, and behind residual block `BLOCK` or the last of fewer."""
    blocks = [name for name in network.layers if name.startswith("block")]
    return "down2", blocks[: min(BLOCK, len(blocks))][-1]


def embed(networks: Mapping[tuple[str, int], Generator], shown: Scenes) -> dict[tuple[str, int, str], Clouds]:
    """Rainy, derained and clean clouds by (method, seed, layer), from networks by (method, seed).

    "Derained" is the network's own output in 8 bits, embedded anew.
    """
    found = {}
    for (method, seed), network in networks.items():
        derained = [quantise(derain(network, image), "truncate") for image in shown.rainy]
        for tap in taps_of(network):
            points = (pooled_features(network, images, tap, GRID) for images in (shown.rainy, derained, shown.clean))
            found[method, seed, tap] = clouds_of(*points, shown.photos)
    return found


def measures(clouds: Mapping[tuple[str, int, str], Clouds]) -> pd.DataFrame:
    """A row for each method, seed and layer; columns method, seed, tap, then the fields of `separability.Separability`."""
    rows = [dict(zip(("method", "seed", "tap"), key, strict=True)) | measure(found).as_dict() for key, found in clouds.items()]
    return pd.DataFrame(rows)


def maps(
    clouds: Mapping[tuple[str, int, str], Clouds], perplexity: float = 30, seed: int = 0
) -> dict[str, dict[str, Float[np.ndarray, "_ 2"]]]:
    """Maps by t-SNE of the runs of one seed, one for each layer and method, "method, layer": clouds by name.

    Each map has axes of its own, and its distances mean nothing: see `embeddings.tsne`.
    """
    found = {}
    for layer in dict.fromkeys(tap for _, _, tap in clouds):
        for (method, number, tap), cloud in clouds.items():
            if (number, tap) == (seed, layer):
                points = tsne([getattr(cloud, name) for name in NAMES], perplexity=perplexity)
                found[f"{method}, {tap}"] = dict(zip(NAMES, points, strict=True))
    return found


def captions(table: pd.DataFrame, labels: Mapping[str, str], seed: int = 0) -> dict[str, str]:
    """Under the titles of `maps`: the measures (column -> label) of the same features, for distances in a map mean nothing."""
    rows = table[table.seed == seed].to_dict("records")
    return {f"{r['method']}, {r['tap']}": ", ".join(f"{label} {r[name]:.2f}" for name, label in labels.items()) for r in rows}


def summary(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Rows are layers and methods, columns measures: mean over seeds +- their standard deviation."""
    found = table.groupby(["tap", "method"], sort=False)[list(columns)]
    means, spreads = found.mean(), found.std()
    return pd.DataFrame({name: list(map(_cell, means[name], spreads[name])) for name in columns}, index=means.index)


def _cell(mean: float, spread: float) -> str:
    return f"{mean:.3f}" if np.isnan(spread) else f"{mean:.3f} ± {spread:.3f}"
