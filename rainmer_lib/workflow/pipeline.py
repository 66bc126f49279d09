"""Start the pipeline, with Snakemake if it is installed, and report the state of each notebook."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import psutil

from rainmer_lib import atomic, paths
from rainmer_lib.experiments.profiles import profile as profile_named
from rainmer_lib.workflow import kubernetes
from rainmer_lib.workflow.jobs import Job, locked, pipeline_root
from rainmer_lib.workflow.plan import TrainingRun, choose, planned_runs, to_come
from rainmer_lib.workflow.progress import Progress

WORKFLOW = paths.REPOSITORY / "workflow"
JOB = [sys.executable, "-m", "rainmer_lib.workflow"]
PLUGINS = {"slurm": "snakemake_executor_plugin_slurm", "kubernetes": "snakemake_executor_plugin_cluster_generic"}
INTERVAL = 0.5  # seconds between two looks at the jobs
PATIENCE = 5  # seconds until Snakemake gets the signal to stop again


def reproduce(profile: str, notebook: str | None = None, *, cluster: str = "", dry_run: bool = False) -> int:
    """Make the results of one notebook, or of all, and print their states; return 0, or 1 if anything is not done.

    Finished jobs are kept; interrupted ones resume.  `cluster`: slurm or kubernetes; without one, this machine.
    FileNotFoundError and ValueError on a wrong notebook or profile, missing data, or a cluster without its plugin,
    BlockingIOError while another pipeline is at work on the same profile.
    """
    size = profile_named(profile)
    notebooks = choose(size, notebook)
    runs = planned_runs(size, notebooks)
    folder = pipeline_root(profile)
    try:
        with locked(folder / "lock", wait=False) as lock:
            _write_plan(folder, profile, notebooks, runs)
            before = {job.name for job in _jobs(profile, notebooks, runs) if job.clear_unless_done()}
            try:
                code = _start(profile, notebooks, runs, lock, cluster, dry_run)
            finally:
                if not dry_run:
                    print("\n".join(summary(profile, notebooks, runs, before, [] if notebook else to_come())))
    except BlockingIOError as error:
        raise BlockingIOError(f"another pipeline is at work in {folder}: wait for it, or stop it") from error
    done = dry_run or all(Job(profile, "notebooks", name).marker.exists() for name in notebooks)
    return 0 if done and code == 0 else 1


def summary(profile: str, notebooks: list[str], runs: dict[str, TrainingRun], before: set[str], absent: list[str]) -> list[str]:
    """Return a line for each notebook: done, failed and why, or not run and why; last those that do not exist yet."""
    jobs = [Job(profile, "notebooks", name) for name in notebooks]
    done = [job for job in jobs if job.marker.exists()]
    lines = ["", f"profile {profile}: {len(done)} of {len(jobs)} notebooks done"]
    for job in jobs:
        if job in done:
            lines.append(f"  done     {job.name}{' (before)' if job.name in before else ''}")
        elif why := job.failure():
            lines.append(f"  FAILED   {job.name}: {why}\n           log: {job.log}")
        else:
            lines.append(f"  not run  {job.name}: {_obstacle(profile, job.name, runs)}")
    return lines + [f"  to come  {name}: no notebook yet" for name in absent]


def snakemake_installed() -> bool:
    """Return whether the extra `pipeline` is installed."""
    return find_spec("snakemake") is not None


def _start(profile: str, notebooks: list[str], runs: dict, lock: int, cluster: str, dry_run: bool) -> int:
    if snakemake_installed():
        progress = None if dry_run else Progress(_jobs(profile, notebooks, runs))
        command = snakemake_command(pipeline_root(profile), cluster, dry_run)
        # SIGTERM is Snakemake's own sign for: no more jobs
        return _wait(command, progress, ask=signal.SIGTERM, pass_fds=[lock], env=_environment(cluster))
    if cluster:
        raise ValueError("a cluster needs Snakemake: pip install -e '.[pipeline]'")
    print("Snakemake is not installed (pip install -e '.[pipeline]'): notebooks run one after another and train their own runs")
    codes, jobs = [], _jobs(profile, notebooks, {})
    progress = Progress(jobs)
    for job in [job for job in jobs if not job.marker.exists()]:
        if dry_run:
            print(f"{job.name}: log in {job.log}")
            continue
        job.log.parent.mkdir(parents=True, exist_ok=True)
        with open(job.log, "w") as log:
            codes.append(_wait([*JOB, *job.words()], progress, stdout=log, stderr=log))
    return max(codes, default=0)


def _environment(cluster: str) -> dict[str, str]:
    """The environment of Snakemake, whose plugin asks Slurm for its settings at every start, also of a run on this machine.

    Where Slurm's commands are installed and no Slurm answers, that takes nine seconds; without settings, none.
    """
    return dict(os.environ) | ({} if cluster == "slurm" else {"SLURM_CONF": os.devnull})


def snakemake_command(folder: Path, cluster: str, dry_run: bool) -> list[str]:
    """Return the command.  It switches off Snakemake's own lock, which outlives a kill; ours is released with its process."""
    return [
        sys.executable, "-m", "snakemake", "--snakefile", str(WORKFLOW / "Snakefile"), "--directory", str(folder),
        "--workflow-profile", str(WORKFLOW / "profiles" / (cluster or "default")), *options_of(cluster),
        "--keep-going", "--rerun-incomplete", "--nolock", "--rerun-triggers", "mtime",
        *(["--quiet", "host", "reason", "--dry-run"] if dry_run else ["--quiet", "all"]),
    ]  # fmt: skip


