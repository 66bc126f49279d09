"""`python -m rainmer_lib.workflow`: the job that its words name."""

import subprocess
import sys

import pytest

from rainmer_lib import paths
from rainmer_lib.workflow import __main__ as program
from rainmer_lib.workflow import jobs, training_jobs
from rainmer_lib.workflow.jobs import Job


def test_the_words_name_a_job_and_its_work(monkeypatch):
    done = []
    monkeypatch.setattr(program, "run", lambda *given: done.append(given) or len(done))
    for job in (Job("quick", "notebooks", "walkthroughs/w"), Job("laptop", "runs", "dcdgan-0")):
        program.main(job.words())
    assert [work for _, work in done] == [jobs.execute, training_jobs.train]
    assert [job.words() for job, _ in done] == [["notebook", "quick", "walkthroughs/w"], ["train", "laptop", "dcdgan-0"]]
    assert program.main(["notebook", "quick", "x"]) == 3, "the exit code is the job's"


@pytest.mark.parametrize("words", [[], ["train", "huge", "x"], ["score", "quick", "x"], ["train", "quick"]], ids=str)
def test_wrong_words_are_usage(words, capsys):
    with pytest.raises(SystemExit) as stopped:
        program.main(words)
    assert stopped.value.code == 2 and "usage" in capsys.readouterr().err


def test_the_job_of_a_notebook_does_not_load_torch():
    """Its kernel does; of many jobs at once each would hold it twice."""
    code = "import sys, rainmer_lib.workflow.__main__; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=paths.REPOSITORY)
    assert done.returncode == 0, done.stderr
