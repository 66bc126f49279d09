"""One folder of runs for all notebooks and all processes of the tests: what several notebooks compare is trained once."""

import os

import pytest


@pytest.fixture
def shared_runs(tmp_path_factory, monkeypatch, away_from_the_repository):
    base = tmp_path_factory.getbasetemp()  # of a worker, inside that of the session
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "notebook-runs"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("RAINMER_RUNS", str(folder))
