"""What Rainmer's view encoder tells apart: prompts of scenes by domain and by strength of rain, and rain in its location map.

The paper's figure maps the prompts of several data sets; the released code draws it by UMAP, with the mean cosine between the
sets.  It prints no numbers, so the measures are ours.  Here every domain shows the same held-out photos, and neighbours are
looked for among other photos alone: what is shown cannot tell the domains apart.
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
from rainmer_lib.data.paired import paired_sample
from rainmer_lib.data.rendered_domains import RenderedPairs
from rainmer_lib.experiments.compare import Run
from rainmer_lib.experiments.measures import check_measures
from rainmer_lib.inference.probe import device_of
from rainmer_lib.rainmer.alignment import rain_density
from rainmer_lib.rainmer.encoder import ViewEncoder
from rainmer_lib.rainmer.memory_bank import colour, singular_values
from rainmer_lib.rainmer.model import Rainmer

Points = Float[np.ndarray, "n d"]
Image = Float[Tensor, "3 h w"]

NEIGHBOURS = 5
LEAST = 40  # scenes of a domain, where it has fewer than 7 held-out photos
RAINS = 6  # rains of each held-out photo otherwise


@dataclass(frozen=True)
class ViewScenes:
    """Whole rainy images at view size, and of each the domain, the rain density, and the number of the photo behind it."""

    whole: Float[Tensor, "n 3 v v"]
    domains: np.ndarray
    density: Float[np.ndarray, " n"]
    photos: Int[np.ndarray, " n"]

    def __str__(self) -> str:
        """As notebooks print it."""
        names, counts = np.unique(self.domains, return_counts=True)
        parts = ", ".join(f"{count} {name}" for name, count in zip(names, counts, strict=True))
        return f"{len(self.domains)} rainy images of {len(np.unique(self.photos))} held-out photos: {parts}"


def view_scenes(held_out: Mapping[str, RenderedPairs], view: int) -> ViewScenes:
    """The held-out photos of each domain under several rains each: those of `held_out`, and more made likewise.

    ValueError where a domain shows fewer than two photos: neighbours are looked for among others.
    """
    wholes, domains, density, photos = [], [], [], []
    for name, pairs in held_out.items():
        numbers = photo_numbers(pairs.photos)
        if numbers.max() < 1:
            raise ValueError(f"{name}: one held-out photo is too few; the measures compare each with others")
        more = replace(pairs, total=max(LEAST, RAINS * len(numbers)))
        for index, pair in enumerate(more):
            side = min(pair.clean.shape[:2])
            wholes.append(paired_sample(pair, side, view, np.random.default_rng(0), flip=False).rainy_whole)
            density.append(rain_density(pair.rainy, pair.clean))
            photos.append(numbers[index % len(numbers)])
        domains += [name] * len(more)
    return ViewScenes(torch.cat(wholes), np.array(domains), np.array(density), np.array(photos))


@torch.inference_mode()
def prompts_of(encoder: ViewEncoder, scenes: ViewScenes, batch: int = 20) -> dict[str, Points]:
    """The prompts by head, vectors of unit length."""
    parts = [encoder(images.to(device_of(encoder))).prompts for images in scenes.whole.split(batch)]
    return {head: torch.cat([part[head].flatten(1) for part in parts]).cpu().numpy() for head in parts[0]}


def pixel_statistics(scenes: ViewScenes) -> dict[str, Points]:
    """What no network is needed for, to compare with: mean colours for illumination, singular values for appearance.

    The archive describes samples likewise, but has the clean image for the latter; here they are those of the rainy one.
    Standardised.
    """
    found = {"illumination": colour(scenes.whole), "appearance": singular_values(scenes.whole).flatten(1)}
    return {head: ((x - x.mean(dim=0)) / x.std(dim=0)).numpy() for head, x in found.items()}


def view_measures(points: Points, scenes: ViewScenes) -> dict[str, float]:
    """How well domains and strengths of rain are told apart.

    purity: share of the five nearest neighbours, among other photos, that are of the same domain; chance is one over the
        number of domains where they are equally large.
    silhouette: of the domains, in [-1, 1].
    strength: rank correlation of a scene's rain density with the mean density of its five nearest neighbours among other photos
        of its domain, over the rains of one photo; the mean over photos and domains.  0 where the strength cannot be read off.
        (Over several photos it would be negative: the neighbours of a photo whose rain is dense are others, with less rain.)
    """
    distance = cdist(points, points)
    same_domain, same_photo = (x[:, None] == x[None] for x in (scenes.domains, scenes.photos))
    nearest = _nearest(np.where(same_photo, np.inf, distance))
    purity = (scenes.domains[nearest] == scenes.domains[:, None]).mean()
    within = scenes.density[_nearest(np.where(same_photo | ~same_domain, np.inf, distance))].mean(axis=1)
    groups = [(scenes.domains == name) & (scenes.photos == photo)
              for name in np.unique(scenes.domains) for photo in np.unique(scenes.photos)]  # fmt: skip
    found = [_rank_correlation(scenes.density[group], within[group]) for group in groups]
    silhouette = silhouette_score(distance, scenes.domains, metric="precomputed")
    return {"purity": float(purity), "silhouette": float(silhouette), "strength": float(np.mean(found))}


def _nearest(distance: Float[np.ndarray, "n n"]) -> Int[np.ndarray, "n k"]:
    """The nearest of each row, in the order of their numbers, so that means over equal neighbours are equal bit by bit."""
    return np.sort(np.argsort(distance, axis=1, kind="stable")[:, :NEIGHBOURS], axis=1)


def _rank_correlation(first: Float[np.ndarray, " n"], second: Float[np.ndarray, " n"]) -> float:
    """0 where one of the two is constant."""
    return float(spearmanr(first, second).statistic) if np.ptp(first) and np.ptp(second) else 0.0


def points_of(runs: Sequence[Run], scenes: ViewScenes) -> dict[tuple[str, int], dict[str, Points]]:
    """What is compared, by (method, seed): the prompts of each trained run, those that it began with, and `pixel_statistics`.

    Network-free statistics are the same for each seed.  ValueError where a run has no view encoder.
    """
    found = {("no network", run.seed): pixel_statistics(scenes) for run in runs}
    found |= {("untrained", run.seed): prompts_of(view_encoder_of(Rainmer(run.config).derain), scenes) for run in runs}
    return found | {("trained", run.seed): prompts_of(view_encoder_of(run.generator()), scenes) for run in runs}


def titled(points: Mapping[tuple[str, int], Mapping[str, Points]], methods: Sequence[str], seed: int = 0) -> dict[str, Points]:
    """The points of one seed by the titles of panels, "method, view": all methods of a view before the next view."""
    views = dict.fromkeys(view for found in points.values() for view in found)
    return {f"{method}, {view}": points[method, seed][view] for view in views for method in methods}


def view_captions(table: pd.DataFrame, column: str, seed: int = 0) -> dict[str, str]:
    """Below the titles of panels: a measure of the same points, for distances in a map mean nothing."""
    rows = table[table.seed == seed].to_dict("records")
    return {f"{row['method']}, {row['view']}": f"{column} {row[column]:.2f}" for row in rows}


def measures_of(points: Mapping[tuple[str, int], Mapping[str, Points]], scenes: ViewScenes) -> pd.DataFrame:
    """A row for each method, seed and view, from points by (method, seed) and view; columns of `view_measures`."""
    rows = [
        {"method": method, "seed": seed, "view": view} | view_measures(cloud, scenes)
        for view in dict.fromkeys(view for views in points.values() for view in views)
        for (method, seed), cloud in ((key, views[view]) for key, views in points.items())
    ]
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Rows are views and methods, columns measures: mean over seeds +- their standard deviation."""
    return feature_maps.summary(table.rename(columns={"view": "tap"}), columns).rename_axis(["view", "method"])


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """Does training raise the measures, and above what needs no network?  `measures.check_measures`, over the seeds.

    The strength of rain is asked of the view of appearance alone: illumination has no part in it.
    """
    others = ["untrained", "no network"]
    every = check_measures(table, "trained", others, {"purity": 1, "silhouette": 1}, "view")
    strength = check_measures(table[table["view"] == "appearance"], "trained", others, {"strength": 1}, "view")
    return pd.concat([every, strength], ignore_index=True)


