"""What other programs see before and after deraining (Fig. 10 of the paper): how likely rain is, and which objects.

The paper asks a commercial service about 30 real photos that it does not name.  Here the confidence of rain is that of
`rain_probe`, the objects are those of `detection`; both run anywhere and know no deraining method.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from scipy.special import expit
from torch import nn

from rainmer_lib import atomic
from rainmer_lib.claims.over_images import FIXED
from rainmer_lib.data.test_sets import Pair, benchmark_pairs
from rainmer_lib.data.unpaired import UnpairedRain
from rainmer_lib.downstream import efficientnet
from rainmer_lib.downstream.detector import Detections, detect, detector
from rainmer_lib.downstream.object_counts import COUNTS, count_objects
from rainmer_lib.downstream.rain_classifier import load_probe
from rainmer_lib.experiments.compare import Run, device
from rainmer_lib.experiments.fixed_methods import kept_table
from rainmer_lib.experiments.real_rain import photos
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.protocols import quantise
from rainmer_lib.pretrained.models import MODELS, load_model
from rainmer_lib.workflow.parameters import Settings

Image8 = UInt8[np.ndarray, "h w 3"]
Images = dict[str, Image8]  # by name

INPUT, TRUTH = "input", "clean"  # methods that are none
STREETS = "raincityscapes60"
SUPERVISED = {"PReNet (supervised)": "prenet-rain1400"}
WINDOW = efficientnet.WINDOW + 64  # pixels a side of real photos; the probe looks at their middle, the rest is costly
# Thirty photos, as many as the paper's: of the 96 scenes that real147 shows in photos not squashed to a square, every third
# in the order of their numbers.  Nobody looked at an output before; 113 is snow.
REAL147 = ("1", "8", "15", "19", "24", "32", "42", "48", "56", "70", "73", "76", "79", "82", "86", "90", "93", "96", "99",
           "103", "106", "110", "113", "117", "121", "124", "128", "132", "136", "139")  # fmt: skip
NO_PHOTOS = ("rain116",)  # of mwd; a drawing


@dataclass(frozen=True)
class Material:
    """Rainy images by test set and name, and the clean versions under the same names where a set has them.

    `sought`: the set in which objects are sought, "" for none.  `models`: compared networks that are not trained here, label
    -> name in `models.MODELS`.  `left_out`: what this material lacks and why, a line each, to be printed.
    """

    rainy: dict[str, Images]
    clean: dict[str, Images]
    sought: str
    models: dict[str, str]
    left_out: tuple[str, ...]

    def __str__(self) -> str:
        """As notebooks print it."""
        counts = [f"{name}: {len(images)} images" for name, images in self.rainy.items()]
        sought = [f"objects are sought in {self.sought}"] if self.sought else []
        return "\n".join([*counts, *sought, *self.left_out])


def material(data: UnpairedRain) -> Material:
    """What is looked at beside a training set: rendered rain on its held-out photos for the embedded one, else real rain.

    Raises FileNotFoundError that names what lacks, weights included, before anything is computed; published weights of
    PReNet alone may be absent.
    """
    efficientnet.weights_path()
    if data.name == "embedded":
        reason = "left out: the embedded photos come without"
        lacks = (f"{reason} real rain; the confidence of rain is that of their held-out photos under rendered rain",
                 f"{reason} a detector's weights; no objects are sought",
                 f"{reason} published weights; no supervised method is compared")  # fmt: skip
        return Material(*_by_name("held-out", data.held_out), "", {}, lacks)
    detector()
    real = {
        "real147": {name: middle(image) for name, image in photos("real147", data) if name in REAL147},
        "mwd": {name: middle(image) for name, image in photos("mwd", data) if name not in NO_PHOTOS},
    }
    rainy, clean = _by_name(STREETS, benchmark_pairs(STREETS))
    there = {label: name for label, name in SUPERVISED.items() if MODELS[name].present}
    lacks = tuple(f"left out: {label}, for there is no {MODELS[name].weights()}"
                  for label, name in SUPERVISED.items() if label not in there)  # fmt: skip
    return Material(real | rainy, clean, STREETS, there, lacks)


def _by_name(test_set: str, pairs: Iterable[Pair]) -> tuple[dict[str, Images], dict[str, Images]]:
    pairs = list(pairs)
    return {test_set: {pair.name: pair.rainy for pair in pairs}}, {test_set: {pair.name: pair.clean for pair in pairs}}


def middle(photo: Image8) -> Image8:
    """The middle of a photo, at most `WINDOW` pixels a side, in memory of its own."""
    return efficientnet.centre(photo, WINDOW).copy()


def look(shown: Material, runs: Sequence[Run], settings: Settings) -> pd.DataFrame:
    """What is seen in the input, the outputs of every run and of `shown.models`, and the clean versions.

    A row for each method, seed, test_set and image: `confidence`, P(rain), and its `log_odds`; in the sought set also the
    counts of `object_counts`, nan elsewhere.  What is seen in outputs is kept beside the scores of their networks.
    """
    tables = []
    for test_set, rainy in shown.rainy.items():
        clean = shown.clean.get(test_set, {})
        truth = {name: detect(image) for name, image in clean.items()} if test_set == shown.sought else {}
        tables.append(see(rainy, truth).assign(method=INPUT, seed=FIXED, test_set=test_set))
        for run in runs:
            table = _see_run(run, test_set, rainy, truth)
            tables.append(table.assign(method=run.method, seed=run.seed, test_set=test_set))
        for label, name in shown.models.items():
            table = kept_table(name, f"recognition-{test_set}", settings, partial(_see_model, name, rainy, truth))
            tables.append(table.assign(method=label, seed=FIXED, test_set=test_set))
        if clean:
            tables.append(see(clean, truth).assign(method=TRUTH, seed=FIXED, test_set=test_set))
    return pd.concat(tables, ignore_index=True)


def see(images: Images, truth: Mapping[str, Detections]) -> pd.DataFrame:
    """Columns image, confidence, log_odds, and where there is a truth hits, found, truths; a row for each image."""
    probe, rows = load_probe(), []
    for name, image in images.items():
        odds = float(probe.decision([image])[0])
        counts = count_objects(detect(image), truth[name]) if truth else dict.fromkeys(COUNTS, np.nan)
        rows.append({"image": name, "confidence": float(expit(odds)), "log_odds": odds, **counts})
    return pd.DataFrame(rows)


def _see_run(run: Run, test_set: str, rainy: Images, truth: Mapping[str, Detections]) -> pd.DataFrame:
    path = run.folder.path / f"scores-recognition-{test_set}.csv"
    if not path.exists() or list(pd.read_csv(path, dtype={"image": str}).image) != list(rainy):  # others were looked at
        table = see(derained(run.generator(), rainy), truth)
        atomic.write(path, lambda part: table.to_csv(part, index=False, float_format="%.6f"))
    return pd.read_csv(path, dtype={"image": str})


def _see_model(name: str, rainy: Images, truth: Mapping[str, Detections]) -> pd.DataFrame:
    return see(derained(load(name), rainy), truth)


def load(name: str) -> nn.Module:
    """A network by name, where networks run."""
    return load_model(name).to(device())


def derained(network: nn.Module, images: Images) -> Images:
    """8-bit outputs under the names of the images."""
    return {name: quantise(derain(network, image), "truncate") for name, image in images.items()}


def example(shown: Material, runs: Sequence[Run]) -> tuple[Images, dict[str, Detections]]:
    """Versions of one image and what is found in each, first seed: the image with the most objects on its clean frame.

    So its choice is nobody's.  Both are empty where no objects are sought.
    """
    if not shown.sought:
        return {}, {}
    clean = shown.clean[shown.sought]
    name = max(clean, key=lambda n: len(detect(clean[n])))
    rainy = {name: shown.rainy[shown.sought][name]}
    networks = {run.method: run.generator() for run in runs if run.seed == 0}
    networks |= {label: load(model) for label, model in shown.models.items()}
    images = {"rainy": rainy[name]} | {label: derained(network, rainy)[name] for label, network in networks.items()}
    images[TRUTH] = clean[name]
    return images, {version: detect(image) for version, image in images.items()}
