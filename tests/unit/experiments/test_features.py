"""Measures of features stand beside the runs: measured once for the same images, and without weights ever after."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from rainmer_lib.analysis import feature_maps, prompt_maps, view_maps
from rainmer_lib.experiments import features
from rainmer_lib.experiments.features import feature_table, gate_table, view_table
from rainmer_lib.methods import METHODS
from rainmer_lib.rainmer.model import Rainmer

RAINMER = METHODS["rainmer"]


@pytest.fixture
def two_runs(given_run, micro):
    """Two runs of Rainmer with untrained networks, which differ from their initial weights by their seeds."""

    def run(seed):
        torch.manual_seed(seed + 7)
        config = replace(micro, seed=seed)
        return replace(given_run("full", seed, RAINMER.network(config).eval()), config=config, method=RAINMER)

    return [run(seed) for seed in (0, 1)]


def test_features_are_measured_once_for_the_same_scenes(given_run, monkeypatch):
    runs = [given_run(label, 0, label) for label in ("a", "b")]
    monkeypatch.setattr(feature_maps, "embed", lambda networks, scenes: networks)
    monkeypatch.setattr(feature_maps, "measures", lambda networks: pd.DataFrame(
        [(label, seed, "down1", len(network)) for (label, seed), network in networks.items()],
        columns=["method", "seed", "tap", "size"]))  # fmt: skip
    image = np.zeros((4, 4, 3), np.uint8)
    scenes, others = (SimpleNamespace(rainy=[image + k], clean=[image]) for k in (0, 1))
    table = feature_table(runs, scenes)
    assert table.to_numpy().tolist() == [["a", 0, "down1", 1], ["b", 0, "down1", 1]]
    assert feature_table(runs, scenes).equals(table) and [len(run.asked) for run in runs] == [1, 1]
    assert feature_table([replace(runs[0], label="renamed")], scenes).method.tolist() == ["renamed"]
    feature_table(runs, others)
    assert [len(run.asked) for run in runs] == [2, 2]


def test_views_are_measured_beside_their_initial_weights(two_runs, monkeypatch):
    rng = torch.Generator().manual_seed(0)
    scenes = SimpleNamespace(whole=torch.rand(2, 3, 16, 16, generator=rng))
    monkeypatch.setattr(view_maps, "points_of", lambda trained, scenes: trained)
    monkeypatch.setattr(view_maps, "measures_of", lambda trained, scenes: pd.DataFrame(
        [(view, seed, config.seed) for view in ("detail", "pixels") for seed, (config, network) in trained.items()],
        columns=["view", "seed", "value"]))  # fmt: skip
    table = view_table(two_runs, scenes)
    assert table.to_numpy().tolist() == [["detail", 0, 0], ["detail", 1, 1], ["pixels", 0, 0], ["pixels", 1, 1]], "view by view"
    assert view_table(two_runs, scenes).equals(table) and [len(run.asked) for run in two_runs] == [1, 1]


@pytest.mark.slow
def test_gates_are_means_over_the_runs(two_runs):
    images = [torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(k)) for k in range(2)]
    table = gate_table(two_runs, images)
    pairs = [{"untrained": [Rainmer(run.config).derain], "trained": [run.given]} for run in two_runs]
    one, two = (prompt_maps.gate_spread(networks, images) for networks in pairs)
    pd.testing.assert_frame_equal(table, (one + two) / 2, atol=1e-5, check_names=False, check_dtype=False)
    again = [replace(run, given=None) for run in two_runs]
    pd.testing.assert_frame_equal(gate_table(again, images), table)
    assert len(list(two_runs[0].folder.path.glob("measures-gates-*.csv"))) == 1
    with pytest.raises(AttributeError):
        gate_table(again, [images[0], images[0]])


def test_other_images_have_another_name():
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert features._digest(image) == features._digest(image.copy()) != features._digest(image + 1)
