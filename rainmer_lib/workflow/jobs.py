"""A job of the pipeline: one training run or one notebook, with a marker that says what is done, and of what.

Snakemake deletes what a job declares as output before the job starts and when it fails.  So jobs declare their markers, and
neither a checkpoint nor the last good result is ever deleted.
"""

import fcntl
import hashlib
import json
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import papermill

from rainmer_lib import atomic, paths
from rainmer_lib.experiments.compare import RECORDED, score_run
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.experiments.profiles import profile as profile_named
from rainmer_lib.workflow import runner
from rainmer_lib.workflow.plan import TrainingRun, has_profiles, training_runs
from rainmer_lib.workflow.programs import PROGRAMS, Program

FAILED = "failed: "  # begins the last line in the log of a job that failed
READ_BY_NOTEBOOKS = ("rainmer_lib", "results/published", "results/calibration")


def pipeline_root(profile: str) -> Path:
    """Where the pipeline of a profile keeps its plan, markers and logs."""
    return paths.runs_root() / "pipeline" / profile


@dataclass(frozen=True)
class Job:
    """`kind` is runs or items, `name` the key of a run or the stem of a notebook."""

    profile: str
    kind: str
    name: str

    @property
    def marker(self) -> Path:
        """Written when the job is done: what it was made of, and its files with their hashes."""
        return pipeline_root(self.profile) / self.kind / f"{self.name}.json"

    @property
    def log(self) -> Path:
        """What the job printed."""
        return pipeline_root(self.profile) / "logs" / self.kind / f"{self.name}.log"

    def made_of(self) -> dict:
        """What must not have changed for the job to count as done; a run's own name holds all but the place."""
        sources = {} if self.kind == "runs" else {"sources": _hash_of_sources(self.name)}
        return {"results": str(paths.results_root())} | sources

    def mark(self, files: Iterable[Path], made_of: dict) -> None:
        """Note the job as done."""
        atomic.write_json(self.marker, {"made_of": made_of, "files": {str(path): _hash([path]) for path in sorted(files)}})

    def done(self) -> bool:
        """Whether the job was done with the present sources, and its files are there, unchanged."""
        if not self.marker.exists():
            return False
        told = json.loads(self.marker.read_text())
        there = all(Path(path).is_file() and _hash([Path(path)]) == known for path, known in told["files"].items())
        return there and told["made_of"] == self.made_of()

    def clear_unless_done(self) -> bool:
        """Remove marker and log of a job that is to be done (again); returns whether it is done."""
        done = self.done()
        if not done:
            self.marker.unlink(missing_ok=True)
            self.log.unlink(missing_ok=True)
        return done

    def words(self) -> list[str]:
        """The job's command, behind `python -m rainmer_lib.workflow`."""
        return [{"runs": "train", "items": "notebook"}[self.kind], self.profile, self.name]

    def failure(self) -> str | None:
        """Why the job has no marker, from the end of its log; None if it never started."""
        if not self.log.exists():
            return None
        last = (self.log.read_text(errors="replace").strip().splitlines() or ["nothing"])[-1]
        return last.removeprefix(FAILED) if last.startswith(FAILED) else f"killed or cut; its log ends with: {last}"


def run(job: Job) -> int:
    """Do a job unless it is done; exit code 0 or 1.  Prints the reason of a failure as its last line."""
    with locked(job.marker.with_suffix(".lock"), wait=True):  # what a killed pipeline left behind may still be at it
        if job.done():
            return 0
        made_of = job.made_of()
        try:
            files = train(job) if job.kind == "runs" else execute(job)
        except Exception as error:
            traceback.print_exc()
            print(FAILED + describe(error), flush=True)
            return 1
        job.mark(files, made_of)
    return 0


def train(job: Job) -> list[Path]:
    """Train a run, or find it, and score it on its test sets; the files of the run.  ValueError on no such key."""
    known: list[str] = []
    for program in _programs_of(job):
        size = program.profiles[profile_named(job.profile).name]
        data = program.data(size, True)
        runs = training_runs(program, size, data, runner.items())
        if job.name in runs:
            return _trained(program, runs[job.name], size, data)
        known += runs
    raise ValueError(f"no notebook needs a run {job.name} at profile {job.profile}; there are {', '.join(known)}")


def _programs_of(job: Job) -> list[Program]:
    found = [program for program in PROGRAMS.values() if job.name.startswith(f"{program.runs}-")]
    if not found:
        methods = dict.fromkeys(program.runs for program in PROGRAMS.values())
        raise ValueError(f"run {job.name}: its key must begin with {' or '.join(methods)}")
    return found


def _trained(program: Program, run: TrainingRun, size: Profile, data: Any) -> list[Path]:
    """The files of a run of a program, trained and scored on `data`."""
    found = program.train(run.method, run.config, program.data_of(run.method, data, True), size)
    sets = program.test_sets(size, run.items)
    for test_set in sets:
        score_run(found, test_set, data)
    scores = [f"scores-{test_set.replace('/', '-')}.csv" for test_set in sets]
    return [found.folder.path / name for name in (*RECORDED, *scores)]


def execute(job: Job) -> list[Path]:
    """Execute a notebook; its results."""
    target = paths.results_root() / job.profile / f"{job.name}.ipynb"
    parameters = {"profile": job.profile} if has_profiles(job.name) else {}
    runner.run_notebook(runner.NOTEBOOKS / f"{job.name}.ipynb", target, parameters)
    return [*target.parent.glob(f"{target.stem}.*"), *target.parent.glob(f"{target.stem}-*.*")]


def describe(error: Exception) -> str:
    """An error in one line, with the cell where a notebook stopped."""
    if isinstance(error, papermill.PapermillExecutionError):
        return f"cell [{error.exec_count}]: {error.ename}: {_first_line(error.evalue)}"
    return f"{type(error).__name__}: {_first_line(str(error))}"


@contextmanager
def locked(path: Path, wait: bool) -> Iterator[int]:
    """Hold a lock file, yield its descriptor; BlockingIOError if another process has it.  A killed process lets go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield file.fileno()


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0]


def _hash_of_sources(item: str) -> str:
    """Of the notebook and of everything in the repository that notebooks read."""
    files = [f for name in READ_BY_NOTEBOOKS for f in (paths.REPOSITORY / name).rglob("*") if "__pycache__" not in f.parts]
    return _hash([runner.NOTEBOOKS / f"{item}.ipynb", *sorted(f for f in files if f.is_file())])


def _hash(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]
