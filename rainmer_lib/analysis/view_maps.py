"""Separation of Rainmer's prompts by domain and by strength of rain, and rain in the location map of its view encoder.

The paper's figure maps the prompts of several data sets; the released code draws it by UMAP, with the mean cosine between the
sets.  The paper prints no numbers, so the measures are ours.  Here every domain shows the same held-out photos, and
neighbours are searched only among other photos, so that the content of a photo cannot separate the domains.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, Int
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr
from sklearn.metrics import silhouette_score
from torch import Tensor, nn

from rainmer_lib.analysis import feature_maps
from rainmer_lib.analysis.embeddings import photo_numbers, tsne
from rainmer_lib.claims.over_seeds import check_measures
from rainmer_lib.data.paired import paired_sample
from rainmer_lib.data.paired_folders import CropPairs, HeldPairs
from rainmer_lib.data.rendered_domains import RenderedPairs
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.inference.probe import device_of
from rainmer_lib.rainmer.alignment import rain_density
from rainmer_lib.rainmer.config import RainmerConfig
from rainmer_lib.rainmer.encoder import ViewEncoder
from rainmer_lib.rainmer.memory_bank import colour, singular_values
from rainmer_lib.rainmer.model import Rainmer

Points = Float[np.ndarray, "n d"]
Image = Float[Tensor, "3 h w"]

NEIGHBOURS = 5
LEAST = 40  # scenes of a domain that has fewer than 7 held-out photos
RAINS = 6  # rains of each held-out photo in the other domains


@dataclass(frozen=True)
class ViewScenes:
    """Whole rainy images at view size, with the domain, the rain density and the number of the photo behind each."""

    whole: Float[Tensor, "n 3 v v"]
    domains: np.ndarray
    density: Float[np.ndarray, " n"]
    photos: Int[np.ndarray, " n"]

    @property
    def chance(self) -> float:
        """Purity at chance: the share of one domain among the scenes of other photos, over all scenes."""
        same_domain, same_photo = (x[:, None] == x[None] for x in (self.domains, self.photos))
        return float(same_domain[~same_photo].mean())

    def __str__(self) -> str:
        """Return the description that notebooks print."""
        names, counts = np.unique(self.domains, return_counts=True)
        parts = ", ".join(f"{count} {name}" for name, count in zip(names, counts, strict=True))
        told = f"{len(self.domains)} rainy images of {len(np.unique(self.photos))} held-out photos: {parts}"
        return f"{told}; purity at chance {self.chance:.2f}"


def view_scenes(held_out: Mapping[str, RenderedPairs | HeldPairs | CropPairs], view: int) -> ViewScenes:
    """Return the held-out photos of each domain under several rains.

    Rendered: the pairs of `held_out`, and more of the same renderer; every domain shows the same photos.  From files: as many
    rains of each photo as there are, at most `RAINS`; every domain has photos of its own.  Raises ValueError if a domain shows
    fewer than two photos or few scenes, because neighbours are searched among other photos.
    """
    wholes, domains, density, photos = [], [], [], []
    for name, pairs in held_out.items():
        more, numbers = _under_rains(pairs, first=max(photos, default=-1) + 1)
        _require_neighbours(name, numbers)
        for pair in more:
            side = min(pair.clean.shape[:2])
            wholes.append(paired_sample(pair, side, view, np.random.default_rng(0), flip=False).rainy_whole)
            density.append(rain_density(pair.rainy, pair.clean))
        photos += numbers
        domains += [name] * len(more)
    return ViewScenes(torch.cat(wholes), np.array(domains), np.array(density), np.array(photos))


def _under_rains(pairs: RenderedPairs | HeldPairs | CropPairs, first: int) -> tuple[Sequence[Pair], list[int]]:
    """Return scenes and the number of the photo behind each, those of files from `first` on."""
    if not isinstance(pairs, RenderedPairs):
        more, numbers = pairs.under_rains(RAINS)
        return more, [first + number for number in numbers]
    numbers = photo_numbers(pairs.photos)
    more = replace(pairs, total=max(LEAST, RAINS * len(numbers)))
    return more, [int(numbers[index % len(numbers)]) for index in range(len(more))]


def _require_neighbours(name: str, numbers: Sequence[int]) -> None:
    if len(set(numbers)) < 2:
        raise ValueError(f"{name}: one held-out photo is too few; the measures compare each with others")
    if (others := len(numbers) - max(map(numbers.count, numbers))) < NEIGHBOURS:
        raise ValueError(f"{name}: a held-out photo has {others} scenes of others to compare with; {NEIGHBOURS} are needed")


@torch.inference_mode()
def prompts_of(encoder: ViewEncoder, scenes: ViewScenes, batch: int = 20) -> dict[str, Points]:
    """Return the prompts by head, as vectors of unit length."""
    parts = [encoder(images.to(device_of(encoder))).prompts for images in scenes.whole.split(batch)]
    return {head: torch.cat([part[head].flatten(1) for part in parts]).cpu().numpy() for head in parts[0]}


def pixel_statistics(scenes: ViewScenes) -> dict[str, Points]:
    """Return statistics without a network, to compare with: mean colours (illumination), singular values (appearance).

    The memory bank describes samples likewise, but uses the clean image too for the singular values; here they are those of
    the rainy image.  Both are standardised.
    """
    found = {"illumination": colour(scenes.whole), "appearance": singular_values(scenes.whole).flatten(1)}
    return {head: ((x - x.mean(dim=0)) / x.std(dim=0)).numpy() for head, x in found.items()}


def view_measures(points: Points, scenes: ViewScenes) -> dict[str, float]:
    """Measure how well domains and strengths of rain are separated.

    purity: share of the five nearest neighbours, among other photos, that are of the same domain; at chance `scenes.chance`,
        one over the number of domains if they are equally large and show the same photos.
    silhouette: of the domains, in [-1, 1].
    strength: rank correlation of a scene's rain density with the mean density of its five nearest neighbours among other photos
        of its domain, over the rains of one photo; the mean over photos and domains.  0 if points do not indicate the strength.
        Photos of fewer than three rains are left out; nan if all are.
        (Over several photos it would be negative: the neighbours of a photo whose rain is dense are others, with less rain.)
    """
    distance = cdist(points, points)
    same_domain, same_photo = (x[:, None] == x[None] for x in (scenes.domains, scenes.photos))
    nearest = _nearest(np.where(same_photo, np.inf, distance))
    purity = (scenes.domains[nearest] == scenes.domains[:, None]).mean()
    within = scenes.density[_nearest(np.where(same_photo | ~same_domain, np.inf, distance))].mean(axis=1)
    groups = [(scenes.domains == name) & (scenes.photos == photo)
              for name in np.unique(scenes.domains) for photo in np.unique(scenes.photos)]  # fmt: skip
    found = [_rank_correlation(scenes.density[group], within[group]) for group in groups if group.sum() > 2]
    silhouette = silhouette_score(distance, scenes.domains, metric="precomputed")
    return {"purity": float(purity), "silhouette": float(silhouette), "strength": float(np.mean(found or np.nan))}


def _nearest(distance: Float[np.ndarray, "n n"]) -> Int[np.ndarray, "n k"]:
    """Return the nearest of each row, sorted by index, so that means over equal neighbours are equal bit by bit."""
    return np.sort(np.argsort(distance, axis=1, kind="stable")[:, :NEIGHBOURS], axis=1)


def _rank_correlation(first: Float[np.ndarray, " n"], second: Float[np.ndarray, " n"]) -> float:
    """Return Spearman's rank correlation, 0 if one of the two is constant."""
    return float(spearmanr(first, second).statistic) if np.ptp(first) and np.ptp(second) else 0.0


