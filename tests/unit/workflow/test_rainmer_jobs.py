"""Rainmer's training runs as jobs: each once, shared by its notebooks, under the keys that notebooks give them."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from rainmer_lib import paths
from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.experiments.all_in_one import METHODS, PAIRS, RAIN_ONLY, WEATHERS, compare, on_weathers
from rainmer_lib.experiments.rainmer import data_of, identity_of, on_domains, train_run
from rainmer_lib.experiments.rainmer_rows import COMPARISONS, methods
from rainmer_lib.rainmer.config import paper
from rainmer_lib.rainmer.sizes import IMAGES, PROFILES, sized
from rainmer_lib.workflow import jobs, plan, programs
from rainmer_lib.workflow.jobs import Job
from rainmer_lib.workflow.parameters import Settings

LAPTOP, RAINMER, OF_WEATHERS = PROFILES["laptop"], programs.PROGRAMS["rainmer"], programs.PROGRAMS["weathers"]
DATA = SimpleNamespace(
    fingerprint="f", unaligned=lambda keep: SimpleNamespace(fingerprint="unaligned"),
    only=lambda weathers: SimpleNamespace(fingerprint="+".join(weathers)),
)  # fmt: skip


def test_runs_are_shared_by_the_notebooks_that_need_them():
    """Against the plain loop over every notebook, method and seed."""
    needed = {}
    for item in COMPARISONS:
        size = sized(item, LAPTOP)
        for method, config in methods(item, size).items():
            for seed in range(LAPTOP.seeds):
                fingerprint = "unaligned" if method == "without alignment" else "f"
                needed.setdefault(identity_of(replace(config, seed=seed), fingerprint).key, set()).add(item)
    found = plan.training_runs(RAINMER, LAPTOP, DATA, COMPARISONS)
    assert {key: set(run.items) for key, run in found.items()} == needed and all(key.startswith("rainmer-") for key in found)
    shared = [set(run.items) for run in found.values() if run.config.seed == 0 and len(run.items) > 1]
    assert shared == [set(COMPARISONS) - {"rainmer_ablations"}], "the full model; ablations have a budget of their own"
    rows = len(COMPARISONS["rainmer_ablations"]) + len(COMPARISONS["rainmer_benchmarks"])
    assert len(found) == LAPTOP.seeds * rows, "two ablations are one run"
    assert {run.config.steps for run in found.values() if run.items == ("rainmer_ablations",)} == {300}
    assert plan.training_runs(RAINMER, LAPTOP, DATA, ["ablation_negatives"]) == {}


def test_a_model_of_rain_alone_and_one_of_all_weathers_are_trained_for_each_seed():
    """Alike but for what they are shown, under the keys that the notebook gives them."""
    found = plan.training_runs(OF_WEATHERS, LAPTOP, DATA, ["all_in_one", "rainmer_ablations"])
    config = LAPTOP.apply(paper)
    assert {key: run.method for key, run in found.items()} == {
        identity_of(replace(config, seed=seed), "+".join(weathers)).key: method
        for seed in range(LAPTOP.seeds) for method, weathers in METHODS.items()
    }  # fmt: skip
    assert len(found) == 2 * LAPTOP.seeds and {run.items for run in found.values()} == {("all_in_one",)}


def test_a_plan_holds_the_runs_of_all_programs(monkeypatch):
    monkeypatch.setattr(plan, "benchmark_pairs", lambda name: iter(()))
    for name, program in list(programs.PROGRAMS.items()):
        monkeypatch.setitem(programs.PROGRAMS, name, replace(program, data=lambda profile, keep: DATA))
    found = plan.planned_runs(LAPTOP, ["train_dcdgan", "train_rainmer", "real_world", "all_in_one"])
    assert {run.items for key, run in found.items() if key.startswith("rainmer-")} == {("train_rainmer",), ("all_in_one",)}
    assert {i for key, run in found.items() if key.startswith("dcdgan-") for i in run.items} == {"train_dcdgan", "real_world"}


@pytest.fixture
def micro_profile(micro, monkeypatch):
    """The profile `quick` with runs of a few steps, for notebooks and for the pipeline."""
    changes = {name: getattr(micro, name) for name in ("width", "embedding", "blocks", "heads", "crop", "view_size", "batch")}
    changes |= {"negatives": 2, "archive": 4, "steps": 4, "accumulate": 1, "cycles": (1,), "cycle_floors": (1e-6,)}
    small = replace(PROFILES["quick"], changes=changes, log_every=2, save_every=100)
    monkeypatch.setitem(PROFILES, "quick", small)
    monkeypatch.setitem(IMAGES, "quick", 8)
    return small


def test_a_job_trains_and_scores_what_its_notebook_then_finds(micro_profile, monkeypatch):
    """The job of the run without alignment: other data, and the notebook trains nothing any more."""
    given = {"profile": "quick", "data": "auto", "seeds": 1}
    settings = on_domains(Settings(micro_profile, unpaired("embedded"), 1, ("held-out",), given))
    label = "without alignment"
    [(key, run)] = [found for found in plan.training_runs(RAINMER, micro_profile, settings.data, ["rainmer_ablations"]).items()
                    if str(found[1]) == f"{label}, seed 0"]  # fmt: skip
    monkeypatch.setitem(programs.PROGRAMS, "rainmer", replace(RAINMER, test_sets=lambda profile, items: ("haze",)))
    files = jobs.train(Job("quick", "runs", key))
    assert {f.parent for f in files} == {paths.runs_root() / key} and all(f.is_file() for f in files)
    assert [f.name for f in files if f.suffix == ".csv"] == ["scores-haze.csv"]
    scores = pd.read_csv(files[-1])
    assert set(scores.image.astype(str)) == {pair.name for pair in settings.data.held_out["haze"]}
    monkeypatch.setattr("rainmer_lib.rainmer.step.Trainer.start", lambda *args: pytest.fail("trains"))
    other = data_of(label, settings.data)
    again = train_run(label, run.config, other, micro_profile, say=lambda text: None)
    assert again.folder.path == paths.runs_root() / key and other.fingerprint != settings.data.fingerprint


def test_a_job_renders_its_weathers_alone_and_the_notebook_then_finds_its_run(micro_profile, monkeypatch):
    """The job of the model of rain: what it trains on is in memory and is what the notebook's run would train on."""
    given = {"profile": "quick", "data": "auto", "seeds": 1}
    monkeypatch.setitem(PAIRS, "quick", (3, 1))
    settings = on_weathers(Settings(micro_profile, unpaired("embedded"), 1, ("held-out",), given))
    monkeypatch.setitem(programs.PROGRAMS, "rainmer", replace(RAINMER, data=lambda *args: pytest.fail("looks in all domains")))
    [key] = [name for name, run in plan.training_runs(OF_WEATHERS, micro_profile, settings.data, ["all_in_one"]).items()
             if str(run) == f"{RAIN_ONLY}, seed 0"]  # fmt: skip
    seen = []
    monkeypatch.setitem(programs.PROGRAMS, "weathers", replace(
        OF_WEATHERS, train=lambda label, config, data, size: seen.append(data) or train_run(label, config, data, size)))
    files = jobs.train(Job("quick", "runs", key))
    assert [f.name for f in files if f.suffix == ".csv"] == [f"scores-{name}.csv" for name in WEATHERS]
    assert [type(domain.pairs) for domain in seen[0].domains] == [list], "rain alone, rendered"
    monkeypatch.setattr("rainmer_lib.rainmer.step.Trainer.start", lambda *args: pytest.fail("trains"))
    monkeypatch.setattr("rainmer_lib.experiments.all_in_one.METHODS", {RAIN_ONLY: METHODS[RAIN_ONLY]})
    comparison = compare(settings.profile.apply(paper), settings, say=lambda text: None)
    assert [run.folder.path for run in comparison.runs] == [paths.runs_root() / key]


def test_a_run_is_scored_on_what_its_notebooks_score(monkeypatch):
    sets = ("day", "haze", "night", *(name for name in LAPTOP.test_sets if name != "held-out"))
    assert RAINMER.test_sets(LAPTOP, ("train_rainmer", "rainmer_ablations")) == sets
    assert RAINMER.test_sets(LAPTOP, ("rainmer_ablations",)) == ("day", "haze", "night", "rain12", "raincityscapes60")
    present = SimpleNamespace(present=lambda: True)
    monkeypatch.setattr("rainmer_lib.data.registry.lookup", lambda name: (name, present))
    assert set(RAINMER.test_sets(LAPTOP, ("rainmer_benchmarks",))) - set(sets) >= {"gt-rain", "rain800"}


@pytest.mark.parametrize(("key", "message"), [("rainmer-0", "no notebook needs a run rainmer-0"), ("cut-0", "must begin with")])
def test_a_key_that_nobody_needs_is_refused(key, message, monkeypatch):
    for name in ("weathers", "rainmer"):
        monkeypatch.setitem(programs.PROGRAMS, name, replace(programs.PROGRAMS[name], data=lambda profile, keep: DATA))
    with pytest.raises(ValueError, match=message):
        jobs.train(Job("quick", "runs", key))
