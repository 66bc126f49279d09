"""The pipeline: its dry runs, its summary, how it is stopped, and the way without Snakemake."""

import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
import yaml

from rainmer_lib import cli, paths
from rainmer_lib.experiments import table1
from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.experiments.registry import EXPERIMENTS, notebook_of
from rainmer_lib.workflow import jobs, pipeline, plan

PAPER = PROFILES["paper"]


def test_items_that_are_to_come_are_told():
    lines = pipeline.summary("quick", [], {}, set(), ["table_7"])
    assert "  to come  table_7: no notebook yet" in lines


@pytest.mark.slow
@pytest.mark.parametrize(
    ("item", "cluster"), [(None, ""), ("ablation_negatives", "slurm"), ("ablation_negatives", "kubernetes")], ids=str
)
def test_a_dry_run_lists_the_jobs(item, cluster, without_data, named_data, capfd):
    pytest.importorskip(pipeline.PLUGINS.get(cluster, "snakemake"))
    assert pipeline.reproduce("paper", item, cluster=cluster, dry_run=True) == 0
    printed = capfd.readouterr()
    printed = printed.out + printed.err
    items = plan.choose(PAPER, item)
    needed = [name for name in EXPERIMENTS if notebook_of(name) in items]
    runs = plan.training_runs(needed, PAPER, named_data)
    assert len(runs) == (15 if item else len(runs)) and {run.row.method.name for run in runs.values()} >= {"dcdgan"}
    assert item or {run.row.method.name for run in runs.values()} == {*table1.NAMES, "rainmer"}
    for name in runs:
        assert printed.count(f"train {name}, gpu=1, log: logs/runs/{name}.log") == 1
    for name in items:
        assert printed.count(f"notebook {name}, gpu=1, log: logs/notebooks/{name}.log") == 1
    counted = {words[0]: words[1] for line in printed.splitlines() if len(words := line.split()) == 2}
    assert (counted["train"], counted["notebook"]) == (str(len(runs)), str(len(items)))
    assert f"profiles/{cluster or 'default'} for setting" in printed
    assert not list(jobs.pipeline_root("paper").glob("*/*.json")), "a dry run did something"


def test_the_profiles_are_what_the_documentation_says():
    folder = pipeline.WORKFLOW / "profiles"
    names = "default", "slurm", "kubernetes"
    local, slurm, kubernetes = (yaml.safe_load((folder / name / "config.yaml").read_text()) for name in names)
    assert local == {"cores": "all", "resources": {"gpu": 1}}
    assert slurm["executor"] == "slurm" and kubernetes["executor"] == "cluster-generic"


@pytest.mark.parametrize(("answer", "expected"), [(0, []), (1, ["--slurm-status-command", "squeue"])])
def test_where_slurm_keeps_no_accounts_jobs_are_asked_of_squeue(tmp_path, monkeypatch, answer, expected):
    monkeypatch.setattr(pipeline, "find_spec", lambda name: name)
    (tmp_path / "sacct").write_text(f"#!/bin/sh\nexit {answer}\n")
    (tmp_path / "sacct").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pipeline.options_of("slurm") == expected and pipeline.options_of("") == []
    assert set(expected) <= set(pipeline.snakemake_command(tmp_path, "slurm", dry_run=False))


def test_slurm_is_asked_for_its_settings_on_slurm_alone(monkeypatch):
    """Where its commands are installed and no Slurm answers, asking takes nine seconds."""
    monkeypatch.setenv("SLURM_CONF", "/etc/slurm/slurm.conf")
    monkeypatch.setattr(pipeline, "snakemake_installed", lambda: True)
    given = {}
    monkeypatch.setattr(pipeline, "_wait", lambda command, progress, **options: given.update(options["env"]) or 0)
    for cluster, expected in (("", os.devnull), ("slurm", "/etc/slurm/slurm.conf")):
        pipeline._start("quick", [], {}, 0, cluster, dry_run=True)
        assert given["SLURM_CONF"] == expected and given["PATH"] == os.environ["PATH"]


def test_a_cluster_without_its_plugin_is_refused_with_what_to_install(monkeypatch):
    monkeypatch.setattr(pipeline, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install snakemake-executor-plugin-cluster-generic"):
        pipeline.options_of("kubernetes")


def test_one_pipeline_at_a_time(capsys):
    with jobs.locked(jobs.pipeline_root("quick") / "lock", wait=False):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["reproduce", "00_start_here"])
    assert stopped.value.code == 2 and "another pipeline is at work" in capsys.readouterr().err


