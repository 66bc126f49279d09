"""Does what Rainmer gains in PSNR and SSIM help a detector, by day and at night?  (The detection figure of its project page.)

The authors' detector, thresholds and labels were not released.  Here both scenes are the clean frames that `recognition`
seeks objects in: by day under the rain of their test set, at night as `weather.night` turns and rains on them.  The truth is
what the detector is sure of on the clean frame of the scene.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from rainmer_lib import atomic
from rainmer_lib.claims.over_images import FIXED
from rainmer_lib.data import weather
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired import UnpairedRain
from rainmer_lib.downstream.detection_scores import agreement
from rainmer_lib.downstream.detector import Detections, detect
from rainmer_lib.experiments.compare import Run
from rainmer_lib.experiments.fixed_methods import each_seed
from rainmer_lib.experiments.measures import check_measures
from rainmer_lib.experiments.rainmer import train_run
from rainmer_lib.experiments.recognition import INPUT, Image8, Material
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import evaluate, quantise
from rainmer_lib.rainmer.aligned import aligned_rain
from rainmer_lib.rainmer.config import paper
from rainmer_lib.rainmer.sizes import IMAGES, PROFILES
from rainmer_lib.workflow.parameters import Settings

METHOD = "Rainmer"
PROTOCOL = "rainmer"
LOWEST = 0.05  # score down to which detections count for the average precision
FEWEST = 10  # objects that a class must have on the clean frames to count for its mean
SEED = 2024  # of the night rain
MEASURES = ("psnr", "ssim", "map", "f1")
KEYS = ["method", "seed", "test_set"]

Scenes = Mapping[str, Sequence[Pair]]


def scenes(shown: Material, data: UnpairedRain) -> dict[str, list[Pair]]:
    """Pairs by day and at night of the frames in which objects are sought; none where none are.

    Night rain has the streak layers of `data` that no rendered training domain uses (`rendered_domains`).
    """
    if not shown.sought:
        return {}
    rainy, clean = shown.rainy[shown.sought], shown.clean[shown.sought]
    layers = data.layers[-max(4, len(data.layers) // 16) :]
    night = []
    for number, (name, frame) in enumerate(clean.items()):
        night.append(Pair(name, *weather.night(frame, layers, np.random.default_rng([SEED, number]))))
    return {"day": [Pair(name, rainy[name], frame) for name, frame in clean.items()], "night": night}


def full_runs(shown: Material, settings: Settings, say=print) -> list[Run]:
    """The full runs of notebook `train_rainmer` at this profile, found again or trained; none where nothing is sought."""
    if not shown.sought:
        return []
    profile = PROFILES[settings.profile.name]
    config = profile.apply(paper)
    data = aligned_rain(settings.data, IMAGES[profile.name], config.view_size)
    return [train_run(METHOD, replace(config, seed=seed), data, profile, say) for seed in range(settings.seeds)]


def measure(runs: Sequence[Run], shown_scenes: Scenes) -> pd.DataFrame:
    """Quality and detection of the input and of each run's outputs: a row for each method, seed and scene (`test_set`).

    Columns psnr and ssim (means over the frames, protocol rainmer, of the 8-bit output), map (mean average precision),
    precision, recall, f1.  What was measured of a run is kept beside its scores, for frames of these names.
    """
    rows = []
    for scene, pairs in shown_scenes.items():
        truth = [detect(pair.clean) for pair in pairs]
        rows.append((INPUT, FIXED, scene, _measured([pair.rainy for pair in pairs], pairs, truth)))
        rows += [(run.method, run.seed, scene, _measured_run(run, scene, pairs, truth)) for run in runs]
    return pd.DataFrame([dict(zip(KEYS, row[:3], strict=True)) | row[3] for row in rows])


def _measured_run(run: Run, scene: str, pairs: Sequence[Pair], truth: Sequence[Detections]) -> dict[str, float]:
    path = run.folder.path / f"scores-detection-{scene}.csv"
    frames = " ".join(pair.name for pair in pairs)
    if not path.exists() or pd.read_csv(path).frames.item() != frames:
        network = run.generator()
        outputs = [quantise(derain(network, pair.rainy), "truncate") for pair in pairs]
        table = pd.DataFrame([_measured(outputs, pairs, truth) | {"frames": frames}])
        atomic.write(path, lambda part: table.to_csv(part, index=False, float_format="%.6f"))
    return pd.read_csv(path).drop(columns="frames").iloc[0].to_dict()


def _measured(images: Sequence[Image8], pairs: Sequence[Pair], truth: Sequence[Detections]) -> dict[str, float]:
    quality = np.mean([evaluate(image / 255, pair.clean, PROTOCOL) for image, pair in zip(images, pairs, strict=True)], axis=0)
    seen = agreement([detect(image, LOWEST) for image in images], truth)
    return {
        "psnr": float(quality[0]), "ssim": float(quality[1]), "map": seen.mean_average_precision(FEWEST),
        "precision": seen.precision, "recall": seen.recall, "f1": seen.f1,
    }  # fmt: skip


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """`measure`'s rows to read: by scene, method and seed, of which the input has none; four digits."""
    if table.empty:
        return table
    seeds = table.seed.astype(str).mask(table.seed == FIXED, "")
    return table.assign(seed=seeds).set_index(["test_set", "method", "seed"]).round(4)


def gains(table: pd.DataFrame) -> pd.DataFrame:
    """`measure`'s rows but the input's, minus the input's of the same scene."""
    columns = [name for name in table if name not in KEYS]
    rows = table[table.method != INPUT].reset_index(drop=True)
    base = table[table.method == INPUT].set_index("test_set")[columns].loc[rows.test_set].reset_index(drop=True)
    return rows.assign(**(rows[columns] - base))


def claims(table: pd.DataFrame) -> pd.DataFrame:
    """Is every measure higher than that of the input, in each scene?  `measures.check_measures`; no rows without a scene."""
    if table.empty:
        return table
    return check_measures(each_seed(table), METHOD, [INPUT], dict.fromkeys(MEASURES, 1), "test_set")
