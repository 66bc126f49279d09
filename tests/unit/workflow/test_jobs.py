"""The plan of the pipeline, its markers, its dry runs, and the way without Snakemake."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import psutil
import pytest
import yaml

from rainmer_lib import cli, paths
from rainmer_lib.dcdgan.step import METHOD_VERSION
from rainmer_lib.experiments.dcdgan import COMPARISONS, methods
from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.rainmer.sizes import PROFILES as RAINMER_PROFILES
from rainmer_lib.training.run import RunIdentity
from rainmer_lib.workflow import jobs, pipeline, plan, programs, runner
from rainmer_lib.workflow.jobs import Job

LAPTOP, PAPER = PROFILES["laptop"], PROFILES["paper"]
DCDGAN = programs.PROGRAMS["dcdgan"]
DATA = SimpleNamespace(
    fingerprint="f", unaligned=lambda keep: SimpleNamespace(fingerprint="unaligned"),
    only=lambda weathers: SimpleNamespace(fingerprint="+".join(weathers)),
)  # fmt: skip


def key(config, fingerprint):
    return RunIdentity("dcdgan", config, fingerprint, METHOD_VERSION).key


def test_runs_are_shared_by_the_items_that_need_them():
    """Against the plain loop over every item, method and seed."""
    needed = {}
    for item in COMPARISONS:
        for config in methods(item, LAPTOP).values():
            for seed in range(LAPTOP.seeds):
                needed.setdefault(key(replace(config, seed=seed), "f"), set()).add(item)
    found = plan.training_runs(DCDGAN, LAPTOP, DATA, COMPARISONS)
    assert {name: set(run.items) for name, run in found.items()} == needed
    full = found[key(methods("train_dcdgan", LAPTOP)["full"], "f")]
    assert set(full.items) == set(COMPARISONS) and str(full) == "full, seed 0"
    # the full model, five other rows of Table 4, two of Table 5, one of Table 6, three other methods, the released objective
    assert len(found) == LAPTOP.seeds * 13


def test_the_plan_names_the_recorded_runs():
    """What notebooks train is what the plan trains: the keys in the committed record."""
    record = json.loads((paths.REPOSITORY / "results" / "laptop" / "ablation_negatives.json").read_text())
    data = SimpleNamespace(fingerprint=record["data"]["sha256_16"])
    found = plan.training_runs(DCDGAN, LAPTOP, data, ["ablation_negatives"])
    assert set(found) == {run["run"] for run in record["runs"]}


def test_short_runs_get_no_jobs_and_absent_data_stop_the_plan(monkeypatch, tmp_path):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    assert plan.planned_runs(PROFILES["quick"], ["ablation_negatives"]) == {}
    assert plan.planned_runs(LAPTOP, ["walkthroughs/08_measuring_deraining"]) == {}
    assert plan.planned_runs(PROFILES["quick"], ["train_rainmer"]) == {}
    for item in ("ablation_negatives", "train_rainmer"):
        with pytest.raises(FileNotFoundError, match="RAINMER_DATA"):
            plan.planned_runs(LAPTOP, [item])


def test_choosing_an_item():
    assert plan.choose(PROFILES["quick"], None) == runner.items()
    assert set(runner.items()) - set(plan.choose(LAPTOP, None)) == {s for s in runner.items() if not plan.has_profiles(s)}
    assert "00_start_here" not in plan.choose(LAPTOP, None)
    with pytest.raises(ValueError, match="no sizes"):
        plan.choose(LAPTOP, "00_start_here")
    with pytest.raises(FileNotFoundError, match="no notebook table_9; there are"):
        plan.choose(LAPTOP, "table_9")


def test_items_without_a_notebook_are_to_come(monkeypatch):
    entry = SimpleNamespace(notebook="table_7", source=paths.REPOSITORY / "notebooks" / "table_7.ipynb")
    monkeypatch.setattr(plan.catalogue, "ITEMS", (*plan.catalogue.ITEMS, entry))
    assert "table_7" in plan.to_come() and not set(plan.to_come()) & set(runner.items())
    with pytest.raises(FileNotFoundError, match="no notebook table_7 yet; there are"):
        plan.choose(LAPTOP, "table_7")
    lines = pipeline.summary("quick", [], {}, set(), plan.to_come())
    assert "  to come  table_7: no notebook yet" in lines


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job that is done, in a repository of one source, one notebook and one result."""
    monkeypatch.setattr(paths, "REPOSITORY", tmp_path)
    monkeypatch.setattr(runner, "NOTEBOOKS", tmp_path)
    for name in ("rainmer_lib/a.py", "item.ipynb", "results/quick/item.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    done = Job("quick", "items", "item")
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
    assert job.failure() == "killed or cut; its log ends with: step 2"
    job.log.unlink()
    assert job.failure() is None


@pytest.fixture
def without_data(monkeypatch):
    """Plans as if the real data were there."""
    monkeypatch.setattr(plan, "benchmark_pairs", lambda name: iter(()))
    for name, program in list(programs.PROGRAMS.items()):
        monkeypatch.setitem(programs.PROGRAMS, name, replace(program, data=lambda profile, keep: DATA))


@pytest.mark.parametrize("slurm", [False, True], ids=["default", "slurm"])
@pytest.mark.parametrize("item", [None, "ablation_negatives"], ids=["all", "item"])
def test_a_dry_run_lists_the_jobs(item, slurm, without_data, capfd):
    pytest.importorskip("snakemake")
    assert pipeline.reproduce("paper", item, slurm=slurm, dry_run=True) == 0
    printed = capfd.readouterr()
    printed = printed.out + printed.err
    items = plan.choose(PAPER, item)
    runs = plan.training_runs(DCDGAN, PAPER, DATA, items)
    for name in ("rainmer", "weathers"):
        runs |= plan.training_runs(programs.PROGRAMS[name], RAINMER_PROFILES["paper"], DATA, items)
    assert len(runs) == (9 if item else len(runs))
    for name in runs:
        assert printed.count(f"train {name}, gpu=1, log: logs/runs/{name}.log") == 1
    for name in items:
        assert printed.count(f"notebook {name}, gpu=1, log: logs/items/{name}.log") == 1
    counted = {words[0]: words[1] for line in printed.splitlines() if len(words := line.split()) == 2}
    assert (counted["train"], counted["notebook"]) == (str(len(runs)), str(len(items)))
    assert f"profiles/{'slurm' if slurm else 'default'} for setting" in printed
    assert not list(jobs.pipeline_root("paper").glob("*/*.json")), "a dry run did something"


def test_the_profiles_are_what_the_documentation_says():
    folder = pipeline.WORKFLOW / "profiles"
    local, slurm = (yaml.safe_load((folder / name / "config.yaml").read_text()) for name in ("default", "slurm"))
    assert local == {"cores": "all", "resources": {"gpu": 1}}
    assert slurm["executor"] == "slurm"


def test_one_pipeline_at_a_time(capsys):
    with jobs.locked(jobs.pipeline_root("quick") / "lock", wait=False):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["reproduce", "00_start_here"])
    assert stopped.value.code == 2 and "another pipeline is at work" in capsys.readouterr().err


