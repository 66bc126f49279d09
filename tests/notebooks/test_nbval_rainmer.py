"""Every result notebook of Rainmer runs, and its checked cells print what is stored."""

import pytest
from nbval_runs import NOTEBOOKS, RESULTS, run_nbval

RAINMER = [name for name in RESULTS if "rainmer" in name or name == "all_in_one"]


@pytest.mark.slow
@pytest.mark.parametrize("name", RAINMER)
def test_nbval(name, shared_runs, tmp_path):
    run_nbval(NOTEBOOKS / f"{name}.ipynb", shared_runs, tmp_path)
