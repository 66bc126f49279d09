"""One torch thread for every test, results and runs out of the repository, and a reason where real data are absent."""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, here and in every process that a test starts
os.environ["MPLBACKEND"] = "agg"
# No Slurm of this machine is asked: where none answers, its commands try for nine seconds, at every start of Snakemake
os.environ["SLURM_CONF"] = os.devnull

import pytest
import torch

import rainmer_lib.workflow  # noqa: F401  before nbformat, which takes two seconds longer without it
from rainmer_lib import paths

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def away_from_the_repository(tmp_path, monkeypatch):
    """Nothing that a test writes lands in runs/ or results/."""
    monkeypatch.setenv("RAINMER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("RAINMER_RESULTS", str(tmp_path / "results"))


def pytest_collection_modifyitems(items):
    """Skip what needs real images where there are none."""
    wanted = (
        "BSDS500", "GargStreaks", "Rain100L", "Rain100H", "Rain12", "RainCityscapes60", "Real147_SIRR", "MWD_rain41",
        "weights",
    )  # fmt: skip
    missing = [n for n in wanted if not (paths.data_root() / n).is_dir()]
    reason = f"real data not there ({', '.join(missing)} under {paths.data_root()}); set RAINMER_DATA"
    for item in items:
        if missing and item.get_closest_marker("data"):
            item.add_marker(pytest.mark.skip(reason=reason))
