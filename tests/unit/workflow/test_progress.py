"""Progress: what is told of jobs that start, end and fail, from their files alone."""

import pytest

from rainmer_lib.workflow import progress
from rainmer_lib.workflow.jobs import FAILED, Job
from rainmer_lib.workflow.progress import Progress


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when the test says so."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def written(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_jobs_are_told_when_they_start_end_and_fail(clock):
    done, *jobs = (Job("quick", "notebooks", name) for name in ("before", "a", "b", "c", "d"))
    written(done.marker)
    said = []
    watched = Progress([done, *jobs], said.append)
    watched.poll()
    assert said == [], "nothing has begun"
    written(jobs[0].log, "step 1")
    watched.poll(), watched.poll()
    assert said == ["making   a"], "once"
    clock[0] += 60
    written(jobs[0].marker), written(jobs[1].log, f"Traceback\n{FAILED}ValueError: no")
    watched.poll()
    assert said[1:] == [
        "making   b", "done     a  (1 of 4, 60 s, about 3 min left)", "FAILED   b  (2 of 4, 60 s, about 60 s left)",
    ]  # fmt: skip
    clock[0] += 240
    for job in jobs[2:]:
        written(job.marker)
    watched.poll()
    assert said[4:] == [
        "making   c", "making   d", "done     c  (3 of 4, 5 min, about 2 min left)", "done     d  (4 of 4, 5 min)",
    ]  # fmt: skip


def test_where_all_is_done_nothing_is_told(clock):
    job = Job("quick", "runs", "a")
    written(job.marker)
    watched = Progress([job], lambda text: pytest.fail(text))
    watched.poll()
    assert watched.line() == "0 of 0, 0 s"