def mean_cosines(points: Points, scenes: ViewScenes) -> pd.DataFrame:
    """The mean cosine between the scenes of two domains, of different photos; rows and columns are domains."""
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    cosines = np.where(scenes.photos[:, None] == scenes.photos[None], np.nan, unit @ unit.T)
    names = list(dict.fromkeys(scenes.domains))
    blocks = [[np.nanmean(cosines[np.ix_(scenes.domains == a, scenes.domains == b)]) for b in names] for a in names]
    return pd.DataFrame(blocks, names, names)


def view_tsne(points: Mapping[str, Points], seed: int = 0, perplexity: float = 30) -> dict[str, Float[np.ndarray, "n 2"]]:
    """A map in the plane for each cloud, by the same title; see `embeddings.tsne` for what it does not show."""
    return {title: tsne([cloud], seed, perplexity)[0] for title, cloud in points.items()}


@torch.inference_mode()
def location_features(encoder: ViewEncoder, image: Image) -> Float[np.ndarray, "h w c"]:
    """The location map of one image, channels last."""
    return encoder.locate(image[None].to(device_of(encoder)))[0].permute(1, 2, 0).cpu().numpy()


def read_rain(features: list[np.ndarray], rain: list[np.ndarray], shown: int) -> tuple[Float[np.ndarray, "h w"], float]:
    """The rain that a linear map reads off each pixel's features in image `shown`, and its R^2 there.

    Fitted by least squares on the other images: `features` (h, w, c) and `rain` (h, w), one for each.  R^2 is 1 for the truth,
    0 for the mean of the image, and below 0 where the map misleads.
    """
    def rows(x: np.ndarray) -> np.ndarray:
        flat = x.reshape(-1, x.shape[-1]).astype(float)
        return np.concatenate([flat, np.ones((len(flat), 1))], axis=1)

    others = [i for i in range(len(features)) if i != shown]
    inputs, targets = np.concatenate([rows(features[i]) for i in others]), np.concatenate([rain[i].ravel() for i in others])
    weights = np.linalg.lstsq(inputs, targets, rcond=1e-6)[0]
    found, truth = rows(features[shown]) @ weights, rain[shown].ravel()
    quality = 1 - ((found - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()
    return found.reshape(rain[shown].shape), float(quality)


def view_encoder_of(network: nn.Module) -> ViewEncoder:
    """The view encoder of a deraining network; ValueError where its views are switched off."""
    encoder = getattr(network, "encoder", None)
    if not isinstance(encoder, ViewEncoder) or not encoder.views:
        raise ValueError(f"{type(network).__name__} has no view encoder: train with views on")
    return encoder
