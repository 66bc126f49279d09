"""Measures of the features of finished runs, kept beside their scores, so that they outlive the weights."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from rainmer_lib.analysis import feature_maps, prompt_maps, view_maps
from rainmer_lib.experiments.runs import Run
from rainmer_lib.rainmer.model import Rainmer

GATE = ["head", "level"]  # index of `gate_table`


def feature_table(runs: Sequence[Run], scenes: feature_maps.Scenes) -> pd.DataFrame:
    """Return `feature_maps.measures` of every run on these scenes: a row for each method, seed and layer."""
    name = f"measures-features-{_digest(*scenes.rainy, *scenes.clean)}"

    def measure(run: Run) -> pd.DataFrame:
        return feature_maps.measures(feature_maps.embed({(run.label, run.seed): run.network()}, scenes))

    return pd.concat([run.kept(name, lambda run=run: measure(run)).assign(method=run.label) for run in runs], ignore_index=True)


def view_table(runs: Sequence[Run], scenes: view_maps.ViewScenes) -> pd.DataFrame:
    """Return `view_maps.measures_of` of every run, of its initial weights, and of the baseline without a network."""
    name = f"measures-views-{_digest(scenes.whole.numpy())}"

    def measure(run: Run) -> pd.DataFrame:
        return view_maps.measures_of(view_maps.points_of({run.seed: (run.config, run.network())}, scenes), scenes)

    table = pd.concat([run.kept(name, lambda run=run: measure(run)) for run in runs], ignore_index=True)
    order = {view: number for number, view in enumerate(dict.fromkeys(table["view"]))}
    return table.sort_values("view", key=lambda column: column.map(order), kind="stable", ignore_index=True)


def gate_table(runs: Sequence[Run], images: Sequence[torch.Tensor]) -> pd.DataFrame:
    """Return `prompt_maps.gate_spread` of the initial and trained networks, averaged over the runs."""
    name = f"measures-gates-{_digest(*(image.numpy() for image in images))}"

    def measure(run: Run) -> pd.DataFrame:
        networks = {"untrained": [Rainmer(run.config).derain], "trained": [run.network()]}
        spread = prompt_maps.gate_spread(networks, images)
        return spread.set_axis([": ".join(column) for column in spread.columns], axis=1).rename_axis(GATE).reset_index()

    tables = [run.kept(name, lambda run=run: measure(run)).set_index(GATE) for run in runs]
    mean = sum(tables) / len(tables)
    return mean.set_axis(pd.MultiIndex.from_tuples([tuple(column.split(": ")) for column in mean.columns]), axis=1)


def _digest(*arrays: np.ndarray) -> str:
    """Hash images to eight hexadecimal digits, which keep apart measures on different images."""
    content = hashlib.sha256()
    for array in arrays:
        content.update(np.ascontiguousarray(array).tobytes())
    return content.hexdigest()[:8]
