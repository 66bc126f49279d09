"""Keys of runs and names of parameters change on purpose, and never by a refactoring.

A key names recorded runs, a parameter's name is in every file of weights.  Whoever changes one on purpose raises the method's
version where numbers change, says so in CHANGELOG.md, and writes golden.json anew: `python tests/unit/test_golden.py`.
What is new is held from then on.
"""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.experiments.registry import EXPERIMENTS
from rainmer_lib.methods import METHODS

GOLDEN = Path(__file__).with_name("golden.json")


def parameters(method):
    """Sixteen digits of the names and shapes of the network at the paper's size; nothing is allocated."""
    with torch.device("meta"):
        state = METHODS[method].network(METHODS[method].config()).state_dict()
    shapes = sorted((name, tuple(value.shape)) for name, value in state.items())
    return hashlib.sha256(json.dumps(shapes).encode()).hexdigest()[:16]


def keys(experiment):
    """The key of each row at each profile, on data of the fingerprint `data`."""
    return {
        f"{profile.name}: {label}": row.method.identity(row.config, "data").key
        for profile in PROFILES.values()
        for label, row in EXPERIMENTS[experiment].rows(profile).items()
    }


def present():
    return {
        "parameters": {name: parameters(name) for name in METHODS},
        "keys": {name: keys(name) for name in EXPERIMENTS},
    }


STORED = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {"parameters": {}, "keys": {}}


@pytest.mark.parametrize("method", STORED["parameters"])
def test_the_parameters_have_their_names_and_shapes(method):
    assert STORED["parameters"][method] == parameters(method)


@pytest.mark.parametrize("experiment", STORED["keys"])
def test_the_runs_have_their_keys(experiment):
    assert STORED["keys"][experiment] == keys(experiment)


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(present(), indent=1, sort_keys=True) + "\n")
