"""Real rain: NIQE and BRISQUE of derained photos without ground truth, of the photos themselves, and of a blurred control.

Both metrics measure how natural the statistics of an image are, not how much rain is left: lower is better for both.  A
Gaussian blur (`BLUR`) removes no rain and has a row of its own, so that readers see what the two metrics reward.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import UInt8
from scipy.ndimage import gaussian_filter
from torch import nn

from rainmer_lib.claims.over_seeds import FIXED
from rainmer_lib.data import layouts, registry
from rainmer_lib.data.real_photos import REAL_SET, real147
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.experiments.fixed_methods import kept_table
from rainmer_lib.experiments.kept import rows_of
from rainmer_lib.experiments.runs import Run
from rainmer_lib.experiments.settings import Settings
from rainmer_lib.inference.derain import derain
from rainmer_lib.inference.device import device
from rainmer_lib.metrics.brisque import BrisqueModel, brisque, brisque_model
from rainmer_lib.metrics.niqe import NiqeParameters, niqe, niqe_parameters
from rainmer_lib.metrics.protocols import quantise
from rainmer_lib.pretrained.models import load_model

KEPT = "real147-kept"  # the photos of Real147 whose scenes semi-supervised training does not see
REAL_SETS = {KEPT: REAL_SET, "mwd": "mwd"}  # set of photos -> the set of the registry to which they belong
STAND_IN = "rendered"  # held-out photos of the training data under rendered rain, used where there are no real photos
BLUR = 1.0  # pixels, standard deviation of the control
CONTROL = "blurred input"

Image = UInt8[np.ndarray, "h w 3"]


@dataclass(frozen=True)
class NoReferenceMetrics:
    """No-reference metrics: NIQE, and BRISQUE if its model is given."""

    niqe: NiqeParameters
    brisque: BrisqueModel | None

    @property
    def metrics(self) -> tuple[str, ...]:
        """Columns of a table of scores."""
        return ("niqe", "brisque") if self.brisque else ("niqe",)

    def measure(self, image: Image) -> tuple[float, ...]:
        """Score an 8-bit image, in the order of `metrics`."""
        return (niqe(image, self.niqe), *([brisque(image, self.brisque)] if self.brisque else []))


def metrics_of(data: UnpairedRain) -> NoReferenceMetrics:
    """Return our refit of NIQE, which ships with the package, for the embedded data, else the releases on the data root.

    FileNotFoundError says how to get the released files.  Refit and release are on different scales.
    """
    if data.name == "embedded":
        return NoReferenceMetrics(niqe_parameters("refit"), None)
    return NoReferenceMetrics(niqe_parameters("release"), brisque_model())


def real_sets(data: UnpairedRain) -> tuple[str, ...]:
    """Return the sets of photos that belong to the training data; FileNotFoundError if one of them is missing."""
    if data.name == "embedded":
        return (STAND_IN,)
    for name in REAL_SETS:
        _entries(name)
    return tuple(REAL_SETS)


def photos(test_set: str, data: UnpairedRain) -> Iterator[tuple[str, Image]]:
    """Yield name and image of each rainy photo, in order, at its original size."""
    if test_set == STAND_IN:
        return ((pair.name, pair.rainy) for pair in data.held_out)
    return ((entry.name, layouts.read(entry)[0]) for entry in _entries(test_set))


def names(test_set: str, data: UnpairedRain) -> list[str]:
    """Return the names of `photos`, without reading an image."""
    return [part.name for part in (data.held_out if test_set == STAND_IN else _entries(test_set))]


def _entries(test_set: str) -> tuple[layouts.Entry, ...]:
    benchmark, split = registry.lookup(REAL_SETS.get(test_set, test_set))
    try:
        listing = split.listing()
    except FileNotFoundError as error:
        raise FileNotFoundError(benchmark.missing(str(error))) from error
    if listing.problems or len(listing.entries) != split.count:
        raise ValueError(f"{listing.folder}: expected {split.count} photos, found {len(listing.entries)} {listing.problems}")
    kept = real147()[1] if test_set == KEPT else {entry.name for entry in listing.entries}
    return tuple(entry for entry in listing.entries if entry.name in kept)


def quality_of_run(run: Run, test_set: str, data: UnpairedRain) -> pd.DataFrame:
    """Score a run on a set of photos, image by image; the table is kept in the run folder, so it is computed once."""
    def measure() -> pd.DataFrame:
        network = run.network()
        return quality(((name, derained(network, image)) for name, image in photos(test_set, data)), metrics_of(data))

    table = run.kept(f"scores-{test_set}", measure, rows_of(lambda: names(test_set, data)))
    return table.assign(method=run.label, seed=run.seed, test_set=test_set)


def quality_of_model(model: str, test_set: str, settings: Settings) -> pd.DataFrame | None:
    """Score a named network on a set of photos, image by image; None if its weights are absent."""

    def measure() -> pd.DataFrame:
        network = load_model(model).to(device())
        outputs = ((name, derained(network, image)) for name, image in photos(test_set, settings.data))
        return quality(outputs, metrics_of(settings.data))

    table = kept_table(model, test_set, settings, measure, rows_of(lambda: names(test_set, settings.data)))
    return None if table is None else table.assign(method=model, seed=FIXED, test_set=test_set)


def quality_of_input(test_set: str, data: UnpairedRain, blur: float = 0.0) -> pd.DataFrame:
    """Score the unprocessed photos, or the photos under a Gaussian blur of standard deviation `blur`, in pixels."""
    images = ((name, blurred(image, blur) if blur else image) for name, image in photos(test_set, data))
    return quality(images, metrics_of(data)).assign(method=CONTROL if blur else "input", seed=FIXED, test_set=test_set)


def quality(images: Iterable[tuple[str, Image]], measured_by: NoReferenceMetrics) -> pd.DataFrame:
    """Score 8-bit images: columns image, niqe, brisque; ValueError names the image that cannot be measured."""
    rows = []
    for name, image in images:
        try:
            rows.append((name, *measured_by.measure(image)))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    return pd.DataFrame(rows, columns=["image", *measured_by.metrics])


def blurred(image: Image, deviation: float) -> Image:
    """Blur an image with a Gaussian of this standard deviation in pixels; the result is rounded to 8 bits."""
    return np.floor(gaussian_filter(image.astype(np.float64), (deviation, deviation, 0)) + 0.5).astype(np.uint8)


def derained(network: nn.Module, image: Image) -> Image:
    """Derain an image; the output is rounded to 8 bits."""
    return quantise(derain(network, image), "round")
