"""Methods that are not trained here: the network that ships, and PReNet with its authors' weights.

In tables they stand beside the trained ones with seed -1, like the input.  Of PReNet's weights, each test set takes the ones
for its own rain; of those that belong to none, the ones for Rain1400, which has fourteen kinds of rain.  The choice stood
before anything was measured.

On the held-out photos PReNet is not run: its training photos come from BSDS500 too.  On Real147 neither is: PReNet takes a
quarter of an hour there on one idle core, and the network that ships is one of the runs of profile laptop, measured anyway.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd

from rainmer_lib import atomic, paths
from rainmer_lib.claims.over_images import FIXED
from rainmer_lib.claims.over_seeds import check_order
from rainmer_lib.experiments.compare import Comparison, Example, device, pairs_of
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import PROTOCOLS, evaluate, quantise
from rainmer_lib.metrics.scores import score_images
from rainmer_lib.pretrained.models import MODELS, load_model
from rainmer_lib.workflow.parameters import Settings

# method -> test set -> name in `models.MODELS`
WEIGHTS = {
    "PReNet": {
        "rain100l": "prenet-rain100l", "rain100h": "prenet-rain100h", "rain12": "prenet-rain100l",
        "raincityscapes60": "prenet-rain1400", "mwd": "prenet-rain1400",
    },
    "dcdgan-small": dict.fromkeys(
        ("held-out", "rain100l", "rain100h", "rain12", "raincityscapes60", "rendered"), "dcdgan-small"
    ),
}  # fmt: skip


def with_fixed(comparison: Comparison, say=print) -> Comparison:
    """The comparison with the scores of the methods of `WEIGHTS`, where these say something of its test sets.

    What has no weights on this machine is left out, and said.
    """
    parts = [comparison.scores]
    for method, test_set, model in fixed_on(comparison.settings.test_sets):
        table = score_model(model, test_set, comparison.settings)
        if table is None:
            say(f"{method} on {test_set}: left out, no weights {MODELS[model].weights().name} of {model} on the data root")
        else:
            parts.append(table.assign(method=method, seed=FIXED, test_set=test_set))
    return replace(comparison, scores=pd.concat(parts, ignore_index=True))


def fixed_on(test_sets: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """(method, test set, model) of every entry of `WEIGHTS` for these test sets."""
    return [(m, name, models[name]) for m, models in WEIGHTS.items() for name in test_sets if name in models]


def score_model(model: str, test_set: str, settings: Settings) -> pd.DataFrame | None:
    """Scores of a network by name, image by image, as `score_run`'s; None if its weights are not here and no scores are kept.

    PReNet's are those of the calibration where it has them; others are kept as `kept_table` does.
    """
    calibrated = _calibrated(model, test_set)
    if calibrated is not None:
        return calibrated

    def measure() -> pd.DataFrame:
        network = load_model(model).to(device())
        return score_images((pair, derain(network, pair.rainy)) for pair in pairs_of(test_set, settings.data))

    return kept_table(model, test_set, settings, measure)


def kept_table(model: str, test_set: str, settings: Settings, measure: Callable[[], pd.DataFrame]) -> pd.DataFrame | None:
    """`scores-<test set>.csv` of a network by name, computed if it is not there yet; None if the weights are absent.

    It lies in results/<profile>/models/<model>-<hash> where the profile keeps runs, else beside the runs; the hash is of the
    weights and of the data (`settings.data.fingerprint`, on which the held-out photos depend).
    """
    if not MODELS[model].present:
        return None
    digest = hashlib.sha256(MODELS[model].weights().read_bytes() + settings.data.fingerprint.encode()).hexdigest()[:12]
    file = Path(f"{model}-{digest}") / f"scores-{test_set}.csv"
    places = [paths.runs_root() / "models"]
    if settings.profile.keeps_runs:
        places = [root / settings.profile.name / "models" for root in (paths.results_root(), paths.REPOSITORY / "results")]
    found = next((place / file for place in places if (place / file).exists()), None)
    if found is None or _lacks_a_protocol(found):
        table, found = measure(), places[0] / file
        atomic.write(found, lambda part: table.to_csv(part, index=False, float_format="%.6f"))
    return pd.read_csv(found, dtype={"image": str})


def _lacks_a_protocol(path: Path) -> bool:
    table = pd.read_csv(path)
    return "protocol" in table and set(table.protocol) != set(PROTOCOLS)


def _calibrated(model: str, test_set: str) -> pd.DataFrame | None:
    """What `results/calibration` holds of a model on a test set, under every protocol."""
    path = paths.REPOSITORY / "results" / "calibration" / "prenet.csv"
    table = pd.read_csv(path, dtype={"image": str})
    table = table[(table.method == model) & (table.test_set == test_set)]
    return table[["image", "protocol", "psnr", "ssim"]] if set(table.protocol) == set(PROTOCOLS) else None


def example_with_fixed(comparison: Comparison, test_set: str, number: int) -> Example:
    """`comparison.example`, the methods of `WEIGHTS` whose weights are here between the trained ones and the clean image."""
    shown = comparison.example(test_set, number)
    images, captions = dict(shown.images), dict(shown.captions)
    clean, truth = images.pop("clean"), captions.pop("clean")
    for method, _, model in fixed_on((test_set,)):
        if MODELS[model].present:
            images[method] = quantise(derain(load_model(model).to(device()), shown.pair.rainy), "truncate")
            captions[method] = f"{evaluate(images[method], clean, 'prenet')[0]:.2f} dB"
    return Example(shown.pair, images | {"clean": clean}, captions | {"clean": truth})


def each_seed(means: pd.DataFrame) -> pd.DataFrame:
    """Rows of seed -1 repeated for every seed, so that what was not trained here can be compared within seeds."""
    seeds = sorted(set(means.seed) - {FIXED})
    fixed = means[means.seed == FIXED]
    return pd.concat([means[means.seed != FIXED], *(fixed.assign(seed=seed) for seed in seeds)], ignore_index=True)


def check_against_fixed(means: pd.DataFrame, best: str, fixed: str, protocol: str) -> pd.DataFrame:
    """Is a trained method better than one with given weights?  As `claims.check_best`, on the test sets that have both.

    The spread is that of the trained method alone.  No rows where `fixed` was not run.
    """
    chosen = each_seed(means[means.protocol == protocol])
    parts = []
    for test_set, table in chosen.groupby("test_set", sort=False):
        for metric in ("psnr", "ssim") if {best, fixed} <= set(table.method) else ():
            part = check_order(table, [best, fixed], metric)
            parts.append(part.assign(test_set=test_set, metric=metric)[["test_set", "metric", *part.columns]])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
