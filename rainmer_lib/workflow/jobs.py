"""Jobs of the pipeline: one training run or one notebook each, with a marker that records inputs and files of a finished job.

Snakemake deletes the declared outputs of a job before the job starts and when it fails.  So jobs declare only their markers,
and neither a checkpoint nor the last good result is ever deleted.
"""

import fcntl
import hashlib
import json
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import papermill

from rainmer_lib import atomic, paths
from rainmer_lib.workflow import runner

FAILED = "failed: "  # begins the last line in the log of a job that failed
READ_BY_NOTEBOOKS = ("rainmer_lib", "results/published", "results/calibration")


def pipeline_root(profile: str) -> Path:
    """Return the folder in which the pipeline of a profile keeps its plan, markers and logs."""
    return paths.runs_root() / "pipeline" / profile


@dataclass(frozen=True)
class Job:
    """One job: `kind` is runs or notebooks, `name` the key of a run or the name of a notebook."""

    profile: str
    kind: str
    name: str

    @property
    def marker(self) -> Path:
        """File written when the job is done: the inputs of the job, and its files with their hashes."""
        return pipeline_root(self.profile) / self.kind / f"{self.name}.json"

    @property
    def log(self) -> Path:
        """Log file with the output of the job."""
        return pipeline_root(self.profile) / "logs" / self.kind / f"{self.name}.log"

    def made_of(self) -> dict:
        """Return the inputs that must be unchanged for the job to count as done; a run's key covers all but the folder."""
        sources = {} if self.kind == "runs" else {"sources": _hash_of_sources(self.name)}
        return {"results": str(paths.results_root())} | sources

    def mark(self, files: Iterable[Path], made_of: dict) -> None:
        """Write the marker of a finished job."""
        atomic.write_json(self.marker, {"made_of": made_of, "files": {str(path): _hash([path]) for path in sorted(files)}})

    def done(self) -> bool:
        """Return whether the job was done with the current sources and its files are still there, unchanged."""
        if not self.marker.exists():
            return False
        told = json.loads(self.marker.read_text())
        there = all(Path(path).is_file() and _hash([Path(path)]) == known for path, known in told["files"].items())
        return there and told["made_of"] == self.made_of()

    def clear_unless_done(self) -> bool:
        """Remove marker and log unless the job is done; return whether it is done."""
        done = self.done()
        if not done:
            self.marker.unlink(missing_ok=True)
            self.log.unlink(missing_ok=True)
        return done

    def words(self) -> list[str]:
        """Return the arguments of `python -m rainmer_lib.workflow` that run the job."""
        return [{"runs": "train", "notebooks": "notebook"}[self.kind], self.profile, self.name]

    def failed(self) -> bool:
        """Return whether the log ends with a failure."""
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return bool(lines) and lines[-1].startswith(FAILED)

    def failure(self) -> str | None:
        """Return why the job has no marker, from the end of its log; None if it never started."""
        if not self.log.exists():
            return None
        last = (self.log.read_text(errors="replace").strip().splitlines() or ["nothing"])[-1]
        return last.removeprefix(FAILED) if last.startswith(FAILED) else f"killed or interrupted; its log ends with: {last}"


def run(job: Job, work: Callable[[Job], list[Path]]) -> int:
    """Do the work of a job unless it is done, `execute` or `training_jobs.train`; return exit code 0 or 1.

    `work` returns the files that it made.  The last line printed is the reason of a failure.
    """
    with locked(job.marker.with_suffix(".lock"), wait=True):  # a process left behind by a killed pipeline may still run it
        if job.done():
            return 0
        made_of = job.made_of()
        try:
            files = work(job)
        except Exception as error:
            traceback.print_exc()
            print(FAILED + describe(error), flush=True)
            return 1
        job.mark(files, made_of)
    return 0


def execute(job: Job) -> list[Path]:
    """Execute a notebook; return the files of its results."""
    target = paths.results_root() / job.profile / f"{job.name}.ipynb"
    parameters = {"profile": job.profile} if runner.has_profiles(job.name) else {}
    runner.run_notebook(runner.NOTEBOOKS / f"{job.name}.ipynb", target, parameters)
    return [*target.parent.glob(f"{target.stem}.*"), *target.parent.glob(f"{target.stem}-*.*")]


def describe(error: Exception) -> str:
    """Describe an error in one line, with the cell where a notebook stopped."""
    if isinstance(error, papermill.PapermillExecutionError):
        return f"cell [{error.exec_count}]: {error.ename}: {_first_line(error.evalue)}"
    return f"{type(error).__name__}: {_first_line(str(error))}"


@contextmanager
def locked(path: Path, wait: bool) -> Iterator[int]:
    """Hold a lock file, yield its descriptor; BlockingIOError if another process holds it.  A killed process releases it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield file.fileno()


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0]


def _hash_of_sources(notebook: str) -> str:
    """Hash the notebook and everything in the repository that notebooks read."""
    files = [f for name in READ_BY_NOTEBOOKS for f in (paths.REPOSITORY / name).rglob("*") if "__pycache__" not in f.parts]
    return _hash([runner.NOTEBOOKS / f"{notebook}.ipynb", *sorted(f for f in files if f.is_file())])


def _hash(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]
