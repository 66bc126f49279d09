"""Profiles: four sizes, of which the smallest keeps no runs."""

import pytest

from rainmer_lib.data.test_sets import BENCHMARKS
from rainmer_lib.data.unpaired import SOURCES
from rainmer_lib.experiments.profiles import PROFILES, profile


def test_four_profiles_from_small_to_large():
    assert list(PROFILES) == ["quick", "laptop", "gpu", "paper"] and all(profile(name).name == name for name in PROFILES)
    assert not PROFILES["quick"].keeps_runs and PROFILES["laptop"].keeps_runs and PROFILES["paper"].keeps_runs
    for size in PROFILES.values():
        assert size.data in SOURCES and size.seeds >= 1 and not size.minutes
        assert set(size.test_sets) <= {"held-out", *BENCHMARKS}
    assert PROFILES["quick"].test_sets == ("held-out",), "where only the embedded photos are"


def test_another_name_is_answered_with_those_that_there_are():
    with pytest.raises(ValueError, match="profile 'huge': choose one of quick, laptop, gpu, paper"):
        profile("huge")
