"""Every experiment by name: its notebook, and rows that can be built at every profile."""

import pytest

from rainmer_lib import paths
from rainmer_lib.experiments.profiles import PROFILES, profile
from rainmer_lib.experiments.registry import EXPERIMENTS, notebook_of, rows
from rainmer_lib.methods import METHODS


def test_every_experiment_has_its_notebook():
    assert notebook_of("application") == notebook_of("application-rainmer") == "application"
    for name in EXPERIMENTS:
        assert (paths.REPOSITORY / "notebooks" / f"{notebook_of(name)}.ipynb").is_file(), name
    assert len({EXPERIMENTS[name].data for name in ("application", "application-rainmer")}) == 2


def test_whoever_renders_to_name_its_data_comes_last():
    """The run of a key is looked for in this order."""
    of = {name: next(iter(rows(name, profile("quick")).values())).method for name in EXPERIMENTS}
    assert [name for name, method in of.items() if method.data is EXPERIMENTS[name].data][-1] == list(EXPERIMENTS)[-1]
    kinds = list(dict.fromkeys(experiment.data for experiment in EXPERIMENTS.values()))
    assert kinds[0] is METHODS["dcdgan"].data and kinds[-1] is METHODS["rainmer"].data and len(kinds) == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_rows_are_methods_of_ours_at_the_profiles_size_and_test_sets_are_named_once(name):
    for size in PROFILES.values():
        for label, row in rows(name, size).items():
            assert row.method is METHODS[row.method.name] and isinstance(row.config, row.method.config), label
            assert row.config.seed == 0, "the seed is the run's"
        sets = EXPERIMENTS[name].test_sets(size)
        assert sets and len(set(sets)) == len(sets)
