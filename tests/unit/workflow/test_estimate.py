"""Hours of the training runs: from finished runs where there are any, and honest where there are none."""

from dataclasses import replace
from itertools import count

import pytest

from rainmer_lib import atomic, paths
from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.methods import METHODS
from rainmer_lib.training.run import RunFolder
from rainmer_lib.workflow import estimate, plan

PAPER, NOTEBOOKS = PROFILES["paper"], ["ablation_negatives", "ablation_losses"]


@pytest.fixture
def runs(without_data):
    return plan.planned_runs(PAPER, NOTEBOOKS)


def finish(run, seconds, key=None, **facts):
    """Leave a finished run where recorded ones are: `seconds` a step."""
    identity = run.row.method.identity(run.config, "f" if key is None else key)
    folder = RunFolder(paths.results_root() / "paper" / "runs", identity)
    folder.prepare(0)
    steps = facts.get("steps_of_last_part", run.config.steps)
    atomic.write_json(folder.finished, {"steps": run.config.steps, "seconds_of_last_part": seconds * steps, **facts})
    return identity.key


def never(method, config):
    raise AssertionError("timed although there are runs")


def test_steps_are_those_of_runs_of_the_configuration_then_of_the_method(runs):
    first = next(iter(runs.values()))
    same = [run for run in runs.values() if replace(run.config, seed=0) == replace(first.config, seed=0)]
    keys = [finish(run, seconds) for run, seconds in zip(same[:3], (1.0, 5.0, 2.0), strict=True)]
    found = estimate.table(PAPER, NOTEBOOKS, timed=never).set_index("run")
    assert list(found.index) == list(runs) and set(found.index[found.finished]) == set(keys)
    for key, run in runs.items():
        assert found.hours[key] == pytest.approx(2.0 * run.config.steps / 3600), "the median"
        assert found.source[key] == (estimate.RECORDED if run in same else estimate.OTHERS)


def test_a_run_that_was_cut_counts_the_steps_of_its_last_part(runs):
    finish(next(iter(runs.values())), 3.0, steps_of_last_part=10)
    assert estimate.table(PAPER, NOTEBOOKS, timed=never).hours[0] == pytest.approx(3.0 * 600 * 186 / 3600)


def test_without_runs_steps_are_timed_once_for_a_method(runs, tmp_path):
    finish(next(iter(runs.values())), 1.0)
    (next(iter((paths.results_root() / "paper" / "runs").iterdir())) / "config.json").write_text("{")
    timed = []

    def once(method, config):
        timed.append(method.name)
        return estimate.Cost(7.2, estimate.SCALED)

    told = []
    found = estimate.table(PAPER, NOTEBOOKS, timed=once, say=told.append)
    assert told == ["timing a step of DCD-GAN, of which there is no run"]
    assert timed == ["dcdgan"] and set(found.source) == {estimate.SCALED}
    assert found.hours.sum() == pytest.approx(sum(7.2 * run.config.steps / 3600 for run in runs.values()))
    lines = estimate.lines(PAPER, found)
    assert f"{found.hours.sum():.1f} of the hours are a guess" in lines[-1]


def test_data_are_not_made_where_no_run_can_be_named_by_them(monkeypatch, named_data):
    """Rainmer's would be rendered for minutes; as many runs as with its data."""
    asked = []
    monkeypatch.setattr(plan, "benchmark_pairs", lambda name: iter(()))
    monkeypatch.setattr(estimate, "unpaired", lambda name: asked.append(name))
    monkeypatch.setattr(plan, "data_of", lambda *_: pytest.fail("made"))
    notebooks = ["rainmer_ablations", "all_in_one", "self_training"]
    found = estimate.table(PAPER, notebooks, timed=lambda *_: estimate.Cost(1.0, estimate.SCALED))
    monkeypatch.setattr(plan, "data_of", lambda *_: named_data)
    assert set(asked) == {"bsd-streaks"} and not found.finished.any()
    assert len(found) == len(plan.planned_runs(PAPER, notebooks)) > 10


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
def test_steps_of_every_method_can_be_made_small(method):
    tried = estimate.reduced(method, method.at("paper"))
    assert tried.batch * tried.crop**2 <= method.at("paper").batch * method.at("paper").crop ** 2 and tried.seed == 0


def test_a_run_is_counted_once_and_what_is_left_is_said(runs):
    keys = [finish(run, 1.0) for run in list(runs.values())[:4]]
    found = estimate.table(PAPER, NOTEBOOKS, timed=never)
    lines = estimate.lines(PAPER, found)
    assert len(found) == len(runs) and found.run.is_unique
    total = next(line for line in lines if line.startswith("all ")).split()
    assert [int(number) for number in total[1:3]] == [len(runs), len(runs) - len(keys)]
    assert float(total[3]) == pytest.approx(found.hours.sum(), abs=0.1) and float(total[4]) < float(total[3])
    counted = [int(line.split()[1]) for line in lines if line.split()[0] in NOTEBOOKS]
    assert sum(counted) == len(runs) and "guess" not in lines[-1]


def test_a_profile_without_training_jobs():
    assert "there is nothing to estimate" in estimate.lines(PROFILES["quick"], estimate.table(PROFILES["quick"], []))[0]


def test_small_steps_count_times_the_pixels():
    """The clock goes on a second each time it is looked at: a step takes one."""
    method = METHODS["prenet"]
    quick, config = method.at("quick"), method.at("quick", batch=6, crop=2 * method.at("quick").crop)
    cost = estimate.time_steps(method, config, clock=count().__next__)
    assert cost.source == estimate.SCALED and cost.seconds == pytest.approx(6 / quick.batch * 4)


@pytest.mark.slow
def test_steps_with_whole_images_and_contrast_can_be_timed(micro_at_quick):
    method = METHODS["rainmer"]
    assert estimate.time_steps(method, method.at("quick", steps=12, view_size=32)).seconds > 0
