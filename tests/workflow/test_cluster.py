"""The pipeline on a cluster: a real Slurm, if there is one, and a dry run for Kubernetes."""

import subprocess
from shutil import which

import pytest
import small_repository
from small_repository import begun, reproduce

pytest.importorskip("snakemake")
ABSENT = "no Slurm answers here (sinfo); docs/pipeline.md says how to start one on a single machine"


@pytest.fixture
def slurm(monkeypatch):
    """The Slurm of this machine, with its settings."""
    monkeypatch.delenv("SLURM_CONF")
    if not which("sinfo") or subprocess.run(["timeout", "4", "sinfo", "-h"], capture_output=True).returncode:
        pytest.skip(ABSENT)


@pytest.mark.slow
def test_a_run_and_its_notebook_are_jobs_of_slurm(tmp_path, slurm):
    """Snakemake submits the training, waits for it, and then submits the notebook."""
    repository = small_repository.make(tmp_path / "repository")
    with open(repository / "workflow" / "profiles" / "slurm" / "config.yaml", "a") as profile:
        profile.write("slurm-init-seconds-before-status-checks: 5\n")
    code, lines, printed = reproduce(repository, tmp_path, "one", "--slurm")
    print(printed)
    assert code == 0 and lines == ["1 of 1 notebooks done", "  done     one"], printed
    assert len(begun(printed)) == 2 and (tmp_path / "results" / "tiny" / "one.csv").is_file()
    listed = ["squeue", "-h", "-t", "COMPLETED", "-o", "%i %j %T %k"]
    jobs = subprocess.run(listed, capture_output=True, text=True).stdout
    print(jobs)
    (key,) = [path.stem for path in (tmp_path / "runs" / "pipeline" / "tiny" / "runs").glob("*.json")]
    assert any("train" in job and key in job for job in jobs.splitlines())
    assert any("notebook" in job and "one" in job for job in jobs.splitlines())
