"""Test whether Rainmer's gains in PSNR and SSIM help a detector, by day and at night (detection figure of its project page).

The authors' detector, thresholds and labels were not released.  Here both scenes use the clean frames in which `recognition`
detects objects: by day under the rain of their test set, at night darkened and rained on by `weather.night`.  The ground truth
is the set of confident detections on the clean frame of the scene.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from rainmer_lib.claims.over_seeds import FIXED, check_measures, each_seed
from rainmer_lib.data import weather
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.downstream.detection_scores import agreement
from rainmer_lib.downstream.detector import Detections, detect
from rainmer_lib.experiments.rainmer_rows import RAINMER, rows
from rainmer_lib.experiments.recognition import INPUT, EvaluationSet, Image8
from rainmer_lib.experiments.runs import Run, train_rows
from rainmer_lib.experiments.settings import Settings
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import evaluate, quantise

METHOD = "Rainmer"
PROTOCOL = "rainmer"
LOWEST = 0.05  # lowest score of a detection that counts for the average precision
FEWEST = 10  # objects that a class needs on the clean frames to count for the mean over classes
SEED = 2024  # seed of the night rain
MEASURES = ("psnr", "ssim", "map", "f1")
KEYS = ["method", "seed", "test_set"]

Scenes = Mapping[str, Sequence[Pair]]


def scenes(evaluation: EvaluationSet, data: UnpairedRain) -> dict[str, list[Pair]]:
    """Return pairs by day and at night of the frames in which objects are detected; empty without such frames.

    Night rain uses the streak layers of `data` that no rendered training domain uses (`rendered_domains`).
    """
    if not evaluation.sought:
        return {}
    rainy, clean = evaluation.rainy[evaluation.sought], evaluation.clean[evaluation.sought]
    layers = data.layers[-max(4, len(data.layers) // 16) :]
    night = []
    for number, (name, frame) in enumerate(clean.items()):
        night.append(Pair(name, *weather.night(frame, layers, np.random.default_rng([SEED, number]))))
    return {"day": [Pair(name, rainy[name], frame) for name, frame in clean.items()], "night": night}


def full_runs(evaluation: EvaluationSet, settings: Settings, say=print) -> list[Run]:
    """Find or train the full runs of notebook `train_rainmer` at this profile; empty if no objects are detected."""
    if not evaluation.sought:
        return []
    compared = {METHOD: rows("application-rainmer", settings.profile)["full"]}
    data = RAINMER.data(settings.data, settings.profile.name)
    return train_rows(compared, replace(settings, data=data), say)


def measure(runs: Sequence[Run], evaluated: Scenes) -> pd.DataFrame:
    """Measure quality and detection of the input and of each run's outputs: a row for each method, seed and `test_set`.

    Columns psnr and ssim (means over the frames, protocol rainmer, of the 8-bit output), map (mean average precision),
    precision, recall, f1; `test_set` is the scene.  A run's measures are kept beside its scores, for frames of these names.
    """
    rows = []
    for scene, pairs in evaluated.items():
        truth = [detect(pair.clean) for pair in pairs]
        rows.append((INPUT, FIXED, scene, _measured([pair.rainy for pair in pairs], pairs, truth)))
        rows += [(run.label, run.seed, scene, _measured_run(run, scene, pairs, truth)) for run in runs]
    return pd.DataFrame([dict(zip(KEYS, row[:3], strict=True)) | row[3] for row in rows])


def _measured_run(run: Run, scene: str, pairs: Sequence[Pair], truth: Sequence[Detections]) -> dict[str, float]:
    frames = " ".join(pair.name for pair in pairs)

    def measured() -> pd.DataFrame:
        network = run.network()
        outputs = [quantise(derain(network, pair.rainy), "truncate") for pair in pairs]
        return pd.DataFrame([_measured(outputs, pairs, truth) | {"frames": frames}])

    table = run.kept(f"scores-detection-{scene}", measured, lambda table: table.frames.item() == frames)
    return table.drop(columns="frames").iloc[0].to_dict()


def _measured(images: Sequence[Image8], pairs: Sequence[Pair], truth: Sequence[Detections]) -> dict[str, float]:
    quality = np.mean([evaluate(image / 255, pair.clean, PROTOCOL) for image, pair in zip(images, pairs, strict=True)], axis=0)
    found = agreement([detect(image, LOWEST) for image in images], truth)
    return {
        "psnr": float(quality[0]), "ssim": float(quality[1]), "map": found.mean_average_precision(FEWEST),
        "precision": found.precision, "recall": found.recall, "f1": found.f1,
    }  # fmt: skip


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """Format the table of `measure` for reading: by scene, method and seed (blank for the input), with four digits."""
    if table.empty:
        return table
    seeds = table.seed.astype(str).mask(table.seed == FIXED, "")
    return table.assign(seed=seeds).set_index(["test_set", "method", "seed"]).round(4)


def gains(table: pd.DataFrame) -> pd.DataFrame:
    """Subtract the input's row of the same scene from every other row of `measure`."""
    columns = [name for name in table if name not in KEYS]
    rows = table[table.method != INPUT].reset_index(drop=True)
    base = table[table.method.eq(INPUT)].set_index("test_set")[columns].loc[rows.test_set].reset_index(drop=True)
    return rows.assign(**(rows[columns] - base))


def claims(table: pd.DataFrame) -> pd.DataFrame:
    """Test whether every measure exceeds that of the input, in each scene, by `check_measures`; no rows without a scene."""
    if table.empty:
        return table
    return check_measures(each_seed(table), METHOD, [INPUT], dict.fromkeys(MEASURES, 1), "test_set")
