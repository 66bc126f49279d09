"""Runs whose network is given, settings at profile quick, photos and pairs."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import nn

from rainmer_lib.data import photos
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.downstream.detector import Detections
from rainmer_lib.experiments import recognition
from rainmer_lib.experiments.profiles import profile
from rainmer_lib.experiments.recognition import EvaluationSet
from rainmer_lib.experiments.runs import Run
from rainmer_lib.experiments.settings import Settings
from rainmer_lib.methods import METHODS
from rainmer_lib.networks.resnet_generator import ResNetGenerator
from rainmer_lib.training.run import RunFolder


@dataclass(frozen=True)
class GivenRun(Run):
    """A finished run whose network is given; `asked` has an entry for each time that it was asked for."""

    given: nn.Module | None = None
    asked: list = field(default_factory=list)

    def network(self):
        self.asked.append(self.label)
        return self.given


@pytest.fixture
def given_run(tmp_path):
    """Makes a run of a network, in a folder of its own."""

    def make(label, seed, network=None):
        method = METHODS["dcdgan"]
        config = method.config(seed=seed)
        return GivenRun(label, seed, config, RunFolder(tmp_path / label, method.identity(config, "data")), method, network)

    return make


@pytest.fixture
def generator():
    """A ResNet generator of four channels, untrained, ready to derain."""
    torch.manual_seed(0)
    return ResNetGenerator(4, 1, antialias=False, global_residual=True).eval()


@pytest.fixture
def quick():
    """Makes the settings of a notebook at profile quick; `asked` is its parameter seeds, of which 0 is the profile's number."""

    def make(data, test_sets=("held-out",), seeds=1, asked=0):
        given = {"profile": "quick", "data": "auto", "seeds": asked}
        return Settings(profile("quick"), data, seeds, tuple(test_sets), given)

    return make


@pytest.fixture(scope="module")
def two_crops():
    """Embedded data of two held-out crops of a photo, and nothing to train on."""
    photo = photos.load_photo("sklearn/china.jpg")
    crops = {"left": photo[100:300, :200], "right": photo[100:300, 300:500]}
    return UnpairedRain("embedded", [], [], [], [Pair(name, crop, crop) for name, crop in crops.items()], "")


@pytest.fixture
def noise_pair():
    """Makes a pair of two images of noise, 24 x 20."""

    def make(name, seed):
        rng = np.random.default_rng(seed)
        return Pair(name, *(rng.integers(0, 255, (24, 20, 3), np.uint8) for _ in range(2)))

    return make


class Brightness:
    """Takes bright images for rainy ones: log odds by hand."""

    def decision(self, images):
        return np.array([image.mean() / 50 - 2 for image in images])


def bright_corners(image):
    """A sure box where a corner is bright, a second one where the other is."""
    where = [k for k, corner in enumerate((image[:8, :8], image[-8:, -8:])) if corner.mean() > 100]
    boxes = np.array([[20.0 * k, 0, 20 * k + 10, 10] for k in where]).reshape(-1, 4)
    return Detections(boxes, np.full(len(where), 0.9), np.zeros(len(where), int))


@pytest.fixture
def street_scenes(monkeypatch):
    """Photos and street scenes of noise, looked at by `Brightness` and `bright_corners`."""
    monkeypatch.setattr(recognition, "load_probe", Brightness)
    monkeypatch.setattr(recognition, "detect", bright_corners)
    rng = np.random.default_rng(0)
    rainy = {test_set: {name: rng.integers(0, 256, (24, 20, 3), dtype=np.uint8) for name in ("x", "y", "7")}
             for test_set in ("real", "streets")}  # fmt: skip
    clean = {"streets": {name: image // 2 + 60 for name, image in rainy["streets"].items()}}
    rainy["streets"]["x"][:8, :8] = 20  # an object that the rain hides
    clean["streets"]["y"][-8:, -8:] = 20  # one that is not there
    return EvaluationSet(rainy, clean, "streets", {}, ())


@pytest.fixture
def six_runs(given_run):
    """Two methods of three seeds, each with an untrained network of its own."""

    def run(label, seed):
        torch.manual_seed(seed)
        return given_run(label, seed, ResNetGenerator(4, 1, antialias=False, global_residual=True).eval())

    return [run(label, seed) for seed in range(3) for label in ("ours", "other")]
