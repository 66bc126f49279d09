"""Start the pipeline, by Snakemake where it is installed, and tell what became of each notebook."""

import signal
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psutil

from rainmer_lib import atomic, paths
from rainmer_lib.experiments.profiles import profile as profile_named
from rainmer_lib.workflow.jobs import Job, locked, pipeline_root
from rainmer_lib.workflow.plan import TrainingRun, choose, planned_runs, to_come

WORKFLOW = paths.REPOSITORY / "workflow"
JOB = [sys.executable, "-m", "rainmer_lib.workflow"]
PATIENCE = 5  # seconds until Snakemake is told again to stop


def reproduce(profile: str, item: str | None = None, *, slurm: bool = False, dry_run: bool = False) -> int:
    """Make one notebook's results, or all, and print what became of them; exit code 0, or 1 if anything is not done.

    What is done stays; what was cut goes on.  FileNotFoundError and ValueError on a wrong item, profile or missing data,
    BlockingIOError while another pipeline is at work on the same profile.
    """
    size = profile_named(profile)
    items = choose(size, item)
    runs = planned_runs(size, items)
    folder = pipeline_root(profile)
    try:
        with locked(folder / "lock", wait=False) as lock:
            _write_plan(folder, profile, items, runs)
            before = {job.name for job in _jobs(profile, items, runs) if job.clear_unless_done()}
            try:
                code = _start(profile, items, runs, lock, slurm, dry_run)
            finally:
                if not dry_run:
                    print("\n".join(summary(profile, items, runs, before, [] if item else to_come())))
    except BlockingIOError as error:
        raise BlockingIOError(f"another pipeline is at work in {folder}: wait for it, or stop it") from error
    done = dry_run or all(Job(profile, "items", name).marker.exists() for name in items)
    return 0 if done and code == 0 else 1


def summary(profile: str, items: list[str], runs: dict[str, TrainingRun], before: set[str], absent: list[str]) -> list[str]:
    """A line for each notebook: done, failed and why, or not run and why; last the ones that are to come."""
    jobs = [Job(profile, "items", name) for name in items]
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
    """Whether the extra `pipeline` is there."""
    return find_spec("snakemake") is not None


def _start(profile: str, items: list[str], runs: dict, lock: int, slurm: bool, dry_run: bool) -> int:
    if snakemake_installed():
        return _wait(snakemake_command(pipeline_root(profile), slurm, dry_run), pass_fds=[lock])
    if slurm:
        raise ValueError("a cluster needs Snakemake: pip install -e '.[pipeline]'")
    print("without Snakemake (pip install -e '.[pipeline]'), notebooks run one after another and train by themselves")
    codes = []
    for job in _jobs(profile, items, {}):
        if not job.marker.exists():
            print(f"{job.name}: log in {job.log}", flush=True)
            if not dry_run:
                job.log.parent.mkdir(parents=True, exist_ok=True)
                with open(job.log, "w") as log:
                    codes.append(_wait([*JOB, *job.words()], stdout=log, stderr=log))
    return max(codes, default=0)


def snakemake_command(folder: Path, slurm: bool, dry_run: bool) -> list[str]:
    """The command.  Of Snakemake's own lock nothing is left to unlock after a kill: ours goes with its process."""
    return [
        sys.executable, "-m", "snakemake", "--snakefile", str(WORKFLOW / "Snakefile"), "--directory", str(folder),
        "--workflow-profile", str(WORKFLOW / "profiles" / ("slurm" if slurm else "default")),
        "--keep-going", "--rerun-incomplete", "--nolock", "--rerun-triggers", "mtime",
        "--quiet", "host", "reason", *(["--dry-run"] if dry_run else []),
    ]  # fmt: skip


def _wait(command: list[str], **options) -> int:
    """Run a command to its end; whoever stops this process stops that one and its jobs."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with subprocess.Popen(command, **options) as process:
            try:
                return process.wait()
            except KeyboardInterrupt:
                _stop(process)
                raise
    finally:
        signal.signal(signal.SIGTERM, previous)


def _stop(process: subprocess.Popen) -> None:
    """Snakemake starts no more jobs after a SIGINT, but waits for those that run: they are ended too.

    While it starts a job it may miss the signal; then it goes on with the next job, and is told again.
    """
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):  # Ctrl-C in a terminal has reached it already
            started = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGINT)
            for job in started:
                with suppress(psutil.NoSuchProcess):
                    job.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)


def _write_plan(folder: Path, profile: str, items: list[str], runs: dict[str, TrainingRun]) -> None:
    """What workflow/Snakefile reads: each notebook with the keys of its runs."""
    needs = {item: [key for key, run in runs.items() if item in run.items] for item in items}
    atomic.write_json(folder / "plan.json", {"profile": profile, "items": needs})


def _jobs(profile: str, items: list[str], runs: dict[str, TrainingRun]) -> list[Job]:
    return [Job(profile, "runs", key) for key in runs] + [Job(profile, "items", name) for name in items]


def _obstacle(profile: str, item: str, runs: dict[str, TrainingRun]) -> str:
    """Why a notebook never started."""
    for key, run in runs.items():
        job = Job(profile, "runs", key)
        if item in run.items and not job.marker.exists() and (why := job.failure()):
            return f"training of {run} failed: {why}\n           log: {job.log}"
    return "stopped before its turn"
