"""Sizes of Rainmer's experiments: the house's profiles with this method's fields, and how many images are rendered."""

from dataclasses import replace

from rainmer_lib.experiments import profiles
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.rainmer.config import changes, small, tiny

# `tiny` once more reduced: shows that everything runs.  The archive is full after four of the steps.
_QUICK = replace(tiny, width=4, crop=32, view_size=32, batch=2, archive=8, steps=24)
# 0.93 M parameters.  A step takes 1.1 s of one core, 0.8 s without views and interaction.
_LAPTOP = replace(small, width=12, crop=48, view_size=32, steps=900)

PROFILES: dict[str, Profile] = {
    "quick": replace(
        profiles.PROFILES["quick"], changes=changes(_QUICK), log_every=2, save_every=1000,
        duration="seconds a training run on one core",
    ),
    "laptop": replace(
        profiles.PROFILES["laptop"], changes=changes(_LAPTOP), log_every=20, save_every=100,
        duration="about 17 minutes a training run on one core",
    ),
    "paper": replace(
        profiles.PROFILES["paper"], changes={}, log_every=500, save_every=5000, duration="days a training run on a GPU",
    ),
}  # fmt: skip

# What `rainmer_ablations` takes of a profile where its many rows, three seeds each, cannot have everything: fewer steps, and of
# the benchmarks the two smallest, one without haze and one with.
ABLATION_STEPS = {"laptop": 300}
ABLATION_SETS = {"laptop": ("rain12", "raincityscapes60")}

# Rendered pairs of the smallest domain; the others have their `size` times as many (data.rendered_domains).  All that is
# trained on is kept in memory, about 1 MB a pair: 0.4 GB at laptop (the process 0.9 GB), 7 GB at paper.
IMAGES = {"quick": 16, "laptop": 120, "paper": 2000}


def sized(item: str, profile: Profile) -> Profile:
    """The profile with as many steps as the runs of a notebook have; `item` is the notebook's name."""
    steps = ABLATION_STEPS.get(profile.name) if item == "rainmer_ablations" else None
    return replace(profile, changes=profile.changes | {"steps": steps}) if steps else profile
