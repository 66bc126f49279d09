"""One folder of runs for all notebooks and all processes of the tests, and kernels that start with their imports done."""

import os

import forked_kernels
import pytest


@pytest.fixture(scope="session")
def folder_of_runs(tmp_path_factory):
    """What several notebooks compare is trained once."""
    base = tmp_path_factory.getbasetemp()  # of a worker, inside that of the session
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "notebook-runs"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def shared_runs(folder_of_runs, monkeypatch, away_from_the_repository):
    monkeypatch.setenv("RAINMER_RUNS", str(folder_of_runs))


@pytest.fixture(autouse=True)
def forked(monkeypatch):
    monkeypatch.setattr("jupyter_client.provisioning.local_provisioner.launch_kernel", forked_kernels.launch)
