"""Training jobs: the run of a key, on its own data, scored, and found again by the notebooks."""

from dataclasses import replace

import pandas as pd
import pytest

from rainmer_lib import paths
from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.experiments.all_in_one import METHODS as WEATHERS_OF
from rainmer_lib.experiments.all_in_one import PAIRS, RAIN_ONLY, WEATHERS, on_weathers
from rainmer_lib.experiments.all_in_one import rows as rows_of_weathers
from rainmer_lib.experiments.compare import compare
from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.experiments.rainmer import on_domains
from rainmer_lib.experiments.registry import EXPERIMENTS
from rainmer_lib.experiments.runs import train_run
from rainmer_lib.experiments.settings import Settings
from rainmer_lib.methods import METHODS
from rainmer_lib.workflow import plan, training_jobs
from rainmer_lib.workflow.jobs import Job
from rainmer_lib.workflow.training_jobs import train


def settings(profile):
    return Settings(profile, unpaired("embedded"), 1, ("held-out",), {"profile": "quick", "data": "auto", "seeds": 1})


def never(*_):
    pytest.fail("trains")


def only(experiments, profile, data, name):
    """Key and run of one seed's run of a row."""
    [found] = [item for item in plan.training_runs(experiments, profile, data).items() if str(item[1]) == name]
    return found


@pytest.mark.slow
def test_a_job_trains_and_scores_what_its_notebook_then_finds(micro_at_quick, monkeypatch):
    """The job of the run without alignment: other data, and the notebook trains nothing any more."""
    given = on_domains(settings(PROFILES["quick"]))
    label = "without alignment"
    key, run = only(["rainmer_ablations"], given.profile, given.data, f"{label}, seed 0")
    item = EXPERIMENTS["rainmer_ablations"]
    monkeypatch.setitem(EXPERIMENTS, "rainmer_ablations", replace(item, test_sets=lambda profile: ("haze",)))
    files = train(Job("quick", "runs", key))
    assert {f.parent for f in files} == {paths.runs_root() / key} and all(f.is_file() for f in files)
    assert [f.name for f in files if f.suffix == ".csv"] == ["scores-haze.csv"]
    scores = pd.read_csv(files[-1])
    assert set(scores.image.astype(str)) == {pair.name for pair in given.data.held_out["haze"]}
    other = run.row.data(given.data)
    again = train_run(label, replace(run.row.method, start=never), run.config, other, given.profile, say=lambda text: None)
    assert again.folder.path == paths.runs_root() / key and other.fingerprint != given.data.fingerprint


@pytest.mark.slow
def test_a_job_renders_its_weathers_alone_and_the_notebook_then_finds_its_run(micro_at_quick, monkeypatch):
    """The job of the model of rain: what it trains on is in memory and is what the notebook's run would train on."""
    monkeypatch.setitem(PAIRS, "quick", (3, 1))
    given = on_weathers(settings(PROFILES["quick"]))
    for name, experiment in EXPERIMENTS.items():
        if experiment.data is METHODS["rainmer"].data:
            monkeypatch.setitem(EXPERIMENTS, name, replace(experiment, data=lambda *_: pytest.fail("looks in all domains")))
    key, _ = only(["all_in_one"], given.profile, given.data, f"{RAIN_ONLY}, seed 0")
    seen = []
    monkeypatch.setattr(training_jobs, "train_run", lambda *words: seen.append(words[3]) or train_run(*words))
    files = train(Job("quick", "runs", key))
    assert [f.name for f in files if f.suffix == ".csv"] == [f"scores-{name}.csv" for name in WEATHERS]
    assert [type(domain.pairs) for domain in seen[0].domains] == [list], "rain alone, rendered"
    assert list(WEATHERS_OF) == [RAIN_ONLY, "all weathers"]
    row = rows_of_weathers(given.profile)[RAIN_ONLY]
    untrainable = {RAIN_ONLY: replace(row, method=replace(row.method, start=never))}
    comparison = compare(untrainable, given, say=lambda text: None)
    assert [run.folder.path for run in comparison.runs] == [paths.runs_root() / key]


@pytest.mark.parametrize(("key", "message"), [
    ("rainmer-0", "no notebook needs a run rainmer-0"), ("cut-0", "no notebook needs a run cut-0"),
    ("restormer-0", "must begin with .*dcdgan or .*rainmer"),
])  # fmt: skip
def test_a_key_that_nobody_needs_is_refused(key, message, named_data, monkeypatch):
    monkeypatch.setattr(training_jobs, "data_of", lambda experiment, profile, keep: named_data)
    with pytest.raises(ValueError, match=message):
        train(Job("quick", "runs", key))


def test_a_run_is_sought_among_the_experiments_of_its_method_alone(named_data, monkeypatch):
    asked = []
    monkeypatch.setattr(training_jobs, "data_of", lambda experiment, profile, keep: asked.append(experiment.data) or named_data)
    for key in ("cut-0", "dcdgan-0", "rainmer-0"):
        with pytest.raises(ValueError, match="no notebook needs"):
            train(Job("quick", "runs", key))
    dcdgan, weathers, rainmer = dict.fromkeys(experiment.data for experiment in EXPERIMENTS.values())
    assert asked == [dcdgan, dcdgan, weathers, rainmer]
