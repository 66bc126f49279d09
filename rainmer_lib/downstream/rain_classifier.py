"""Rain classifier: a logistic regression on features of EfficientNet-Lite0, fitted on our own rain alone.

The paper asks a commercial service how likely a photo shows rain (Fig. 10 (c)); this classifier is a substitute that anyone
can run and whose training data are known.  Its values are not those of the service.
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
from rainmer_lib.data.unpaired_rain import GAIN, compose
from rainmer_lib.downstream.efficientnet import rich_features

FITTED = Path(__file__).with_name("rain_classifier.npz")
EVERY = 4  # one in this many photos is held out
STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)  # values of the regression's C; one is chosen by cross-validation over photos
_Image = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True)
class RainProbe:
    """Linear probe P(rain) = 1 / (1 + exp(-(w . f + b))) on the features f of `rich_features`."""

    weights: Float[np.ndarray, " d"]
    bias: float

    def confidence(self, images: Iterable[_Image]) -> Float[np.ndarray, " n"]:
        """Return P(rain), in [0, 1], of RGB images of any size, from the middle 320x320 pixels of each."""
        return expit(self.decision(images))

    def decision(self, images: Iterable[_Image]) -> Float[np.ndarray, " n"]:
        """Return the log odds of rain, which do not saturate; P(rain) is their logistic function."""
        return rich_features(images).astype(float) @ self.weights + self.bias


def load_probe() -> RainProbe:
    """Load the shipped probe, which `fit_probe` fitted on the photos of `training_photos`."""
    with np.load(FITTED, allow_pickle=False) as file:
        return RainProbe(file["weights"].astype(float), float(file["bias"]))


def training_photos() -> tuple[list[Path], list[Path]]:
    """Return the photos to fit on and the held-out photos.

    They are the 397 photos of BSDS500 that are in no test set; every fourth one is held out.
    """
    _, split = registry.lookup("bsds500/leak-free")
    files = [entry.clean for entry in split.listing().entries]
    return [f for i, f in enumerate(files) if i % EVERY], files[::EVERY]


def examples(photos: Iterable[_Image], layers: list[UInt8[np.ndarray, "h w"]]) -> Iterator[tuple[_Image, _Image]]:
    """Yield a rainy and a rainless version of each photo, alternately by a streak layer and by a preset of `synthetic_rain`.

    Both versions have the same haze and the same light, so that only streaks distinguish them.
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
    """Standardise, choose C by the likelihood of photos left out, and fold the scaling into the weights."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=10000, tol=1e-8))
    search = GridSearchCV(model, {"logisticregression__C": STRENGTHS}, scoring="neg_log_loss", cv=GroupKFold(5))
    scaler, regression = search.fit(features, labels, groups=groups).best_estimator_
    weights = regression.coef_[0] / scaler.scale_
    return RainProbe(weights, float(regression.intercept_[0] - weights @ scaler.mean_))


def refit() -> RainProbe:
    """Fit the probe again on BSDS500 and the streak layers of Garg and Nayar, which takes minutes.

    Raises FileNotFoundError that names what is missing.
    """
    photos, _ = training_photos()
    layers = [layouts.read_rgb(entry.rainy)[..., 0] for entry in registry.lookup("gargstreaks")[1].listing().entries]
    return fit_probe(examples((layouts.read_rgb(path) for path in photos), layers))


def save(probe: RainProbe, path: Path = FITTED) -> Path:
    """Write a probe, single precision; `python -m rainmer_lib.downstream.rain_classifier` writes the shipped one."""
    values = {"weights": probe.weights.astype(np.float32), "bias": np.float64(probe.bias)}
    return atomic.write(path, lambda part: np.savez_compressed(part, **values))


def _to_8bit(image: Float[np.ndarray, "h w 3"]) -> _Image:
    return np.clip(image * 255, 0, 255).round().astype(np.uint8)


if __name__ == "__main__":
    print(save(refit()))
