"""Rows of Rainmer's notebooks: ablated configurations, some of them as large as the full model."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rainmer_lib.experiments.experiment import Row, parameters_of, row_of
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.methods import METHODS
from rainmer_lib.rainmer.aligned import AlignedRain
from rainmer_lib.rainmer.config import RainmerConfig, released

RAINMER = METHODS["rainmer"]
BACKBONE = {"views": (), "interaction": False}
# Fields of `released` that are valid at every size; its detail_negatives="crop" needs whole images of the crop's size
RELEASED = ("topk", "positives", "flips", "weight_decay", "encoder_weight_decay", "clip_scope")

# Notebook -> label of a row -> the fields of the configuration that it changes
ROWS: dict[str, dict[str, dict[str, Any]]] = {
    "train_rainmer": {"full": {}},
    "rainmer_representations": {"full": {}},
    "application-rainmer": {"full": {}},
    "rainmer_benchmarks": {"backbone alone": BACKBONE, "full": {}},
    "rainmer_ablations": {
        "full": {},
        "backbone alone": BACKBONE,
        "backbone alone, as large": BACKBONE,
        "without illumination": {"views": ("degradation", "detail")},
        "without degradation and detail": {"views": ("illumination",)},
        "without prompts": {"prompts": False},  # the views are still trained, by contrast; their stem serves the interaction
        "without interaction": {"interaction": False},
        "prompts summed": {"prompt_weighting": "sum"},
        "prompts weighted by degradation": {"prompt_weighting": "degradation"},
        "prompts behind the attention": {"prompt_placement": "residual"},
        "chained top-k": {"topk": "chained"},
        "released choices": {name: getattr(released, name) for name in RELEASED},
        "without alignment": {},  # other data, see UNALIGNED
    },
}

# Switching off a part removes its parameters; these rows get a wider feed-forward network in exchange.  (The authors' ablations
# keep the unused branches instead: the parameter counts agree, the networks that compute do not.)
AS_LARGE = (
    "backbone alone, as large", "without illumination", "without degradation and detail", "without prompts",
    "without interaction",
)  # fmt: skip
# Profile -> rows with one training run: the backbone has three in `rainmer_benchmarks`, the others vary how a part works
ONE_RUN = {
    "laptop": (
        "backbone alone", "prompts summed", "prompts weighted by degradation", "prompts behind the attention",
        "chained top-k", "released choices",
    )
}  # fmt: skip
# Rows trained on as many night pairs, drawn at random (`AlignedRain.unaligned`)
UNALIGNED = ("without alignment",)


def rows(notebook: str, profile: Profile, steps: int = 0) -> Mapping[str, Row]:
    """Return the rows of a notebook at a profile's size, those of AS_LARGE with as many parameters as the full model.

    `steps` replaces the number of training steps, 0 keeps it; ValueError on a number that a configuration rejects.
    """
    shared = {"steps": steps} if steps else {}
    full = RAINMER.at(profile.name, **shared)
    found = {}
    for label, changes in ROWS[notebook].items():
        row = replace(row_of(RAINMER, profile, **changes | shared), changes=changes)
        if notebook == "rainmer_ablations" and label in ONE_RUN.get(profile.name, ()):
            row = replace(row, runs=1)
        if label in AS_LARGE:
            config = as_large(row.config, full)
            row = replace(row, config=config, changes=changes | {"expansion": config.expansion})
        found[label] = replace(row, data=unaligned, remark="night pairs drawn at random") if label in UNALIGNED else row
    return found


def unaligned(data: AlignedRain, keep: bool = True) -> AlignedRain:
    """Return the same domains without alignment: as many night pairs, drawn at random."""
    return data.unaligned(keep)


def as_large(config: RainmerConfig, full: RainmerConfig) -> RainmerConfig:
    """Widen the feed-forward network of every block of `config` until it has as many parameters as `full`.

    The parameter count is linear in `expansion`, up to the rounding of channels; with `expansion` in hundredths, the remaining
    difference is below half a percent.  ValueError if `config` has more parameters than `full`: nothing was switched off.
    """
    here, wanted = parameters_of(RAINMER, config), parameters_of(RAINMER, full)
    if here > wanted:
        raise ValueError(f"the configuration has {here:,} parameters, more than the {wanted:,} of the full model")
    slope = (parameters_of(RAINMER, replace(config, expansion=2 * config.expansion)) - here) / config.expansion
    return replace(config, expansion=round(config.expansion + (wanted - here) / slope, 2))
