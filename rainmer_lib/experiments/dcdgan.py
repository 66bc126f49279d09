"""Rows that each notebook of DCD-GAN compares."""

from collections.abc import Mapping
from typing import Any

from rainmer_lib.experiments.experiment import Experiment, Row, row_of
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.methods import METHODS

DCDGAN = METHODS["dcdgan"]

# Notebook -> label of a row -> the fields of the configuration that it changes
ABLATIONS: dict[str, dict[str, dict[str, Any]]] = {
    "train_dcdgan": {"full": {}},
    # Table 4
    "ablation_losses": {
        "without contrastive": {"contrastive_weight": 0.0},
        "without colour": {"colour_weight": 0.0},
        "plain cycle instead of colour": {"colour_weight": 0.0, "plain_cycle_weight": 1.0},
        "without adversarial": {"adversarial_weight": 0.0},
        "without frequency": {"frequency_weight": 0.0},
        "full": {},
    },
    # Table 5
    "ablation_negatives": {"internal": {"negatives": "internal"}, "external": {"negatives": "external"}, "both": {}},
    # Table 6: without the backward cycle there is no rain-added image, hence no external negatives
    "ablation_backward_cycle": {"without backward cycle": {"backward_cycle": False, "negatives": "internal"}, "full": {}},
    # Fig. 3
    "feature_space": {"without contrastive": {"contrastive_weight": 0.0}, "full": {}},
}
# Training runs of each row, where they are not as many as the profile says: five for the paper's tables; at quick one notebook
# shows means and spreads
FIVE = {"laptop": 5, "paper": 5}
SEEDS: Mapping[str, Mapping[str, int]] = {
    "ablation_losses": FIVE, "ablation_negatives": FIVE | {"quick": 2}, "ablation_backward_cycle": FIVE, "feature_space": FIVE,
}  # fmt: skip
REHEARSALS = 2  # updates of `derain` a step on its own rain, in the rows of `self_training`
UNPAIRED_METHODS = ("cyclegan", "cut", "dclgan", "dcdgan")


def _ablation(notebook: str, profile: Profile) -> dict[str, Row]:
    return {label: row_of(DCDGAN, profile, **changes) for label, changes in ABLATIONS[notebook].items()}


def _unpaired(profile: Profile) -> dict[str, Row]:
    return {METHODS[name].title: row_of(METHODS[name], profile) for name in UNPAIRED_METHODS}


def _paper_versus_code(profile: Profile) -> dict[str, Row]:
    return {"released": row_of(DCDGAN, profile, "released"), "paper": row_of(DCDGAN, profile)}


def _self_training(profile: Profile) -> dict[str, Row]:
    """Return CycleGAN and DCD-GAN, each without and with self-training, which nothing else distinguishes."""
    size = {"rehearsals": REHEARSALS}
    methods = (METHODS["cyclegan"], DCDGAN)
    return {
        f"{method.title}{addition}": row_of(method, profile, **changes)
        for method in methods
        for addition, changes in {"": {}, ", self-trained": size}.items()
    }


def _test_sets(profile: Profile) -> tuple[str, ...]:
    return profile.test_sets


def _experiment(rows, seeds: Mapping[str, int] | None = None) -> Experiment:
    return Experiment(rows, DCDGAN.data, _test_sets, seeds or {})


EXPERIMENTS: Mapping[str, Experiment] = {
    **{
        name: _experiment(
            lambda profile, name=name: _ablation(name, profile),
            SEEDS.get(name),
        )
        for name in ABLATIONS
    },
    "closely_related": _experiment(_unpaired),  # Fig. 11
    "paper_versus_code": _experiment(_paper_versus_code),
    "self_training": _experiment(_self_training),
}
