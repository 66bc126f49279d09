"""Jobs: what marks one as done, why one failed, and what becomes of the work."""

import papermill
import pytest

from rainmer_lib import paths
from rainmer_lib.workflow import jobs, runner
from rainmer_lib.workflow.jobs import Job


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job that is done, in a repository of one source, one notebook and one result."""
    monkeypatch.setattr(paths, "REPOSITORY", tmp_path)
    monkeypatch.setattr(runner, "NOTEBOOKS", tmp_path)
    for name in ("rainmer_lib/a.py", "item.ipynb", "results/quick/item.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    done = Job("quick", "notebooks", "item")
    done.mark([tmp_path / "results" / "quick" / "item.csv"], done.made_of())
    done.log.parent.mkdir(parents=True)
    done.log.write_text("printed\n")
    return done


def test_a_job_that_is_done_stays(job):
    assert job.done() and job.clear_unless_done() and job.marker.exists() and job.log.exists()


@pytest.mark.parametrize("name", ["rainmer_lib/a.py", "item.ipynb", "results/quick/item.csv", "rainmer_lib/new/b.toml"])
def test_a_job_is_done_again_when_a_file_changes(job, name, tmp_path):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("two")
    assert not job.clear_unless_done() and not job.marker.exists() and not job.log.exists()


def test_a_job_is_done_again_when_its_result_is_gone_or_belongs_elsewhere(job, tmp_path, monkeypatch):
    result = tmp_path / "results" / "quick" / "item.csv"
    result.unlink()
    assert not job.done()
    result.write_text("one")
    assert job.done()
    monkeypatch.setenv("RAINMER_RESULTS", str(tmp_path / "elsewhere"))
    assert not job.done()


def test_the_reason_of_a_failure_is_the_end_of_its_log(job):
    job.log.write_text("step 1\nTraceback\nfailed: cell [3]: ValueError: no\n")
    assert job.failure() == "cell [3]: ValueError: no"
    job.log.write_text("step 1\nstep 2\n")
    assert job.failure() == "killed or interrupted; its log ends with: step 2"
    job.log.unlink()
    assert job.failure() is None


def test_a_job_that_is_done_is_not_done_again_and_one_that_fails_says_why(job, capsys):
    assert jobs.run(job, lambda job: pytest.fail("done again")) == 0
    job.marker.unlink()

    def fails(job):
        raise LookupError("the lookup\nfails")

    assert jobs.run(job, fails) == 1 and capsys.readouterr().out == "failed: LookupError: the lookup\n"
    assert not job.marker.exists()
    assert jobs.run(job, lambda job: [paths.REPOSITORY / "item.ipynb"]) == 0 and job.done()
    (paths.REPOSITORY / "item.ipynb").write_text("two")
    assert not job.done()


def test_sources_that_change_while_a_job_works_make_it_work_again(job):
    job.marker.unlink()

    def work(job):
        (paths.REPOSITORY / "rainmer_lib" / "a.py").write_text("two")
        return []

    assert jobs.run(job, work) == 0 and not job.done(), "marked with the sources that it began with"


def test_a_job_is_a_command_and_a_failed_one_is_told_by_its_log(job):
    words = [Job("quick", kind, "x").words() for kind in ("runs", "notebooks")]
    assert words == [["train", "quick", "x"], ["notebook", "quick", "x"]]
    assert not job.failed() and not Job("quick", "runs", "x").failed()
    job.log.write_text("step 1\nfailed: cell [3]: ValueError: no\n")
    assert job.failed()


def test_a_stopped_notebook_is_told_with_its_cell():
    error = papermill.PapermillExecutionError(2, 3, "1 / 0", "ZeroDivisionError", "division\nby zero", [])
    assert jobs.describe(error) == "cell [3]: ZeroDivisionError: division"
    assert jobs.describe(ValueError()) == "ValueError: "


def test_the_results_of_a_notebook_are_its_files_alone(job, monkeypatch):
    folder = paths.results_root() / "quick"
    for name in ("item.csv", "item-crops.png", "items.csv", "item__seeds-1.csv"):
        (folder / name).touch()
    asked = []
    monkeypatch.setattr(runner, "has_profiles", lambda name: name == "item")
    monkeypatch.setattr(runner, "run_notebook", lambda *given: asked.append(given) or given[1].touch())
    assert {path.name for path in jobs.execute(job)} == {"item.ipynb", "item.csv", "item-crops.png"}
    assert asked == [(runner.NOTEBOOKS / "item.ipynb", folder / "item.ipynb", {"profile": "quick"})]
    jobs.execute(Job("quick", "notebooks", "other"))
    assert asked[1][2] == {}
