"""Methods with fixed weights, not trained here: the shipped network, and PReNet with its authors' weights.

In tables they appear beside the trained methods with seed -1, like the input.  Each test set takes the PReNet weights that
were trained for its own rain; a test set without such weights takes those for Rain1400, which has fourteen kinds of rain.
This choice was made before anything was measured.

PReNet is not run on the held-out photos, because its training photos come from BSDS500 too.  Neither method is run on
Real147: PReNet takes a quarter of an hour there on one idle core, and the shipped network is one of the runs of profile
laptop, which are measured anyway.
"""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import pandas as pd

from rainmer_lib import paths
from rainmer_lib.claims.over_seeds import FIXED, check_order, each_seed
from rainmer_lib.experiments.compare import Comparison, Example, names_of, pairs_of
from rainmer_lib.experiments.kept import Fits, kept, scores_of, unusable
from rainmer_lib.experiments.settings import Settings
from rainmer_lib.inference.derain import derain
from rainmer_lib.inference.device import device
from rainmer_lib.metrics.protocols import PROTOCOLS, evaluate, quantise
from rainmer_lib.metrics.scores import score_images
from rainmer_lib.pretrained.models import MODELS, load_model

PRENET = "PReNet (published)"  # beside the PReNet that is trained here
# method -> test set -> name in `models.MODELS`
WEIGHTS = {
    PRENET: {
        "rain100l": "prenet-rain100l", "rain100h": "prenet-rain100h", "rain12": "prenet-rain100l",
        "raincityscapes60": "prenet-rain1400", "mwd": "prenet-rain1400",
    },
    "dcdgan-small": dict.fromkeys(
        ("held-out", "rain100l", "rain100h", "rain12", "raincityscapes60", "rendered"), "dcdgan-small"
    ),
}  # fmt: skip


def with_fixed(comparison: Comparison, say=print) -> Comparison:
    """Add the scores of the methods of `WEIGHTS` to the comparison, on the test sets for which they have an entry.

    A method whose weights are not on this machine is left out and reported through `say`.
    """
    parts = [comparison.scores]
    for method, test_set, model in fixed_on(comparison.settings.test_sets):
        table = score_model(model, test_set, comparison.settings)
        if table is None:
            say(f"{method} on {test_set}: left out, because {MODELS[model].weights().name} of {model} is not on the data root")
        else:
            parts.append(table.assign(method=method, seed=FIXED, test_set=test_set))
    return replace(comparison, scores=pd.concat(parts, ignore_index=True))


def fixed_on(test_sets: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """List (method, test set, model) for every entry of `WEIGHTS` on these test sets."""
    return [(m, name, models[name]) for m, models in WEIGHTS.items() for name in test_sets if name in models]


def score_model(model: str, test_set: str, settings: Settings) -> pd.DataFrame | None:
    """Score a named network, image by image, with the columns of `score_images`; None without weights and calibration.

    PReNet's scores come from the calibration where it has them; all others are kept by `kept_table`.
    """
    calibrated = _calibrated(model, test_set)
    if calibrated is not None:
        return calibrated

    def measure() -> pd.DataFrame:
        network = load_model(model).to(device())
        return score_images((pair, derain(network, pair.rainy)) for pair in pairs_of(test_set, settings.data))

    return kept_table(model, test_set, settings, measure, scores_of(lambda: names_of(test_set, settings.data)))


def kept_table(
    model: str, test_set: str, settings: Settings, measure: Callable[[], pd.DataFrame], fits: Fits = lambda table: True
) -> pd.DataFrame | None:
    """Return `scores-<test set>.csv` of a named network, measured if it does not exist yet; None if the weights are absent.

    The file lies in results/<profile>/models/<model>-<hash> if the profile keeps runs, else beside the runs; the hash covers
    the weights and the data (`settings.data.fingerprint`, on which the held-out photos depend).
    """
    if not MODELS[model].present:
        return None
    digest = hashlib.sha256(MODELS[model].weights().read_bytes() + settings.data.fingerprint.encode()).hexdigest()[:12]
    file = Path(f"{model}-{digest}") / f"scores-{test_set}.csv"
    places = [paths.runs_root() / "models"]
    if settings.profile.keeps_runs:
        places = [root / settings.profile.name / "models" for root in (paths.results_root(), paths.REPOSITORY / "results")]
    there = (place / file for place in places if (place / file).exists())
    return kept(next((path for path in there if not unusable(path, fits)), places[0] / file), measure, fits)


def _calibrated(model: str, test_set: str) -> pd.DataFrame | None:
    """Return the scores of a model on a test set in `results/calibration`; None unless they cover every protocol."""
    path = paths.REPOSITORY / "results" / "calibration" / "prenet.csv"
    table = pd.read_csv(path, dtype={"image": str})
    table = table[(table.method.eq(model)) & (table.test_set == test_set)]
    return table[["image", "protocol", "psnr", "ssim"]] if set(table.protocol) == set(PROTOCOLS) else None


def example_with_fixed(comparison: Comparison, test_set: str, of: str, labels: Collection[str] | None = None) -> Example:
    """Return `comparison.example` with the fixed methods whose weights are here, just before the clean image."""
    example = comparison.example(test_set, of, labels)
    images, captions = dict(example.images), dict(example.captions)
    clean, truth = images.pop("clean"), captions.pop("clean")
    for method, _, model in fixed_on((test_set,)):
        if MODELS[model].present:
            images[method] = quantise(derain(load_model(model).to(device()), example.pair.rainy), "truncate")
            captions[method] = f"{evaluate(images[method], clean, 'prenet')[0]:.2f} dB"
    return Example(example.pair, images | {"clean": clean}, captions | {"clean": truth})


def check_against_fixed(means: pd.DataFrame, best: str, fixed: str, protocol: str) -> pd.DataFrame:
    """Test whether a trained method beats one with fixed weights, on the test sets that have both.

    Columns are those of `claims.over_seeds.check_best`.  The spread is that of the trained method alone.  A test set on which
    `fixed` was not run has no rows.
    """
    chosen = each_seed(means[means.protocol == protocol])
    parts = []
    for test_set, table in chosen.groupby("test_set", sort=False):
        for metric in ("psnr", "ssim") if {best, fixed} <= set(table.method) else ():
            part = check_order(table, [best, fixed], metric)
            parts.append(part.assign(test_set=test_set, metric=metric)[["test_set", "metric", *part.columns]])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
