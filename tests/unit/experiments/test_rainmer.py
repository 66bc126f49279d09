"""Rainmer's notebooks: their data and test sets, the budget of the ablations, the printed table beside ours."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.experiments.rainmer import (
    EXPERIMENTS,
    PRINTED,
    ablation_rows,
    ablation_settings,
    beside_printed,
    on_domains,
)
from rainmer_lib.experiments.rainmer_rows import RAINMER, ROWS, rows
from rainmer_lib.experiments.records import published
from rainmer_lib.experiments.settings import Settings, WrongParameter

LAPTOP = PROFILES["laptop"]


def test_settings_of_a_notebook(streaked, quick, monkeypatch):
    plain = quick(streaked, seeds=1)
    found = on_domains(plain, printed=True)
    assert found.test_sets == ("day", "haze", "night"), "who chooses embedded photos is tested on those alone"
    assert found.suffix() == "" and replace(found, seeds=3).suffix() == "__seeds-3"
    assert found.data.mixed.view == RAINMER.at("quick").view_size
    monkeypatch.setattr("rainmer_lib.rainmer.method.aligned_rain", lambda *args, **given: found.data)
    real = on_domains(replace(plain, test_sets=("held-out", "rain12")))
    assert real.test_sets == ("day", "haze", "night", "rain12")


def test_an_experiment_is_scored_on_what_its_notebook_scores(monkeypatch):
    sets = {name: experiment.test_sets(LAPTOP) for name, experiment in EXPERIMENTS.items()}
    own = ("day", "haze", "night", *(name for name in LAPTOP.test_sets if name != "held-out"))
    assert set(sets) == set(ROWS) and sets["train_rainmer"] == own
    assert sets["rainmer_ablations"] == ("day", "haze", "night", "rain12")
    present = SimpleNamespace(present=lambda: True)
    monkeypatch.setattr("rainmer_lib.data.registry.lookup", lambda name: (name, present))
    assert set(EXPERIMENTS["rainmer_benchmarks"].test_sets(LAPTOP)) - set(own) >= {"gt-rain", "rain800"}
    assert EXPERIMENTS["train_rainmer"].test_sets(LAPTOP) == own


@pytest.mark.slow
def test_the_budget_is_every_rows():
    paper = PROFILES["paper"]
    large = Settings(paper, None, 1, ("day", "rain100l"), {"seeds": 0})
    assert ablation_settings(large, 0) == large and ablation_rows(paper, 0) == rows("rainmer_ablations", paper)
    settings = Settings(LAPTOP, None, 3, ("day", *LAPTOP.test_sets[1:]), {"seeds": 0})
    own = ablation_settings(settings, 0)
    assert own == ablation_settings(settings, 100) and ablation_rows(LAPTOP) == ablation_rows(LAPTOP, 200)
    assert ablation_rows(LAPTOP) == EXPERIMENTS["rainmer_ablations"].rows(LAPTOP), "what the pipeline trains"
    assert own.test_sets == ("day", "rain12") and own.seeds == 3
    assert {row.config.steps for row in ablation_rows(LAPTOP).values()} == {200}
    assert RAINMER.at("laptop").steps == 2000 == rows("train_rainmer", LAPTOP)["full"].config.steps
    fewer = ablation_rows(LAPTOP, 100)
    assert list(fewer) == list(ROWS["rainmer_ablations"])
    for label, row in rows("rainmer_ablations", LAPTOP).items():
        assert fewer[label] == replace(row, config=replace(row.config, steps=100))
    with pytest.raises(WrongParameter, match="expected 0"):
        ablation_settings(settings, -1)


def test_without_alignment_there_is_no_row_without_it():
    """Data that are not aligned to begin with have nothing to leave out."""
    every, fewer = ablation_rows(PROFILES["quick"]), ablation_rows(PROFILES["quick"], aligned=False)
    assert set(every) - set(fewer) == {"without alignment"} and all(fewer[label] == every[label] for label in fewer)



def scored_sets(names):
    rows = [("full", seed, name, "rainmer", 30.0 + seed, 0.9) for name in names for seed in range(2)]
    rows += [("full", 0, name, "prenet", 1.0, 0.1) for name in names] + [("input", -1, n, "rainmer", 2.0, 0.2) for n in names]
    return pd.DataFrame(rows, columns=["method", "seed", "test_set", "protocol", "psnr", "ssim"])


def test_the_printed_average_is_formed_over_all_its_sets_or_not_at_all(monkeypatch):
    printed = published("rainmer_results").set_index("test_set")
    assert list(printed.index) == [*PRINTED, "average"]
    some = beside_printed(scored_sets(["rain100l", "rain12", "day"]), "full")
    assert some.loc["Rain100L", "PSNR, here"] == "30.50" and some.loc["Rain100H", "PSNR, here"] == "absent"
    assert some.loc["average", "PSNR, here"] == some.loc["average", "SSIM, here"] == "not formed: 6 of 7 sets absent"
    assert (some["PSNR, printed"] == printed.psnr).all() and (some["SSIM, printed"] == printed.ssim).all()
    monkeypatch.setitem(PRINTED, "GTAV-balance", "gtav")
    every = scored_sets(PRINTED.values())
    every.loc[every.test_set == "gtav", "psnr"] += 7
    assert beside_printed(every, "full").loc["average", "PSNR, here"] == "31.50"