def points_of(
    networks: Mapping[int, tuple[RainmerConfig, nn.Module]], scenes: ViewScenes
) -> dict[tuple[str, int], dict[str, Points]]:
    """Return points to compare by (method, seed): prompts of trained and of untrained networks, and `pixel_statistics`.

    `networks`: configuration and trained network by seed; the untrained network has the initial weights of the configuration.
    Statistics without a network are the same for each seed.  Raises ValueError if a network has no view encoder.
    """
    found = {("no network", seed): pixel_statistics(scenes) for seed in networks}
    for seed, (config, _) in networks.items():
        found["untrained", seed] = prompts_of(view_encoder_of(Rainmer(config).derain), scenes)
    return found | {("trained", seed): prompts_of(view_encoder_of(trained), scenes) for seed, (_, trained) in networks.items()}


def titled(points: Mapping[tuple[str, int], Mapping[str, Points]], methods: Sequence[str], seed: int = 0) -> dict[str, Points]:
    """Return the points of one seed by panel title, "method, view": all methods of a view before the next view."""
    views = dict.fromkeys(view for found in points.values() for view in found)
    return {f"{method}, {view}": points[method, seed][view] for view in views for method in methods}


def view_captions(table: pd.DataFrame, column: str, seed: int = 0) -> dict[str, str]:
    """Return captions by panel title: a measure of the same points, because distances in a map mean nothing."""
    rows = table[table.seed == seed].to_dict("records")
    return {f"{row['method']}, {row['view']}": f"{column} {row[column]:.2f}" for row in rows}


