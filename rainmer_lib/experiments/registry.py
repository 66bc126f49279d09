"""Registry of experiments by name: the notebook's name, with a suffix for a second experiment of the same notebook."""

from collections.abc import Mapping

from rainmer_lib.experiments import all_in_one, dcdgan, rainmer, table1
from rainmer_lib.experiments.experiment import Experiment, Rows
from rainmer_lib.experiments.profiles import Profile

# Runs are looked up by key in this order; Rainmer comes last, because the key of its data requires rendering
EXPERIMENTS: Mapping[str, Experiment] = {
    **dcdgan.EXPERIMENTS, **table1.EXPERIMENTS, **all_in_one.EXPERIMENTS, **rainmer.EXPERIMENTS,
}  # fmt: skip


def rows(name: str, profile: Profile) -> Rows:
    """Return the rows of an experiment at a profile's size."""
    return EXPERIMENTS[name].rows(profile)


def notebook_of(name: str) -> str:
    """Return the notebook of an experiment."""
    return name.partition("-")[0]
