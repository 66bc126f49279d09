"""Measures for Figs. 3 and 8 of the paper: how far clouds of rainy, derained and clean features are separated.

All measures are independent of the features' scale, so that runs with their own encoders can be compared, seed by seed.

The paper claims that Fig. 3 shows two things.  "Pulled together": the features of derained images lie where those of clean
ones do (`remaining`, `auc_derained`).  "Well distinguished": features of rainy and clean images are separable (`auc_rainy`,
`silhouette`).  It claims that Fig. 8 shows "more clean-cue features", a term that it does not define; see `clean_cues`.
"""

from dataclasses import asdict, dataclass

import numpy as np
from jaxtyping import Float, Int
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score, silhouette_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Points = Float[np.ndarray, "n d"]
Groups = Int[np.ndarray, " n"]

FOLDS = 5
COMPONENTS = 16  # principal components for the distance: covariances of a hundred images mean nothing in many more


@dataclass(frozen=True)
class Clouds:
    """Features of the same n images or patches, rainy, derained and clean: row i of each is the same location.

    `groups`: number of the photo behind each row.  A probe is never tested on a photo that it was fitted on, so a photo that
    a set contains twice needs one number.
    """

    rainy: Points
    derained: Points
    clean: Points
    groups: Groups

    def __post_init__(self) -> None:
        shapes = {name: getattr(self, name).shape for name in ("rainy", "derained", "clean")}
        if len(set(shapes.values())) > 1 or self.groups.shape != shapes["rainy"][:1]:
            found = ", ".join(f"{name} {shape}" for name, shape in (shapes | {"groups": self.groups.shape}).items())
            raise ValueError(f"expected three clouds of one shape (n, d) and n groups, found {found}")
        if len(np.unique(self.groups)) < FOLDS:
            raise ValueError(f"{len(np.unique(self.groups))} photos are too few: expected {FOLDS} or more")


def clouds_of(
    rainy: Float[np.ndarray, "n p d"], derained: Float[np.ndarray, "n p d"], clean: Float[np.ndarray, "n p d"], photos: Groups
) -> Clouds:
    """Build clouds from p points of each of n images, as `embeddings` returns them; `photos` as of `photo_numbers`."""
    flat = (points.reshape(-1, points.shape[-1]) for points in (rainy, derained, clean))
    return Clouds(*flat, np.repeat(photos, rainy.shape[1]))


@dataclass(frozen=True)
class Separability:
    """Measures of one run, returned by `measure`.

    auc_rainy: cross-validated AUC of a linear probe that separates rainy from clean; 1 is complete separation, 0.5 none.
    auc_derained: the same for derained against clean; 0.5 is complete overlap.
    silhouette: of the labels rainy and clean, in [-1, 1]; needs no fit.
    remaining: distance(derained, clean) / distance(rainy, clean); 0 is overlap, 1 the value of an unprocessed image.
    cues_rainy, cues_derained, cues_clean: share of the features of each cloud that are clean cues.
    cues_gained: (cues_derained - cues_rainy) / (cues_clean - cues_rainy); 0 for the rainy input, 1 for the ground truth; nan
        where the probe finds no more cues in clean than in rainy features, and unsteady where it finds few more.
    """

    auc_rainy: float
    auc_derained: float
    silhouette: float
    remaining: float
    cues_rainy: float
    cues_derained: float
    cues_clean: float
    cues_gained: float

    def as_dict(self) -> dict[str, float]:
        """Return the measures by name, for a table."""
        return asdict(self)


def measure(clouds: Clouds) -> Separability:
    """Compute all measures of one run.  Deterministic; claims are judged by the spread over training seeds."""
    cues = clean_cues(clouds)
    shares = {f"cues_{name}": float(mask.mean()) for name, mask in cues.items()}
    span = shares["cues_clean"] - shares["cues_rainy"]
    gained = (shares["cues_derained"] - shares["cues_rainy"]) / span if span > 0 else float("nan")
    return Separability(
        auc(clouds.rainy, clouds.clean, clouds.groups),
        auc(clouds.derained, clouds.clean, clouds.groups),
        float(silhouette_score(_standardised(clouds, "rainy", "clean"), np.repeat([0, 1], len(clouds.groups)))),
        remaining(clouds),
        **shares,
        cues_gained=gained,
    )


def auc(first: Points, second: Points, groups: Groups) -> float:
    """Return the area under the ROC curve of a linear probe that separates the two: mean over five folds of photos."""
    features, labels = np.concatenate([first, second]), np.repeat([0, 1], len(groups))
    both = np.concatenate([groups, groups])
    values = [
        roc_auc_score(labels[test], _probe().fit(features[train], labels[train]).decision_function(features[test]))
        for train, test in GroupKFold(FOLDS).split(features, labels, both)
    ]
    return float(np.mean(values))


def clean_cues(clouds: Clouds) -> dict[str, np.ndarray]:
    """Return which features of each cloud are clean cues, (n,) booleans by name: rainy, derained, clean.

    The definition is ours, because the paper gives none: a feature is a clean cue if a linear probe, fitted on rainy and
    clean features of other photos, classifies it as clean.  The sum of `derained` is the number of clean-cue features that
    deraining produced.
    """
    result = {name: np.zeros(len(clouds.groups), bool) for name in ("rainy", "derained", "clean")}
    for train, test in GroupKFold(FOLDS).split(clouds.rainy, groups=clouds.groups):
        features = np.concatenate([clouds.rainy[train], clouds.clean[train]])
        probe = _probe().fit(features, np.repeat([0, 1], len(train)))
        for name, mask in result.items():
            mask[test] = probe.decision_function(getattr(clouds, name)[test]) > 0
    return result


def remaining(clouds: Clouds) -> float:
    """Return the distance from the derained to the clean cloud over the distance from the rainy to the clean one.

    These are Frechet distances between Gaussians, in the first 16 principal components of rainy and clean together.  nan if
    the rainy and the clean cloud are equal.
    """
    axes = PCA(min(COMPONENTS, *clouds.rainy.shape), random_state=0).fit(np.concatenate([clouds.rainy, clouds.clean]))
    rainy, derained, clean = (axes.transform(cloud) for cloud in (clouds.rainy, clouds.derained, clouds.clean))
    whole, rounding = frechet_distance(rainy, clean), 1e-6 * np.linalg.norm(clean.std(axis=0))
    return frechet_distance(derained, clean) / whole if whole > rounding else float("nan")


def frechet_distance(first: Points, second: Points) -> float:
    """Return the Frechet distance between Gaussians with the clouds' means m, n and covariances S, T.

    sqrt(|m - n|^2 + tr(S + T - 2 (S^1/2 T S^1/2)^1/2))  (Frechet 1957); its square is what generative models report on
    Inception features.
    """
    covariances = [np.atleast_2d(np.cov(cloud, rowvar=False)) for cloud in (first, second)]
    root = _root(covariances[0])
    crossed = np.linalg.eigvalsh(root @ covariances[1] @ root)
    spread = np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.sqrt(np.clip(crossed, 0, None)).sum()
    moved = ((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum()
    return float(np.sqrt(max(0.0, moved + spread)))


def _root(matrix: Float[np.ndarray, "d d"]) -> Float[np.ndarray, "d d"]:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T


def _standardised(clouds: Clouds, *names: str) -> Points:
    return StandardScaler().fit_transform(np.concatenate([getattr(clouds, name) for name in names]))


def _probe():
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