def options_of(cluster: str) -> list[str]:
    """Return what Snakemake must be told besides the profile of a cluster; ValueError if a plugin of Snakemake's is missing.

    Where Slurm keeps no accounts, `sacct`, which Snakemake asks for the state of jobs, knows none; `squeue` does.
    """
    if plugin := PLUGINS.get(cluster):
        if find_spec(plugin) is None:
            raise ValueError(f"this cluster needs a plugin of Snakemake's: pip install {plugin.replace('_', '-')}")
    if cluster == "kubernetes":
        return kubernetes.OPTIONS
    accounts = which("sacct") and subprocess.run(["sacct", "-X", "-n"], capture_output=True).returncode == 0
    return ["--slurm-status-command", "squeue"] if cluster == "slurm" and not accounts else []


def _wait(command: list[str], progress: Progress | None = None, ask: signal.Signals | None = None, **options) -> int:
    """Run a command to its end and print its progress; return its exit code.

    After a first Ctrl-C the running jobs end and no more begin, for which `ask` is sent to a command that schedules; a second
    one, or a SIGTERM or SIGHUP of this process, stops the command and its jobs.  KeyboardInterrupt follows both.
    """
    with _signals() as received, subprocess.Popen(command, start_new_session=True, **options) as process:
        asked = False  # the session is its own, because Ctrl-C in a terminal would reach every job
        while (code := _ended(process, progress)) is None:
            if len(received) > 1 or set(received) - {signal.SIGINT}:
                _stop(process)
            elif received and not asked:
                asked = True
                print("\nno more jobs begin; waiting for those that run.  Ctrl-C again ends them", file=sys.stderr)
                if ask:
                    process.send_signal(ask)
    if received:
        raise KeyboardInterrupt
    return code


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect the signals that stop this process, so that none cuts a step in two; those that nohup ignores stay so."""
    received: list[int] = []
    numbers = [n for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) is not signal.SIG_IGN]
    previous = {number: signal.signal(number, lambda number, _: received.append(number)) for number in numbers}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _ended(process: subprocess.Popen, progress: Progress | None) -> int | None:
    """Wait a moment for the end of a process; return its exit code, None if it goes on."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(INTERVAL)
    if progress:
        progress.poll()
    return process.returncode


def _stop(process: subprocess.Popen) -> None:
    """Stop Snakemake and its jobs.

    After a SIGINT Snakemake begins no more jobs but waits for those that run, so these are terminated too.  While it starts a
    job it may miss the signal and go on with the next job; the signal is sent again until it ends.
    """
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            started = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGINT)
            for job in started:
                with suppress(psutil.NoSuchProcess):
                    job.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)


def _write_plan(folder: Path, profile: str, notebooks: list[str], runs: dict[str, TrainingRun]) -> None:
    """Write the plan that workflow/Snakefile reads: each notebook with the keys of its runs."""
    needs = {notebook: [key for key, run in runs.items() if notebook in run.notebooks] for notebook in notebooks}
    atomic.write_json(folder / "plan.json", {"profile": profile, "notebooks": needs})


def _jobs(profile: str, notebooks: list[str], runs: dict[str, TrainingRun]) -> list[Job]:
    return [Job(profile, "runs", key) for key in runs] + [Job(profile, "notebooks", name) for name in notebooks]


def _obstacle(profile: str, notebook: str, runs: dict[str, TrainingRun]) -> str:
    """Return why a notebook never started."""
    for key, run in runs.items():
        job = Job(profile, "runs", key)
        if notebook in run.notebooks and not job.marker.exists() and (why := job.failure()):
            return f"training of {run} failed: {why}\n           log: {job.log}"
    return "stopped before its turn"
