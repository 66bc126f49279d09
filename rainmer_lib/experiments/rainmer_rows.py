"""What each notebook of Rainmer compares: method -> what it changes in the configuration.  Data, not code.

Stands outside of the notebooks because runs are shared: the workflow trains each once, before the notebooks that need it.
"""

from dataclasses import replace
from functools import cache

import torch

from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.networks.blocks import parameter_count
from rainmer_lib.rainmer.config import RainmerConfig, paper, released
from rainmer_lib.rainmer.model import build_network

BACKBONE = {"views": (), "interaction": False}
# Those of `released` that every size can have: "crop" as negatives of detail asks for whole images of the crop's size
RELEASED = ("topk", "positives", "flips", "weight_decay", "encoder_weight_decay", "clip_scope")

COMPARISONS: dict[str, dict[str, dict]] = {
    "train_rainmer": {"full": {}},
    "rainmer_representations": {"full": {}},
    "application": {"full": {}},
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

# What is switched off takes its parameters along: these get a wider feed-forward network in exchange.  (The authors' ablations
# keep the unused branches instead, so that their counts agree while the networks that compute do not.)
AS_LARGE = (
    "backbone alone, as large", "without illumination", "without degradation and detail", "without prompts",
    "without interaction",
)  # fmt: skip
# Trained on as many night pairs, drawn at random (`experiment.AlignedRain.unaligned`)
UNALIGNED = ("without alignment",)


def methods(item: str, profile: Profile) -> dict[str, RainmerConfig]:
    """The configurations that a notebook compares, at a profile's size; those of AS_LARGE with the parameters of `full`."""
    base = profile.apply(paper)
    found = {name: replace(base, **changed) for name, changed in COMPARISONS[item].items()}
    return {name: as_large(config, base) if name in AS_LARGE else config for name, config in found.items()}


def described(item: str, profile: Profile) -> list[str]:
    """A line for each method: its parameters and what it changes.  What a notebook prints."""
    found, lines = methods(item, profile), []
    for name, changed in COMPARISONS[item].items():
        words = [f"{field}={value!r}" for field, value in changed.items()]
        words += [f"expansion={found[name].expansion}"] if name in AS_LARGE else []
        words += ["night pairs drawn at random"] if name in UNALIGNED else []
        lines.append(f"{name:32s} {size_of(found[name]):>10,} parameters  {', '.join(words) or 'nothing changed'}")
    return lines


def as_large(config: RainmerConfig, full: RainmerConfig) -> RainmerConfig:
    """`config` with wider feed-forward networks, which are in every block, so that it has the parameters of `full`.

    Parameters grow with `expansion` in a straight line, but for the rounding of channels; taken in hundredths, what is left is
    below half a percent.  ValueError if `config` is the larger one: nothing was taken away.
    """
    here, wanted = size_of(config), size_of(full)
    if here > wanted:
        raise ValueError(f"{here:,} parameters are more than the {wanted:,} to be reached")
    slope = (size_of(replace(config, expansion=2 * config.expansion)) - here) / config.expansion
    return replace(config, expansion=round(config.expansion + (wanted - here) / slope, 2))


@cache
def size_of(config: RainmerConfig) -> int:
    """Parameters of the network that derains; nothing is allocated."""
    with torch.device("meta"):
        return parameter_count(build_network(config))
