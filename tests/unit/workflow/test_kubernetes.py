"""What Snakemake calls on a Kubernetes cluster.  `kubectl` is stood in for: there is no cluster here."""

import json
import sys
from pathlib import Path

import pytest
import yaml

from rainmer_lib.workflow import kubernetes


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A `kubectl` that keeps its words and what it is given, and answers what a test says."""
    command = tmp_path / "bin" / "kubectl"
    command.parent.mkdir()
    keep = f'echo "$@" > {tmp_path}/words\n[ "$1" = create ] && cat > {tmp_path}/given\n'
    command.write_text(f"#!/bin/sh\n{keep}cat {tmp_path}/answer\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:/usr/bin:/bin")
    return tmp_path


def test_a_job_is_created_with_its_script_and_what_it_needs(cluster, monkeypatch):
    monkeypatch.setenv("RAINMER_RUNS", "/shared/runs")
    monkeypatch.delenv("RAINMER_DATA", raising=False)
    (cluster / "answer").write_text("job.batch/rainmer-x7k\n")
    assert kubernetes.submit("16000", "1", "/shared/runs/script.sh") == "job.batch/rainmer-x7k"
    assert (cluster / "words").read_text().split() == ["create", "-f", "-", "-o", "name"]
    job = json.loads((cluster / "given").read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["command"] == ["bash", "/shared/runs/script.sh"]
    assert container["resources"]["limits"] == {"memory": "16000Mi", "nvidia.com/gpu": 1} == container["resources"]["requests"]
    variables = {entry["name"]: entry["value"] for entry in container["env"]}
    assert variables["RAINMER_RUNS"] == "/shared/runs" and "RAINMER_DATA" not in variables
    assert container["workingDir"] == str(Path.cwd()) and job["spec"]["backoffLimit"] == 0
    (template,) = yaml.safe_load(kubernetes.TEMPLATE.read_text())["spec"]["template"]["spec"]["containers"]
    assert container["image"] == template["image"] and container["volumeMounts"] == template["volumeMounts"]


def test_a_job_without_a_card_asks_for_none():
    (container,) = kubernetes.manifest("a.sh", 4000, 0)["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"] == {"memory": "4000Mi"}


@pytest.mark.parametrize(("state", "expected"), [
    ({}, "running"), ({"active": 1}, "running"), ({"succeeded": 1}, "success"), ({"failed": 1}, "failed"),
])  # fmt: skip
def test_the_state_of_a_job(cluster, state, expected):
    (cluster / "answer").write_text(json.dumps({"status": state}))
    assert kubernetes.status("job.batch/rainmer-x7k") == expected
    assert (cluster / "words").read_text().split() == ["get", "job.batch/rainmer-x7k", "-o", "json"]


def test_jobs_are_deleted(cluster):
    (cluster / "answer").touch()
    kubernetes.cancel("job.batch/a", "job.batch/b")
    assert (cluster / "words").read_text().split() == ["delete", "--ignore-not-found", "job.batch/a", "job.batch/b"]


def test_snakemake_calls_this_environment():
    calls = kubernetes.OPTIONS[1::2]
    assert all(call.startswith(f"{sys.executable} -m rainmer_lib.workflow.kubernetes ") for call in calls)
    assert [call.split()[3] for call in calls] == ["submit", "status", "cancel"]
