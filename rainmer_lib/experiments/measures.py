"""Comparisons by other measures than PSNR and SSIM, where more or where less is better: runs, their table, and verdicts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from rainmer_lib.claims.over_seeds import check_order
from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.translation import Generator
from rainmer_lib.experiments.compare import Comparison, Run, train_run
from rainmer_lib.workflow.parameters import Settings


class Measured(Comparison):
    """Finished runs and a table of measures of them: a row for each method and seed, and for what else it tells apart."""

    def means(self) -> pd.DataFrame:
        """The table as it is."""
        return self.scores


def train_all(methods: Mapping[str, DCDGANConfig], settings: Settings, say: Callable[[str], None] = print) -> list[Run]:
    """The runs of a comparison, trained or found, without scores of images."""
    return [
        train_run(method, replace(config, seed=seed), settings.data, settings.profile, say)
        for seed in range(settings.seeds)
        for method, config in methods.items()
    ]


def measured(runs: Sequence[Run], table: pd.DataFrame, settings: Settings, test_sets: Sequence[str]) -> Measured:
    """Runs and their measures on these sets, ready for `records.save_results`."""
    return Measured(list(runs), table, replace(settings, test_sets=tuple(test_sets)))


def networks_of(runs: Sequence[Run]) -> dict[tuple[str, int], Generator]:
    """The derain network of each run, by (method, seed)."""
    return {(run.method, run.seed): run.generator() for run in runs}


def check_measures(
    table: pd.DataFrame, better: str, others: Sequence[str], signs: Mapping[str, int], within: str
) -> pd.DataFrame:
    """Is one method better than each of the others by each measure?  `check_order` for each value of the column `within`.

    `table` has a row for each method, seed and value of `within` (a layer, a test set).  `signs`: 1 for a measure of which
    more is claimed, -1 where less is.  `difference` is sign (better - worse).  Columns `within`, measure, then those of
    `check_order`.  ValueError on another sign, and on a method that the table lacks.
    """
    if set(signs.values()) - {1, -1}:
        raise ValueError(f"signs {dict(signs)}: expected 1 (more is better) or -1 (less is)")
    if missing := [method for method in (better, *others) if method not in set(table.method)]:
        raise ValueError(f"no rows of {', '.join(missing)}; there are {', '.join(dict.fromkeys(table.method))}")
    parts = []
    for place, rows in table.groupby(within, sort=False):
        for measure, sign in signs.items():
            signed = rows.assign(**{measure: sign * rows[measure]})
            for other in others:
                part = check_order(signed, [better, other], measure)
                part.insert(0, within, place)
                part.insert(1, "measure", measure)
                parts.append(part)
    return pd.concat(parts, ignore_index=True)
