"""Every other notebook, DCD-GAN's results among them, runs, and its checked cells print what is stored."""

import pytest
from notebook_runs import NOTEBOOKS, RESULTS, run

OTHERS = [name for name in RESULTS if not ("rainmer" in name or name == "all_in_one")]


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_it_runs_and_prints_what_is_stored(name, shared_runs, tmp_path):
    run(NOTEBOOKS / f"{name}.ipynb", tmp_path)
