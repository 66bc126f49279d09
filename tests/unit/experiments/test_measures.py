"""Comparisons by other measures than PSNR and SSIM: their table is the result."""

import pandas as pd

from rainmer_lib.experiments.measures import measured


def test_a_table_of_measures_is_a_comparison_on_its_own_sets(quick):
    settings = quick(None, ("held-out", "rain12"), seeds=2)
    table = pd.DataFrame({"method": ["ours"], "seed": [0], "size": [1.0]})
    found = measured(["a run"], table, settings, ["held-out"])
    assert found.settings.test_sets == ("held-out",) and found.means()["size"].tolist() == [1.0]
    assert found.runs == ["a run"] and settings.test_sets == ("held-out", "rain12")
