"""Every walkthrough runs, and its checked cells print what is stored."""

import pytest
from nbval_runs import NOTEBOOKS, WALKTHROUGHS, run_nbval


@pytest.mark.slow
@pytest.mark.parametrize("name", WALKTHROUGHS)
def test_nbval(name, shared_runs, tmp_path):
    run_nbval(NOTEBOOKS / "walkthroughs" / f"{name}.ipynb", shared_runs, tmp_path)
