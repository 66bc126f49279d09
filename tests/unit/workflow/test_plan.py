"""The plan: every training run once, shared by the notebooks that need it, under the keys that they give it."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from rainmer_lib import paths
from rainmer_lib.dcdgan import step as dcdgan_step
from rainmer_lib.experiments import all_in_one, dcdgan, rainmer, table1
from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.experiments.rainmer_rows import ROWS
from rainmer_lib.experiments.registry import EXPERIMENTS, rows
from rainmer_lib.methods import METHODS
from rainmer_lib.rainmer import step as rainmer_step
from rainmer_lib.training.run import RunIdentity
from rainmer_lib.workflow import plan, runner

LAPTOP = PROFILES["laptop"]
VERSIONS = {"rainmer": rainmer_step.METHOD_VERSION, **dict.fromkeys(dcdgan.UNPAIRED_METHODS, dcdgan_step.METHOD_VERSION)}


def key(row, seed, fingerprint):
    name = row.method.name
    return RunIdentity(name, replace(row.config, seed=seed), fingerprint, VERSIONS[name]).key


def test_runs_are_shared_by_the_notebooks_of_dcdgan_that_need_them(named_data):
    """Against the plain loop over every notebook, row and seed."""
    needed = {}
    for item in dcdgan.EXPERIMENTS:
        for row in rows(item, LAPTOP).values():
            for seed in range(EXPERIMENTS[item].at(LAPTOP).seeds):
                needed.setdefault(key(row, seed, "f"), set()).add(item)
    found = plan.training_runs(dcdgan.EXPERIMENTS, LAPTOP, named_data)
    assert {name: set(run.experiments) for name, run in found.items()} == needed
    full = found[key(rows("train_dcdgan", LAPTOP)["full"], 0, "f")]
    assert set(full.experiments) == set(dcdgan.EXPERIMENTS) == set(full.notebooks) and str(full) == "full, seed 0"
    # five seeds of the full model, five other rows of Table 4, two of Table 5, one of Table 6; three of the three other
    # methods, the released objective and two self-trained rows
    assert len(found) == 5 * 9 + 3 * 6
    assert {run.row.method.name for run in found.values()} == {"dcdgan", "cyclegan", "cut", "dclgan"}
    assert all(name.startswith(f"{run.row.method.name}-") for name, run in found.items())


@pytest.mark.parametrize("notebook", table1.COMPARED)
def test_every_system_that_a_notebook_compares_has_its_jobs(notebook, named_data):
    found = plan.training_runs([notebook], LAPTOP, named_data)
    assert {run.row.method.name for run in found.values()} == set(table1.COMPARED[notebook])
    assert len(found) == sum(len(row.seeds(LAPTOP.seeds)) for row in rows(notebook, LAPTOP).values())


def test_runs_are_shared_by_the_notebooks_of_rainmer_that_need_them(named_data):
    """Against the plain loop over every notebook, row and seed."""
    needed = {}
    for item in ROWS:
        for label, row in rows(item, LAPTOP).items():
            for seed in row.seeds(EXPERIMENTS[item].at(LAPTOP).seeds):
                fingerprint = "f, unaligned" if label == "without alignment" else "f"
                needed.setdefault(key(row, seed, fingerprint), set()).add(item)
    found = plan.training_runs(ROWS, LAPTOP, named_data)
    assert {name: set(run.experiments) for name, run in found.items()} == needed
    assert all(name.startswith("rainmer-") for name in found)
    shared = [set(run.experiments) for run in found.values() if run.config.seed == 0 and len(run.experiments) > 1]
    assert shared == [set(ROWS) - {"rainmer_ablations"}], "the full model; ablations have a budget of their own"
    count = sum(
        len(row.seeds(EXPERIMENTS[item].at(LAPTOP).seeds))
        for item in ("rainmer_ablations", "rainmer_benchmarks") for row in rows(item, LAPTOP).values()
    )  # fmt: skip
    assert len(found) == count, "two ablations are one run"
    assert {run.config.steps for run in found.values() if run.experiments == ("rainmer_ablations",)} == {200}


def test_a_model_of_rain_alone_and_one_of_all_weathers_are_trained_for_each_seed(named_data):
    """Alike but for what they are shown, under the keys that the notebook gives them."""
    found, number = plan.training_runs(["all_in_one"], LAPTOP, named_data), EXPERIMENTS["all_in_one"].at(LAPTOP).seeds
    config = METHODS["rainmer"].at("laptop", **all_in_one.CHANGES["laptop"])
    assert {name: run.label for name, run in found.items()} == {
        METHODS["rainmer"].identity(replace(config, seed=seed), f"f, {'+'.join(weathers)}").key: label
        for seed in range(number) for label, weathers in all_in_one.METHODS.items()
    }  # fmt: skip
    assert len(found) == 2 * number and {run.experiments for run in found.values()} == {("all_in_one",)}


def test_experiments_are_grouped_by_their_data_in_the_order_of_the_registry():
    names = ["train_rainmer", "all_in_one", "application", "application-rainmer", "train_dcdgan"]
    assert plan.grouped(names) == [["train_dcdgan", "application"], ["all_in_one"], ["train_rainmer", "application-rainmer"]]
    assert plan.grouped(["ablation_negatives"]) == [["ablation_negatives"]] and plan.grouped([]) == []


def test_a_plan_holds_the_runs_of_all_methods(without_data):
    found = plan.planned_runs(LAPTOP, ["train_dcdgan", "train_rainmer", "real_world", "all_in_one"])
    notebooks = {run.notebooks for name, run in found.items() if name.startswith("rainmer-")}
    assert notebooks == {("train_rainmer",), ("all_in_one",)}
    shared = [i for name, run in found.items() if name.startswith("dcdgan-") for i in run.notebooks]
    assert set(shared) == {"train_dcdgan", "real_world"}
    both = plan.planned_runs(LAPTOP, ["application"])
    assert {run.notebooks for run in both.values()} == {("application",)}
    assert {run.experiments for run in both.values()} == {("application",), ("application-rainmer",)}


def test_fingerprints_alone_are_asked_for(monkeypatch, named_data):
    """Naming the runs renders nothing in advance."""
    monkeypatch.setattr(plan, "benchmark_pairs", lambda name: iter(()))
    monkeypatch.setattr(plan, "unpaired", lambda name: name)
    asked = []
    for name in ("train_dcdgan", "all_in_one", "train_rainmer"):
        monkeypatch.setitem(EXPERIMENTS, name, replace(
            EXPERIMENTS[name], data=lambda *given, name=name: asked.append((name, *given)) or named_data))  # fmt: skip
        plan.planned_runs(LAPTOP, [name])
    assert asked == [(name, "bsd-streaks", "laptop", False) for name in ("train_dcdgan", "all_in_one", "train_rainmer")]


def test_the_plan_names_the_recorded_runs():
    """What notebooks train is what the plan trains: the keys in the committed record."""
    record = json.loads((paths.REPOSITORY / "results" / "laptop" / "ablation_negatives.json").read_text())
    data = SimpleNamespace(fingerprint=record["data"]["sha256_16"])
    found = plan.training_runs(["ablation_negatives"], LAPTOP, data)
    assert set(found) == {run["run"] for run in record["runs"]}


def test_short_runs_get_no_jobs_and_absent_data_stop_the_plan(monkeypatch, tmp_path):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    assert plan.planned_runs(PROFILES["quick"], ["ablation_negatives"]) == {}
    assert plan.planned_runs(LAPTOP, ["walkthroughs/02_measuring_deraining"]) == {}
    assert plan.planned_runs(PROFILES["quick"], ["train_rainmer"]) == {}
    for item in ("ablation_negatives", "train_rainmer"):
        with pytest.raises(FileNotFoundError, match="RAINMER_DATA"):
            plan.planned_runs(LAPTOP, [item])


def test_a_run_is_scored_on_what_its_notebooks_score(monkeypatch):
    def sets_of(*names):
        return plan.TrainingRun("", None, None, names).test_sets(LAPTOP)

    sets = ("day", "haze", "night", *(name for name in LAPTOP.test_sets if name != "held-out"))
    assert sets_of("train_rainmer", "rainmer_ablations") == sets
    assert sets_of("rainmer_ablations") == ("day", "haze", "night", "rain12")
    assert sets_of("all_in_one") == ("rain", "drops", "snow") and sets_of("benchmarks", "train_dcdgan") == LAPTOP.test_sets
    present = SimpleNamespace(present=lambda: True)
    monkeypatch.setattr("rainmer_lib.data.registry.lookup", lambda name: (name, present))
    assert set(sets_of("rainmer_benchmarks")) - set(sets) >= {"gt-rain", "rain800"}
    assert rainmer.EXPERIMENTS["rainmer_benchmarks"] is EXPERIMENTS["rainmer_benchmarks"]


def test_choosing_a_notebook():
    everything = runner.notebooks()
    assert plan.choose(PROFILES["quick"], None) == everything
    assert set(everything) - set(plan.choose(LAPTOP, None)) == {s for s in everything if not runner.has_profiles(s)}
    assert "00_start_here" not in plan.choose(LAPTOP, None)
    with pytest.raises(ValueError, match="does not depend on the profile: reproduce it at profile quick"):
        plan.choose(LAPTOP, "00_start_here")
    with pytest.raises(FileNotFoundError, match="no notebook table_9; there are"):
        plan.choose(LAPTOP, "table_9")


def test_items_without_a_notebook_are_to_come(monkeypatch):
    entry = SimpleNamespace(notebook="table_7", source=paths.REPOSITORY / "notebooks" / "table_7.ipynb")
    monkeypatch.setattr(plan.catalogue, "ITEMS", (*plan.catalogue.ITEMS, entry))
    assert "table_7" in plan.to_come() and not set(plan.to_come()) & set(runner.notebooks())
    with pytest.raises(FileNotFoundError, match="no notebook table_7 yet; there are"):
        plan.choose(LAPTOP, "table_7")