@pytest.mark.slow
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


@pytest.fixture
def heard():
    """SIGINT and SIGHUP are heard, also where the tests run in the background of a shell or under nohup, which ignore them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler), signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, before[0])
    signal.signal(signal.SIGHUP, before[1])


@pytest.fixture
def interrupted(tmp_path, heard):
    """Waits for a command, and sends signals to this process once the command's job has begun and written `started`."""

    def wait(command, *numbers, **options):
        def send():
            while not (tmp_path / "started").exists() or not (tmp_path / "started").read_text():
                time.sleep(0.01)
            for number in numbers:
                os.kill(os.getpid(), number)
                time.sleep(3 * pipeline.INTERVAL)

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        with pytest.raises(KeyboardInterrupt):
            pipeline._wait(command, cwd=tmp_path, **options)
        sender.join()

    return wait


def job(seconds):
    return ["sh", "-c", f"echo $$ > started; sleep {seconds}; echo 1 > done"]


@pytest.mark.slow
def test_ctrl_c_says_that_it_waits_for_the_running_job(interrupted, tmp_path, capsys):
    interrupted(job(1.5), signal.SIGINT)
    assert (tmp_path / "done").exists()
    assert "no more jobs begin; waiting for those that run.  Ctrl-C again ends them" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [[signal.SIGINT, signal.SIGINT], [signal.SIGTERM], [signal.SIGHUP]], ids=str)
def test_a_second_ctrl_c_or_whoever_stops_it_ends_the_running_job(interrupted, tmp_path, capsys, numbers):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)
    interrupted(job(60), *numbers)
    assert ("waiting for" in capsys.readouterr().err) == (len(numbers) == 2)
    assert not (tmp_path / "done").exists() and not psutil.pid_exists(int((tmp_path / "started").read_text()))
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)) == before


def test_under_nohup_the_end_of_the_terminal_changes_nothing(tmp_path):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        command = [sys.executable, "-c", f"import os; os.kill({os.getpid()}, 1)"]
        assert pipeline._wait(command) == 0 and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.slow
def test_ctrl_c_lets_snakemakes_running_job_end_and_begins_no_other(interrupted, tmp_path):
    pytest.importorskip("snakemake")
    work = "echo 1 > started; sleep 4; echo 1 > {output}"
    rules = f'rule all:\n    input: "a", "b"\nrule job:\n    output: "{{name}}"\n    shell: "{work}"\n'
    (tmp_path / "Snakefile").write_text(rules)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--keep-going", "--nolock", "--quiet", "all"]
    interrupted(command, signal.SIGINT, ask=signal.SIGTERM)
    assert [(tmp_path / name).exists() for name in "ab"].count(True) == 1


def test_who_misses_the_first_signal_is_told_again(monkeypatch):
    monkeypatch.setattr(pipeline, "PATIENCE", 0.2)
    code = "import signal, sys, time; seen = []; " \
           "signal.signal(signal.SIGINT, lambda *_: seen.append(1) if len(seen) < 2 else sys.exit(len(seen))); " \
           "print('ready', flush=True); [time.sleep(0.05) for _ in range(600)]"  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        pipeline._stop(process)
        assert process.returncode == 2, "the third signal ends it"


@pytest.mark.slow
def test_without_snakemake_the_notebook_runs_directly(monkeypatch, capsys):
    monkeypatch.setattr(pipeline, "find_spec", lambda name: None)
    target = paths.results_root() / "quick" / "00_start_here.ipynb"
    assert pipeline.reproduce("quick", "00_start_here", dry_run=True) == 0
    assert "00_start_here: log in " in capsys.readouterr().out and not target.exists(), "a dry run says what it would do"
    for again in (False, True):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["reproduce", "00_start_here"])
        printed = capsys.readouterr().out
        assert stopped.value.code == 0 and target.exists()
        assert "  done     00_start_here" + " (before)" * again + "\n" in printed + "\n"
        assert ("making   00_start_here" in printed) != again
    with pytest.raises(SystemExit) as stopped:
        cli.main(["reproduce", "ablation_negatives", "--slurm"])
    assert stopped.value.code == 2 and "pip install" in capsys.readouterr().err
