"""Confidence of rain: a logistic regression on features of EfficientNet-Lite0, fitted on our own rain alone.

The paper asks a commercial service how likely a photo shows rain (Fig. 10 (c)); this is a stand-in of the same kind that
anyone can run and whose training data are known.  Its values are not those of the service.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int, UInt8
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rainmer_lib import atomic
from rainmer_lib.data import layouts, registry
from rainmer_lib.data.synthetic_rain import PRESETS, add_haze, render
from rainmer_lib.data.unpaired import GAIN, compose
from rainmer_lib.downstream.efficientnet import rich_features

FITTED = Path(__file__).with_name("rain_classifier.npz")
EVERY = 4  # one photo of so many is held out
STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)  # of the regression, C; chosen by cross-validation over photos
_Image = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True)
class RainProbe:
    """P(rain) = 1 / (1 + exp(-(w . f + b))) of the features f that `rich_features` gives."""

    weights: Float[np.ndarray, " d"]
    bias: float

    def confidence(self, images: Iterable[_Image]) -> Float[np.ndarray, " n"]:
        """P(rain) of RGB images of any size, in [0, 1]; the middle 320x320 pixels of each are looked at."""
        return expit(self.decision(images))

    def decision(self, images: Iterable[_Image]) -> Float[np.ndarray, " n"]:
        """Log odds of rain: what P(rain) is the logistic function of, and does not saturate."""
        return rich_features(images).astype(float) @ self.weights + self.bias


def load_probe() -> RainProbe:
    """The probe that ships, as `fit_probe` makes it on the photos of `training_photos`."""
    with np.load(FITTED, allow_pickle=False) as file:
        return RainProbe(file["weights"].astype(float), float(file["bias"]))


def training_photos() -> tuple[list[Path], list[Path]]:
    """Photos to fit on and photos held out: the 397 of BSDS500 that no test set shows, every fourth one held out."""
    _, split = registry.lookup("bsds500/leak-free")
    files = [entry.clean for entry in split.listing().entries]
    return [f for i, f in enumerate(files) if i % EVERY], files[::EVERY]


def examples(photos: Iterable[_Image], layers: list[UInt8[np.ndarray, "h w"]]) -> Iterator[tuple[_Image, _Image]]:
    """A rainy and a rainless version of each photo, in turn by a streak layer and by a preset of `synthetic_rain`.

    Both versions have the same haze and the same light, so that neither tells of rain: streaks alone do.
    """
    presets = list(PRESETS)
    for number, photo in enumerate(photos):
        if number % 2:
            gain = np.random.default_rng(number).uniform(*GAIN)
            yield compose(photo, layers[7 * number % len(layers)], gain), photo
            continue
        preset = presets[number // 2 % len(presets)]
        rainy, clean = render(photo / 255, preset, seed=number)
        haze = PRESETS[preset].haze
        yield _to_8bit(rainy), _to_8bit(add_haze(clean, haze) if haze else clean)


def fit_probe(pairs: Iterable[tuple[_Image, _Image]]) -> RainProbe:
    """Fit the regression on rainy and rainless versions of photos; deterministic."""
    features, labels, groups = [], [], []
    for number, versions in enumerate(pairs):
        features.append(rich_features(versions))
        labels += [1, 0]
        groups += [number, number]
    return _regress(np.concatenate(features).astype(float), np.array(labels), np.array(groups))


def _regress(features: Float[np.ndarray, "n d"], labels: Int[np.ndarray, " n"], groups: Int[np.ndarray, " n"]) -> RainProbe:
    """Standardise, choose the strength by the likelihood of photos left out, and fold the scaling into the weights."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=10000, tol=1e-8))
    search = GridSearchCV(model, {"logisticregression__C": STRENGTHS}, scoring="neg_log_loss", cv=GroupKFold(5))
    scaler, regression = search.fit(features, labels, groups=groups).best_estimator_
    weights = regression.coef_[0] / scaler.scale_
    return RainProbe(weights, float(regression.intercept_[0] - weights @ scaler.mean_))


def refit() -> RainProbe:
    """The probe anew from BSDS500 and the streak layers of Garg and Nayar; minutes.  FileNotFoundError names what lacks."""
    photos, _ = training_photos()
    layers = [layouts.read_rgb(entry.rainy)[..., 0] for entry in registry.lookup("gargstreaks")[1].listing().entries]
    return fit_probe(examples((layouts.read_rgb(path) for path in photos), layers))


def save(probe: RainProbe, path: Path = FITTED) -> Path:
    """Write a probe, single precision; `python -m rainmer_lib.downstream.rain_classifier` writes the one that ships."""
    values = {"weights": probe.weights.astype(np.float32), "bias": np.float64(probe.bias)}
    return atomic.write(path, lambda part: np.savez_compressed(part, **values))


def _to_8bit(image: Float[np.ndarray, "h w 3"]) -> _Image:
    return np.clip(image * 255, 0, 255).round().astype(np.uint8)


if __name__ == "__main__":
    print(save(refit()))
