"""Every other notebook, DCD-GAN's results among them, runs, and its checked cells print what is stored."""

import pytest
from nbval_runs import NOTEBOOKS, RESULTS, run_nbval

OTHERS = [name for name in RESULTS if not ("rainmer" in name or name == "all_in_one")]


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_nbval(name, shared_runs, tmp_path):
    run_nbval(NOTEBOOKS / f"{name}.ipynb", shared_runs, tmp_path)
