"""Profiles: the scale at which an experiment runs, quick (default), laptop, gpu or paper.

A profile's changes to a method's configuration are defined by the method (`Method.sizes`).
"""

from dataclasses import dataclass

BENCHMARKS = ("rain100l", "rain100h", "rain12", "raincityscapes60")


@dataclass(frozen=True)
class Profile:
    """Data, seeds and test sets of an experiment.

    `keeps_runs`: finished runs are recorded under results/<profile>/runs and found there again, so that nobody has to
    train them twice; at `quick` everything is trained each time.  `photos`: rainy photos of a training set that was chosen in
    place of `data`, over which a method's epochs are counted; 0 for the profile's own.  `minutes`: if above 0, the
    budget of each training run (`training.budget`) in place of that of its method's size.
    """

    name: str
    data: str
    seeds: int
    test_sets: tuple[str, ...]
    keeps_runs: bool = True
    photos: int = 0
    minutes: float = 0.0


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("quick", data="embedded", seeds=1, test_sets=("held-out",), keeps_runs=False),
        Profile("laptop", data="bsd-streaks", seeds=3, test_sets=("held-out", *BENCHMARKS)),
        Profile("gpu", data="bsd-streaks", seeds=1, test_sets=("held-out", *BENCHMARKS)),
        Profile("paper", data="bsd-streaks", seeds=3, test_sets=("held-out", *BENCHMARKS)),
    )
}


def profile(name: str) -> Profile:
    """Return a profile by name; ValueError lists the names."""
    if name not in PROFILES:
        raise ValueError(f"profile {name!r}: choose one of {', '.join(PROFILES)}")
    return PROFILES[name]
