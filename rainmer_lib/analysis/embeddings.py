"""Features of a trained derain network's encoder, and their maps by t-SNE (paper, Figs. 3 and 8).

Finished runs keep only the derain network, so rainy, derained and clean images all pass through its encoder.  The paper
embeds clean-looking images by the encoder of the other generator, and both by heads that exist only during training; it does
not say which tap it shows, of which data, and whether points are single locations, regions or whole images.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from rainmer_lib.inference.derain import pad, require_rgb, to_input
from rainmer_lib.networks.generator import Generator

Image8 = UInt8[np.ndarray, "h w 3"]


def pooled_features(network: Generator, images: Iterable[Image8], tap: str, grid: int = 1) -> Float[np.ndarray, "n p d"]:
    """Return points for the regions of each image, row by row, `grid` by `grid` of them: p = grid^2, d = twice the channels.

    A point is the mean, then the deviation over the locations of the region, of each channel after the layer `tap`.
    Deviations are included because after residual blocks whose last norm makes every mean zero, means alone hold little.
    Raises ValueError on a tap that the network does not have, on anything but RGB images, and on a grid finer than the
    features.
    """
    rows = []
    for number, image in enumerate(images):
        x = _encode(network, image, tap)
        if not 1 <= grid <= min(x.shape[:2]):
            raise ValueError(f"image {number} has {x.shape[0]}x{x.shape[1]} locations after {tap}: no grid of {grid}x{grid}")
        regions = [part for band in np.array_split(x, grid, axis=0) for part in np.array_split(band, grid, axis=1)]
        rows.append([np.concatenate([part.mean(axis=(0, 1)), part.std(axis=(0, 1))]) for part in regions])
    return np.array(rows)


def patch_features(
    network: Generator, images: Iterable[Image8], tap: str, patches: int = 64, seed: int = 0
) -> Float[np.ndarray, "n p c"]:
    """Return features after `tap` at p = `patches` random locations per image, the points that the contrastive loss compares.

    The patch locations are a function of seed, position in the list and size, so that the rainy, the derained and the clean
    version of an image are sampled at the same ones.  Content hides the rain at single locations: on recorded laptop runs, a
    linear probe separates rainy from clean there with an AUC of about 0.54, and in regions of a grid of 3 with 0.80 to 0.87.
    Raises ValueError like `pooled_features`, and if an image has fewer locations.
    """
    rows = []
    for number, image in enumerate(images):
        x = _encode(network, image, tap).reshape(-1, network.tap_channels([tap])[tap])
        if len(x) < patches:
            raise ValueError(f"image {number} has {len(x)} locations after {tap}; {patches} are requested")
        rows.append(x[np.random.default_rng([seed, number]).choice(len(x), patches, replace=False)])
    return np.stack(rows)


def photo_numbers(photos: Iterable[Image8]) -> Int[np.ndarray, " n"]:
    """Number the photos; equal photos have the same number, because some test sets contain a photo twice."""
    seen: dict[tuple, int] = {}
    return np.array([seen.setdefault((photo.shape, photo.tobytes()), len(seen)) for photo in photos])


@torch.inference_mode()
def _encode(network: Generator, image: Image8, tap: str) -> Float[np.ndarray, "i j c"]:
    encoder = [name for name in network.layers if not name.startswith(("up", "paint", "shrink"))]
    if tap not in encoder:
        raise ValueError(f"tap {tap!r}: choose one of {', '.join(encoder)}")
    require_rgb(image)
    features = network.encode(to_input(network, pad(image, network.multiple, network.smallest)), (tap,))[tap]
    return features[0].permute(1, 2, 0).float().cpu().numpy()


def tsne(points: Sequence[Float[np.ndarray, "_ d"]], seed: int = 0, perplexity: float = 30) -> list[Float[np.ndarray, "_ 2"]]:
    """Map several clouds of points to one plane: standardise, reduce to at most 50 principal components, then t-SNE.

    t-SNE keeps neighbours, not distances: gaps and sizes of clusters in the map mean nothing (`separability` has measures).
    Deterministic on one machine.  Raises ValueError if there are fewer than four times `perplexity` points in all.
    """
    clouds = [np.asarray(cloud, dtype=float) for cloud in points]
    together = np.concatenate(clouds)
    if len(together) < 4 * perplexity:
        raise ValueError(f"{len(together)} points are too few for a perplexity of {perplexity:g}: expected {4 * perplexity:g}")
    deviation = together.std(axis=0)
    together = (together - together.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    reduced = PCA(min(50, *together.shape), random_state=seed).fit_transform(together)
    plane = TSNE(perplexity=perplexity, init="pca", learning_rate="auto", random_state=seed).fit_transform(reduced)
    return np.split(plane, np.cumsum([len(cloud) for cloud in clouds])[:-1])
