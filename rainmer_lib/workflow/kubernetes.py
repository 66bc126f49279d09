"""Jobs of the pipeline on Kubernetes: what Snakemake calls to submit a job, to ask for its state, and to cancel it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping

import yaml

from rainmer_lib import paths

TEMPLATE = paths.REPOSITORY / "workflow" / "profiles" / "kubernetes" / "job.yaml"
VARIABLES = ("RAINMER_RUNS", "RAINMER_RESULTS", "RAINMER_DATA", "PYTHONPATH")  # that a job takes along, where they are set
CALL = f"{sys.executable} -m rainmer_lib.workflow.kubernetes"
# Snakemake fills in the resources of a job and adds the path of its script, or the name that `submit` printed
OPTIONS = [
    "--cluster-generic-submit-cmd", CALL + " submit {resources.mem_mb} {resources.gpu}",
    "--cluster-generic-status-cmd", CALL + " status", "--cluster-generic-cancel-cmd", CALL + " cancel",
]  # fmt: skip


def manifest(script: str, mem_mb: int, cards: int, environment: Mapping[str, str] = os.environ) -> dict:
    """Return the Job that runs a script of Snakemake's, from the template of the profile."""
    job = yaml.safe_load(TEMPLATE.read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]
    limits = {"memory": f"{mem_mb}Mi"} | ({"nvidia.com/gpu": cards} if cards else {})
    container |= {
        "command": ["bash", script], "workingDir": os.getcwd(), "resources": {"requests": dict(limits), "limits": limits},
        "env": [{"name": name, "value": environment[name]} for name in VARIABLES if name in environment],
    }  # fmt: skip
    job["spec"]["template"]["spec"]["containers"] = [container]
    return job


def submit(mem_mb: str, cards: str, script: str) -> str:
    """Create a Job; return its name."""
    return _kubectl("create", "-f", "-", "-o", "name", given=json.dumps(manifest(script, int(mem_mb), int(cards)))).strip()


def status(name: str) -> str:
    """Return running, success or failed."""
    state = json.loads(_kubectl("get", name, "-o", "json"))["status"]
    return "success" if state.get("succeeded") else "failed" if state.get("failed") else "running"


def cancel(*names: str) -> str:
    """Delete Jobs and their pods."""
    return _kubectl("delete", "--ignore-not-found", *names)


def _kubectl(*words: str, given: str | None = None) -> str:
    return subprocess.run(["kubectl", *words], input=given, text=True, check=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    print({"submit": submit, "status": status, "cancel": cancel}[sys.argv[1]](*sys.argv[2:]))
