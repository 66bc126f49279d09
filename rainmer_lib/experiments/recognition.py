"""Recognition before and after deraining (Fig. 10 of the paper): the confidence that it rains, and the detected objects.

The paper asks a commercial service about 30 real photos that it does not name.  Here the confidence of rain comes from
`downstream.rain_classifier` and the objects from `downstream.detector`; both run on any machine and know no deraining method.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from scipy.special import expit
from torch import nn

from rainmer_lib.claims.over_seeds import FIXED
from rainmer_lib.data.test_sets import Pair, benchmark_pairs
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.downstream import efficientnet
from rainmer_lib.downstream.detector import Detections, detect, detector
from rainmer_lib.downstream.object_counts import COUNTS, count_objects
from rainmer_lib.downstream.rain_classifier import load_probe
from rainmer_lib.experiments.fixed_methods import PRENET, kept_table
from rainmer_lib.experiments.kept import rows_of
from rainmer_lib.experiments.real_rain import photos
from rainmer_lib.experiments.runs import Run
from rainmer_lib.experiments.settings import Settings
from rainmer_lib.inference.derain import derain
from rainmer_lib.inference.device import device
from rainmer_lib.metrics.protocols import quantise
from rainmer_lib.pretrained.models import MODELS, load_model

Image8 = UInt8[np.ndarray, "h w 3"]
Images = dict[str, Image8]  # by name

INPUT, CLEAN = "input", "clean"  # rows that no method made: the rainy input and the ground truth
STREETS = "raincityscapes60"
SUPERVISED = {PRENET: "prenet-rain1400"}
WINDOW = efficientnet.WINDOW + 64  # pixels a side of real photos; the probe evaluates only their middle, more pixels cost time
# Thirty photos, as many as in the paper: every third, in the order of their numbers, of the 96 scenes of real147 whose photos
# are not squashed to a square.  They were chosen before any output was inspected; 113 is snow.
REAL147 = ("1", "8", "15", "19", "24", "32", "42", "48", "56", "70", "73", "76", "79", "82", "86", "90", "93", "96", "99",
           "103", "106", "110", "113", "117", "121", "124", "128", "132", "136", "139")  # fmt: skip
NO_PHOTOS = ("rain116",)  # excluded from mwd: a drawing


@dataclass(frozen=True)
class EvaluationSet:
    """Rainy images by test set and name, and clean versions under the same names for sets that have them.

    `sought`: the test set in which objects are detected, "" for none.  `models`: compared networks that are not trained here,
    label -> name in `models.MODELS`.  `left_out`: missing parts and the reasons, one line each, to be printed.
    """

    rainy: dict[str, Images]
    clean: dict[str, Images]
    sought: str
    models: dict[str, str]
    left_out: tuple[str, ...]

    def __str__(self) -> str:
        """Format the counts for a notebook."""
        counts = [f"{name}: {len(images)} images" for name, images in self.rainy.items()]
        sought = [f"objects are detected in {self.sought}"] if self.sought else []
        return "\n".join([*counts, *sought, *self.left_out])


def evaluation_set(data: UnpairedRain) -> EvaluationSet:
    """Return the images to evaluate: for the embedded data, its held-out photos under rendered rain, else real rain.

    FileNotFoundError names missing files, weights included, before anything is computed; only the published weights of PReNet
    may be absent.  ValueError on photos that have rain of their own, because night rain is rendered with the set's layers.
    """
    data.require_layers()
    efficientnet.weights_path()
    if data.name == "embedded":
        reason = "left out: the embedded data comes without"
        lacks = (f"{reason} real rain; P(rain) is evaluated on its held-out photos under rendered rain",
                 f"{reason} a detector's weights; no objects are detected",
                 f"{reason} published weights; no supervised method is compared")  # fmt: skip
        return EvaluationSet(*_by_name("held-out", data.held_out), "", {}, lacks)
    detector()
    real = {
        "real147": {name: middle(image) for name, image in photos("real147", data) if name in REAL147},
        "mwd": {name: middle(image) for name, image in photos("mwd", data) if name not in NO_PHOTOS},
    }
    rainy, clean = _by_name(STREETS, benchmark_pairs(STREETS))
    there = {label: name for label, name in SUPERVISED.items() if MODELS[name].present}
    lacks = tuple(f"left out: {label}, because {MODELS[name].weights()} is missing"
                  for label, name in SUPERVISED.items() if label not in there)  # fmt: skip
    return EvaluationSet(real | rainy, clean, STREETS, there, lacks)


def _by_name(test_set: str, pairs: Iterable[Pair]) -> tuple[dict[str, Images], dict[str, Images]]:
    pairs = list(pairs)
    return {test_set: {pair.name: pair.rainy for pair in pairs}}, {test_set: {pair.name: pair.clean for pair in pairs}}


def middle(photo: Image8) -> Image8:
    """Copy the middle of a photo, at most `WINDOW` pixels a side."""
    return efficientnet.centre(photo, WINDOW).copy()


def recognise(evaluation: EvaluationSet, runs: Sequence[Run], settings: Settings) -> pd.DataFrame:
    """Evaluate probe and detector on the input, on the outputs of all runs and `evaluation.models`, and on the clean images.

    A row for each method, seed, test_set and image: `confidence`, P(rain), and its `log_odds`; in the set `sought` also the
    counts of `object_counts`, nan elsewhere.  The rows of a network's outputs are kept beside its scores.
    """
    tables = []
    for test_set, rainy in evaluation.rainy.items():
        clean = evaluation.clean.get(test_set, {})
        truth = {name: detect(image) for name, image in clean.items()} if test_set == evaluation.sought else {}
        tables.append(measure(rainy, truth).assign(method=INPUT, seed=FIXED, test_set=test_set))
        for run in runs:
            table = _measure_run(run, test_set, rainy, truth)
            tables.append(table.assign(method=run.label, seed=run.seed, test_set=test_set))
        for label, name in evaluation.models.items():
            again = partial(_measure_model, name, rainy, truth)
            table = kept_table(name, f"recognition-{test_set}", settings, again, rows_of(rainy.keys))
            tables.append(table.assign(method=label, seed=FIXED, test_set=test_set))
        if clean:
            tables.append(measure(clean, truth).assign(method=CLEAN, seed=FIXED, test_set=test_set))
    return pd.concat(tables, ignore_index=True)


def measure(images: Images, truth: Mapping[str, Detections]) -> pd.DataFrame:
    """Return a row for each image: confidence, log_odds, hits, found, truths; the counts are nan without a ground truth."""
    probe, rows = load_probe(), []
    for name, image in images.items():
        odds = float(probe.decision([image])[0])
        counts = count_objects(detect(image), truth[name]) if truth else dict.fromkeys(COUNTS, np.nan)
        rows.append({"image": name, "confidence": float(expit(odds)), "log_odds": odds, **counts})
    return pd.DataFrame(rows)


def _measure_run(run: Run, test_set: str, rainy: Images, truth: Mapping[str, Detections]) -> pd.DataFrame:
    def measured() -> pd.DataFrame:
        return measure(derained(run.network(), rainy), truth)

    return run.kept(f"scores-recognition-{test_set}", measured, rows_of(rainy.keys))


def _measure_model(name: str, rainy: Images, truth: Mapping[str, Detections]) -> pd.DataFrame:
    return measure(derained(load(name), rainy), truth)


def load(name: str) -> nn.Module:
    """Load a network by name onto the device on which networks run."""
    return load_model(name).to(device())


def derained(network: nn.Module, images: Images) -> Images:
    """Derain images; the 8-bit outputs have the names of the images."""
    return {name: quantise(derain(network, image), "truncate") for name, image in images.items()}


def example(evaluation: EvaluationSet, runs: Sequence[Run], labels: Collection[str]) -> tuple[Images, dict[str, Detections]]:
    """Return the versions of one image, first seed, with their detections; `labels` chooses among the runs.

    It is the image with the most objects on its clean frame, so that nobody picks it.  Both are empty if no objects are
    detected in this evaluation set.
    """
    if not evaluation.sought:
        return {}, {}
    clean = evaluation.clean[evaluation.sought]
    name = max(clean, key=lambda n: len(detect(clean[n])))
    rainy = {name: evaluation.rainy[evaluation.sought][name]}
    networks = {run.label: run.network() for run in runs if run.seed == 0 and run.label in labels}
    networks |= {label: load(model) for label, model in evaluation.models.items()}
    images = {"rainy": rainy[name]} | {label: derained(network, rainy)[name] for label, network in networks.items()}
    images[CLEAN] = clean[name]
    return images, {version: detect(image) for version, image in images.items()}
