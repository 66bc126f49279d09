"""Training jobs of the pipeline, separate from `jobs` so that the job of a notebook does not import the training code."""

from pathlib import Path
from typing import Any

from rainmer_lib.experiments.compare import RECORDED, score_run
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.experiments.profiles import profile as profile_named
from rainmer_lib.experiments.registry import EXPERIMENTS, rows
from rainmer_lib.experiments.runs import train_run
from rainmer_lib.workflow.jobs import Job
from rainmer_lib.workflow.plan import TrainingRun, data_of, grouped, training_runs


def train(job: Job) -> list[Path]:
    """Train a run, or find it, and score it on its test sets; return its files.  ValueError on an unknown key."""
    profile, known = profile_named(job.profile), []
    for group in grouped(_experiments_of(job, profile)):
        data = data_of(EXPERIMENTS[group[0]], profile, keep=True)
        runs = training_runs(group, profile, data)
        if job.name in runs:
            return _trained(runs[job.name], profile, data)
        known += runs
    raise ValueError(f"no notebook needs a run {job.name} at profile {job.profile}; there are {', '.join(known)}")


def _experiments_of(job: Job, profile: Profile) -> list[str]:
    """Return the experiments that compare the method with whose name the key of the run begins."""
    name = job.name.rpartition("-")[0]
    methods = {experiment: {row.method.name for row in rows(experiment, profile).values()} for experiment in EXPERIMENTS}
    found = [experiment for experiment, compared in methods.items() if name in compared]
    if not found:
        raise ValueError(f"run {job.name}: its key must begin with {' or '.join(sorted(set().union(*methods.values())))}")
    return found


def _trained(run: TrainingRun, profile: Profile, data: Any) -> list[Path]:
    """Train and score a run; return its files."""
    found = train_run(run.label, run.row.method, run.config, run.row.data(data), profile)
    sets = run.test_sets(profile)
    for test_set in sets:
        score_run(found, test_set, data)
    scores = [f"scores-{test_set.replace('/', '-')}.csv" for test_set in sets]
    present = [name for name in (*RECORDED, *scores) if (found.folder.path / name).exists()]  # a recorded run lacks some
    return [found.folder.path / name for name in present]
