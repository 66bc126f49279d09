"""`rainmer train`, `rainmer reproduce` and `rainmer list`."""

import pytest

from rainmer_lib.methods import METHODS
from rainmer_lib.pretrained.models import DEFAULT, MODELS, shipped
from rainmer_lib.workflow import runner


@pytest.mark.slow
def test_train_prints_the_folder_that_derain_takes(run, photo, tmp_path, capsys):
    changes = ("steps=2", "warm_up=0", "batch=1", "negatives=internal", "learning_rate=1e-4")
    assert run("train", *(word for change in changes for word in ("--set", change))) == 0
    folder = capsys.readouterr().out.splitlines()[-1].removeprefix("finished: ")
    assert run("derain", photo(tmp_path / "a.png"), tmp_path / "b.png", "--model", folder) == 0


def test_list_shows_items_and_models(run, capsys):
    assert run("list") == 0
    printed = capsys.readouterr().out
    assert "ablation_negatives" in printed and f"{DEFAULT} " in printed and "weights absent" in printed
    lines = {line.split()[1]: line for line in printed.splitlines() if line.startswith("model ")}
    assert list(lines) == list(MODELS) and all(model.title in lines[name] for name, model in MODELS.items())
    assert [name for name, line in lines.items() if line.endswith("(auto, the default)")] == [DEFAULT]
    assert all(" M parameters, trained with" in lines[name] for name in shipped())
    for name, method in METHODS.items():
        line = next(line for line in printed.splitlines() if line.startswith("method ") and line.split()[1] == name)
        assert method.supervision in line and method.family in line and method.citation in line


WRONG = {
    "no such method": (["train", "--method", "restormer"], "choose one of dcdgan, rainmer"),
    "no such field of another method": (["train", "--method", "rainmer", "--set", "patches=3"], "rainmer has no such field"),
    "negative seed": (["train", "--seed", "-1"], "--seed"),
    "no such field": (["train", "--set", "depth=3"], "no such field"),
    "no value": (["train", "--set", "width"], "expected FIELD=VALUE"),
    "wrong type": (["train", "--set", "width=wide"], "expected int"),
    "wrong value": (["train", "--set", "negatives=none"], "internal, external, both"),
    "no such profile": (["train", "--profile", "huge"], "quick, laptop, paper"),
    "no such preset": (["train", "--preset", "mine"], "paper, released"),
    "no such data": (["train", "--data", "rain800"], "choose one of"),
    "data absent": (["train", "--data", "bsd-streaks"], "RAINMER_DATA"),
    "seed is no number": (["train", "--seed", "one"], "valid integer"),
    "no such item": (["reproduce", "table_9"], "there are"),
    "a table's name": (["reproduce", "Table 5"], "did you mean ablation_negatives?"),
    "nearly a notebook": (["reproduce", "ablation-negative", "-p", "seeds=1"], "did you mean ablation_negatives?"),
    "seed twice": (["train", "--seed", "3", "--set", "seed=5"], "--seed 3 and --set seed=5: give one of them"),
    "a field twice": (["train", "--set", "width=3", "--set", "width=4"], "--set width: given twice, 3 and 4"),
    "a parameter twice": (["reproduce", "ablation_negatives", "-p", "seeds=1", "-p", "seeds=2"], "-p seeds: given twice"),
    "a parameter without value": (["reproduce", "ablation_negatives", "-p", "seeds"], "-p seeds: expected NAME=VALUE"),
    "no literal": (["reproduce", "ablation_negatives", "-p", "seeds=["], "seeds='[': expected int"),
    "profile twice": (["reproduce", "benchmarks", "--profile", "laptop", "-p", "profile=paper"], "give one of them"),
    "no such profile as parameter": (["reproduce", "benchmarks", "-p", "profile=huge"], "quick, laptop, paper"),
    "no profile": (["reproduce", "derain_your_photo", "--profile", "laptop", "-p", "strength=1"], "does not depend on"),
    "no such parameter": (["reproduce", "ablation_negatives", "-p", "sedes=1"], "no such parameter"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_one_message(words, message, refused):
    refused(words, message)


def test_list_shows_the_results_of_the_folder_that_is_set(run, capsys, tmp_path):
    assert run("list") == 0
    assert all("no results yet" in line for line in capsys.readouterr().out.splitlines() if line.startswith("DCD-GAN"))
    (tmp_path / "results" / "laptop").mkdir(parents=True)
    (tmp_path / "results" / "laptop" / "cross_domain.ipynb").touch()
    assert run("list") == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "cross_domain" in line)
    assert " laptop " in line and "quick" not in line


@pytest.mark.parametrize(("words", "expected"), [
    (["derain_your_photo", "-p", "photo=[1] a.png", "-p", "strength=0.5"],
     ["derain_your_photo", "-p", "photo", "[1] a.png", "-p", "strength", "0.5"]),
    (["benchmarks", "-p", "seeds=1"], ["benchmarks", "--profile", "quick", "-p", "seeds", "1"]),
    (["benchmarks", "-p", "profile=laptop", "-p", "data=a=b"], ["benchmarks", "--profile", "laptop", "-p", "data", "a=b"]),
])  # fmt: skip
def test_a_notebook_gets_the_parameters_that_it_has(run, monkeypatch, words, expected):
    given = []
    monkeypatch.setattr(runner, "main", lambda words: given.append(words) or 0)
    assert run("reproduce", *words) == 0 and given == [expected]
