"""Every walkthrough runs, and its checked cells print what is stored."""

import pytest
from notebook_runs import NOTEBOOKS, WALKTHROUGHS, run


@pytest.mark.slow
@pytest.mark.parametrize("name", WALKTHROUGHS)
def test_it_runs_and_prints_what_is_stored(name, shared_runs, tmp_path):
    run(NOTEBOOKS / "walkthroughs" / f"{name}.ipynb", tmp_path)