def measures_of(points: Mapping[tuple[str, int], Mapping[str, Points]], scenes: ViewScenes) -> pd.DataFrame:
    """Return a row for each method, seed and view of points by (method, seed) and view; columns of `view_measures`."""
    rows = [
        {"method": method, "seed": seed, "view": view} | view_measures(cloud, scenes)
        for view in dict.fromkeys(view for views in points.values() for view in views)
        for (method, seed), cloud in ((key, views[view]) for key, views in points.items())
    ]
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Summarise measures (columns) by view and method (rows): mean over seeds +- their standard deviation."""
    return feature_maps.summary(table.rename(columns={"view": "tap"}), columns).rename_axis(["view", "method"])


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """Test whether training raises the measures above those of untrained networks and of statistics without a network.

    Judged over the seeds by `claims.over_seeds.check_measures`.  The strength of rain is tested for the appearance view
    alone: illumination has no part in it.
    """
    others = ["untrained", "no network"]
    every = check_measures(table, "trained", others, {"purity": 1, "silhouette": 1}, "view")
    strength = check_measures(table[table["view"] == "appearance"], "trained", others, {"strength": 1}, "view")
    return pd.concat([every, strength], ignore_index=True)


def mean_cosines(points: Points, scenes: ViewScenes) -> pd.DataFrame:
    """Return the mean cosine between scenes of two domains with different photos; rows and columns are domains."""
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    cosines = np.where(scenes.photos[:, None] == scenes.photos[None], np.nan, unit @ unit.T)
    names = list(dict.fromkeys(scenes.domains))
    blocks = [[np.nanmean(cosines[np.ix_(scenes.domains == a, scenes.domains == b)]) for b in names] for a in names]
    return pd.DataFrame(blocks, names, names)


def view_tsne(points: Mapping[str, Points], seed: int = 0, perplexity: float = 30) -> dict[str, Float[np.ndarray, "n 2"]]:
    """Map each cloud to the plane, under the same title; see `embeddings.tsne` for the limits of such maps.

    Clouds of fewer than four times `perplexity` points are mapped with a quarter of their number.
    """
    return {title: tsne([cloud], seed, min(perplexity, len(cloud) / 4))[0] for title, cloud in points.items()}


@torch.inference_mode()
def location_features(encoder: ViewEncoder, image: Image) -> Float[np.ndarray, "h w c"]:
    """Return the location map of one image, channels last; its sides are the image's over the reduction."""
    return encoder.locate(image[None].to(device_of(encoder)))[0].permute(1, 2, 0).cpu().numpy()


def read_rain(features: list[np.ndarray], rain: list[np.ndarray], shown: int) -> tuple[Float[np.ndarray, "h w"], float]:
    """Predict the rain of image `shown` by a linear map of each pixel's features; return the prediction and its R^2.

    The map is fitted by least squares on the other images: `features` (h, w, c) and `rain` (r h, r w), one for each image.
    Where a network rearranges pixels by r, features stand for r x r pixels, and each of these has weights of its own.  R^2
    is 1 for the ground truth, 0 for the mean of the image, and below 0 where the map is worse than that mean.
    """
    height, width, _ = features[shown].shape
    r = len(rain[shown]) // height

    def rows(x: np.ndarray) -> np.ndarray:
        flat = x.reshape(-1, x.shape[-1]).astype(float)
        return np.concatenate([flat, np.ones((len(flat), 1))], axis=1)

    def blocks(plane: np.ndarray) -> np.ndarray:
        return plane.reshape(height, r, width, r).swapaxes(1, 2).reshape(-1, r * r)

    others = [i for i in range(len(features)) if i != shown]
    inputs, targets = np.concatenate([rows(features[i]) for i in others]), np.concatenate([blocks(rain[i]) for i in others])
    weights = np.linalg.lstsq(inputs, targets, rcond=1e-6)[0]
    found, truth = (rows(features[shown]) @ weights).reshape(height, width, r, r).swapaxes(1, 2), rain[shown]
    found = found.reshape(truth.shape)
    quality = 1 - ((found - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()
    return found, float(quality)


def view_encoder_of(network: nn.Module) -> ViewEncoder:
    """Return the view encoder of a deraining network; ValueError if its views are switched off."""
    encoder = getattr(network, "encoder", None)
    if not isinstance(encoder, ViewEncoder) or not encoder.views:
        raise ValueError(f"{type(network).__name__} has no view encoder: train with views on")
    return encoder