def test_whoever_stops_the_command_stops_snakemake_and_its_jobs(tmp_path):
    """SIGTERM of the command alone, while Snakemake has a job that lasts and another one to come."""
    pytest.importorskip("snakemake")
    rules = 'rule all:\n    input: "a", "b"\nrule job:\n    output: "{name}"\n    shell: "echo $$ > started; exec sleep 30"\n'
    (tmp_path / "Snakefile").write_text(rules)
    code = "import sys; from rainmer_lib.workflow.pipeline import _wait; " \
           "_wait([sys.executable, '-m', 'snakemake', '--cores', '1', '--keep-going', '--nolock'])"  # fmt: skip
    command = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.PIPE)
    while not (tmp_path / "started").exists() or not (number := (tmp_path / "started").read_text()):
        time.sleep(0.01)
        assert command.poll() is None
    command.terminate()
    assert b"KeyboardInterrupt" in command.communicate(timeout=20)[1] and command.returncode
    last = (tmp_path / "started").read_text()  # where Snakemake missed the first signal, the other job's
    assert not psutil.pid_exists(int(number)) and not psutil.pid_exists(int(last))


def test_who_misses_the_first_signal_is_told_again(monkeypatch):
    monkeypatch.setattr(pipeline, "PATIENCE", 0.2)
    code = "import signal, sys, time; seen = []; " \
           "signal.signal(signal.SIGINT, lambda *_: seen.append(1) if len(seen) < 2 else sys.exit(len(seen))); " \
           "print('ready', flush=True); [time.sleep(0.05) for _ in range(600)]"  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        pipeline._stop(process)
        assert process.returncode == 2, "the third signal ends it"


def test_without_snakemake_the_notebook_runs_directly(monkeypatch, capsys):
    monkeypatch.setattr(pipeline, "find_spec", lambda name: None)
    target = paths.results_root() / "quick" / "00_start_here.ipynb"
    for again in (False, True):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["reproduce", "00_start_here"])
        printed = capsys.readouterr().out
        assert stopped.value.code == 0 and target.exists()
        assert "  done     00_start_here" + " (before)" * again + "\n" in printed + "\n"
        assert ("log in" in printed) != again
    with pytest.raises(SystemExit) as stopped:
        cli.main(["reproduce", "ablation_negatives", "--slurm"])
    assert stopped.value.code == 2 and "pip install" in capsys.readouterr().err
