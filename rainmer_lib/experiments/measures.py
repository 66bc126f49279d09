"""Comparisons by measures other than PSNR and SSIM: finished runs with a table of their measures."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from rainmer_lib.experiments.compare import Comparison
from rainmer_lib.experiments.runs import Run
from rainmer_lib.experiments.settings import Settings


class Measured(Comparison):
    """Finished runs with a table of their measures: a row for each method, seed and value of any other grouping column."""

    def means(self) -> pd.DataFrame:
        """Return the table unchanged."""
        return self.scores


def measured(runs: Sequence[Run], table: pd.DataFrame, settings: Settings, test_sets: Sequence[str]) -> Measured:
    """Combine runs with their measures on these sets, ready for `records.save_results`."""
    return Measured(list(runs), table, replace(settings, test_sets=tuple(test_sets)))
