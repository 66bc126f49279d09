"""The systems of DCD-GAN's Table 1, by kind, each trained here on one training set with the same budget of processor time.

Four notebooks compare them: `benchmarks` all, `real_world`, `cross_domain` and `application` those that `COMPARED` names.
"""

from collections.abc import Mapping
from functools import partial
from itertools import product
from typing import Any

import pandas as pd

from rainmer_lib.claims.over_images import paired_tests
from rainmer_lib.claims.over_seeds import check_best, check_pairs, each_seed
from rainmer_lib.experiments import fixed_methods
from rainmer_lib.experiments.compare import Comparison
from rainmer_lib.experiments.dcdgan import DCDGAN
from rainmer_lib.experiments.experiment import Experiment, Row, Rows, row_of
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.experiments.settings import Settings
from rainmer_lib.methods import METHODS

OURS = DCDGAN.title
# In the order of the paper's table; PReNet and its relatives, the generator with pairs, CUT and DCLGAN are not in it
NAMES = (
    "dsc", "gmm", "ddn", "did_mdn", "rescan", "spanet", "prenet", "prn", "prenet_r", "prn_r", "brn", "paired_generator",
    "sirr", "syn2real", "cyclegan", "cut", "dclgan", "derain_cyclegan", "layer_gan", "dcdgan",
)  # fmt: skip
VARYING = ("cyclegan", "cut", "dclgan", "dcdgan")  # trained against discriminators, with DCD-GAN's own networks
RELATIVES = ("prn", "prenet_r", "prn_r", "brn")  # of PReNet, which stands for them elsewhere
PRIORS, SUPERVISED, SEMI_SUPERVISED = ("dsc", "gmm"), ("ddn", "did_mdn", "rescan", "spanet"), ("sirr", "syn2real")
SLOW = (*PRIORS, "did_mdn", "derain_cyclegan")  # take longest for a photo, the priors up to half a minute for a megapixel
# Notebook -> its rows, in this order.  Table 3 names the paper's rows on real photos, to which CUT and DCLGAN are added
COMPARED = {
    "benchmarks": NAMES,
    "real_world": ("rescan", "spanet", *SEMI_SUPERVISED, *VARYING),
    "cross_domain": (*SUPERVISED, "paired_generator", *SEMI_SUPERVISED, *VARYING),
    "application": tuple(name for name in NAMES if name not in (*SLOW, *RELATIVES)),
}
# The generator with pairs elsewhere has the steps of DCD-GAN, which take it an eighth of the time
STEPS = {"laptop": {"benchmarks": 10_000, "application": 10_000}}
OTHERS = tuple(name for name in NAMES if name not in VARYING)
# Rows with one run; the others have as many as the profile has seeds.  An image under a prior takes seconds, and a fit without
# gradients hardly depends on its seed.  At quick all compared systems show that they run.
SINGLE = {"quick": OTHERS}
# Notebooks in which every compared system has one run at laptop: its outputs there take minutes
ONCE = ("real_world", "application")


def rows(notebook: str, profile: Profile) -> Rows:
    """Return a row for each system that a notebook compares, by its name in tables."""
    return {METHODS[name].title: _row(notebook, name, profile) for name in COMPARED[notebook]}


def _row(notebook: str, name: str, profile: Profile) -> Row:
    method, steps = METHODS[name], STEPS.get(profile.name, {}).get(notebook) if name == "paired_generator" else None
    row = row_of(method, profile, **({"steps": steps} if steps else {}))
    data = partial(_data_of, method.data, profile.name)
    single = OTHERS if notebook in ONCE and profile.name == "laptop" else SINGLE.get(profile.name, PRIORS)
    return Row(method, row.config, row.changes, data, method.kind, runs=int(name in single))


def _data_of(make: Any, profile: str, source: Any, keep: bool = True) -> Any:
    return make(source, profile, keep)


def trainable(compared: Rows, settings: Settings, say=print) -> dict[str, Row]:
    """Return the rows whose training data can be made of the settings' data; `say` tells which are left out, and why.

    Photos of one's own may have no clean partners, and real rainy photos may be missing.
    """
    found = {}
    for label, row in compared.items():
        try:
            row.data(settings.data, keep=False).batch(0, 1, row.config.crop, 0)
        except (ValueError, FileNotFoundError) as error:
            say(f"{label}: left out. {error}")
        else:
            found[label] = row
    return found


def number_of_runs(compared: Rows, settings: Settings) -> int:
    """Return the number of training runs of a comparison."""
    return sum(len(row.seeds(settings.seeds)) for row in compared.values())


def kinds(compared: Rows) -> dict[str, list[str]]:
    """Return the labels of each kind, in the table's order."""
    found: dict[str, list[str]] = {}
    for label, row in compared.items():
        found.setdefault(row.method.kind, []).append(label)
    return found


def one_of_each_kind(compared: Rows) -> set[str]:
    """Return the labels of the first row of each kind, and DCD-GAN, for a picture that has no place for all."""
    return {labels[0] for labels in kinds(compared).values()} | {OURS}


def check_claims(means: pd.DataFrame, compared: Rows, protocol: str = "prenet") -> pd.DataFrame:
    """Test whether DCD-GAN is better than each other row and than PReNet's authors' weights.

    Then whether supervised rows are better than semi-supervised ones, run against run: where both have one, there is no
    verdict over seeds.  What each keeps of its gain on other test sets is a claim of `cross_domain`.  Columns test_set, metric,
    then those of `claims.over_seeds.check_order`.
    """
    chosen = means[means.method.isin(list(compared))]
    parts = [
        check_best(each_seed(chosen), OURS, [label for label in compared if label != OURS], protocol),
        *(check_pairs(chosen, [pair], protocol) for pair in _across(compared)),  # none without semi-supervised rows
        fixed_methods.check_against_fixed(means, OURS, fixed_methods.PRENET, protocol),
    ]
    return pd.concat(parts, ignore_index=True)


def check_images(comparison: Comparison, compared: Rows, protocol: str = "prenet") -> pd.DataFrame:
    """Test over images whether DCD-GAN is better than each other method, but `dcdgan-small`, which is DCD-GAN itself.

    Then whether supervised rows are better than semi-supervised ones.  Columns are those of `claims.over_images.paired_test`.
    """
    others = [name for name in dict.fromkeys(comparison.scores.method) if name not in ("input", OURS, "dcdgan-small")]
    return paired_tests(comparison.scores, [(OURS, name) for name in others] + _across(compared), protocol)


def _across(compared: Rows) -> list[tuple[str, str]]:
    """Return every supervised row with every semi-supervised one."""
    of_kind = kinds(compared)
    return list(product(of_kind.get("supervised", []), of_kind.get("semi-supervised", [])))


EXPERIMENTS: Mapping[str, Experiment] = {
    name: Experiment(partial(rows, name), DCDGAN.data, lambda profile: profile.test_sets) for name in COMPARED
}
