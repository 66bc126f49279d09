"""`rainmer train`, `rainmer reproduce` and `rainmer list`."""

import errno
import sys

import published_sets
import pytest
from painted import folder

from rainmer_lib.methods import METHODS
from rainmer_lib.pretrained.models import DEFAULT, MODELS, shipped
from rainmer_lib.training.run import RunFolder
from rainmer_lib.workflow import runner


@pytest.mark.slow
def test_train_prints_the_folder_that_derain_takes(run, photo, tmp_path, capsys):
    changes = ("steps=2", "warm_up=0", "batch=1", "negatives=internal", "learning_rate=1e-4")
    assert run("train", *(word for change in changes for word in ("--set", change))) == 0
    folder = capsys.readouterr().out.splitlines()[-1].removeprefix("finished: ")
    assert run("derain", photo(tmp_path / "a.png"), tmp_path / "b.png", "--model", folder) == 0


FEW_STEPS = [word for change in ("steps=4", "warm_up=0", "batch=1", "patches=16") for word in ("--set", change)]


@pytest.fixture
def own(tmp_path):
    """A command on eight rainy photos and eight clean ones of other scenes."""
    rainy, clean = folder(tmp_path / "rainy", range(8), rainy=True), folder(tmp_path / "clean", range(100, 108))
    return ["train", "--rainy", rainy, "--clean", clean, *FEW_STEPS]


@pytest.mark.slow
def test_own_photos_give_a_model_a_contact_sheet_and_derained_photos(run, own, photo, tmp_path, capsys):
    tests = [folder(tmp_path / name, range(40, 42), rainy=name == "in") for name in ("in", "gt")]
    assert run(*own, "--test", *tests) == 0
    printed = capsys.readouterr().out
    made = tmp_path / "runs" / printed.splitlines()[-1].rpartition("/")[2]
    assert f"contact sheet: {made}/contact_sheet.png" in printed and (made / "contact_sheet.png").is_file()
    assert "prenet" in printed and "DCD-GAN (paper)" in printed and "drawn independently: 7 rainy photos, from" in printed
    assert run("derain", tmp_path / "rainy", tmp_path / "out", "--model", made) == 0
    assert len(list((tmp_path / "out").iterdir())) == 8
    before = (made / "finished.json").stat().st_mtime_ns
    assert run(*own) == 0 and (made / "finished.json").stat().st_mtime_ns == before, "found, not trained again"
    (tmp_path / "clean" / "0100.png").unlink()
    capsys.readouterr()
    assert run(*own) == 0
    printed = capsys.readouterr().out
    assert f"the photos are not those of {made.name}" in printed and "gone: 0100.png" in printed
    assert len(list((tmp_path / "runs").glob("dcdgan-*"))) == 2


@pytest.mark.slow
def test_a_run_on_own_photos_can_be_shared(run, own, tmp_path):
    hub = pytest.importorskip("rainmer_lib.pretrained.hub", reason="needs the hub", exc_type=ImportError)
    assert run(*own) == 0
    (made,) = (tmp_path / "runs").glob("dcdgan-*")
    hub.PretrainedDerainer.from_pretrained(made).save_pretrained(tmp_path / "shared")
    card = (tmp_path / "shared" / "README.md").read_text()
    assert "7 rainy photos" in card and "7 clean exemplars" in card and "0000.png" not in card
    assert run("derain", tmp_path / "rainy", tmp_path / "out", "--model", tmp_path / "shared") == 0


@pytest.mark.slow
def test_a_published_set_says_how_it_differs_from_the_papers(run, tmp_path, capsys):
    published_sets.make(tmp_path / "data", "spa-data")
    assert run("train", "--data", "spa-data", *FEW_STEPS) == 0
    printed = capsys.readouterr().out
    assert "9 rainy and 9 clean photos of SPA-Data, drawn independently" in printed and "contact sheet: " in printed


@pytest.mark.slow
def test_a_supervised_method_takes_pairs(run, tmp_path, capsys):
    places = [folder(tmp_path / name, range(8), rainy=name == "in") for name in ("in", "gt")]
    assert run("train", "--method", "paired_generator", "--pairs", *places, "--set", "steps=2", "--set", "batch=1") == 0
    assert "7 pairs of" in capsys.readouterr().out


@pytest.mark.slow
def test_a_semi_supervised_method_takes_pairs_and_real_photos(run, tmp_path, capsys):
    places = [folder(tmp_path / name, range(8), rainy=name == "in") for name in ("in", "gt")]
    real = folder(tmp_path / "real", range(200, 208), rainy=True)
    assert run("train", "--method", "sirr", "--pairs", *places, "--real", real, "--set", "steps=2") == 0
    printed = capsys.readouterr().out
    assert "7 pairs of" in printed and "7 real rainy photos of" in printed and "contact sheet: " in printed


FULL = {
    "append_log": OSError(errno.ENOSPC, "No space left on device"),
    "save_checkpoint": RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534"),  # of torch.save
}


@pytest.mark.slow
@pytest.mark.parametrize("where", FULL)
def test_a_full_disk_loses_nothing(run, own, monkeypatch, capsys, where, at_quick):
    """Nothing can be written at step 4; the checkpoint of an earlier step is whole and the run goes on from it."""
    really, full = getattr(RunFolder, where), [True]

    def refuse(self, content):
        if content["step"] == 4 and full[0]:
            raise FULL[where]
        really(self, content)

    monkeypatch.setattr(RunFolder, where, refuse)
    at_quick(METHODS["dcdgan"], save_every=2, log_every=2)
    assert run(*own) == 2
    message = capsys.readouterr().err
    assert "the disk is full" in message and "goes on from its last checkpoint" in message
    full[0] = False
    assert run(*own) == 0 and "going on from step 2 of 4" in capsys.readouterr().out


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
    "no such profile": (["train", "--profile", "huge"], "quick, laptop, gpu, paper"),
    "minutes twice": (["train", "--minutes", "2", "--set", "minutes=3"], "--minutes 2 and --set minutes=3: give one"),
    "minutes and steps": (["train", "--minutes", "2", "--set", "steps=3"], "--minutes 2 and --set steps=3: give one"),
    "minutes of a warm-up": (["train", "--minutes", "2"], "a warm-up is counted in steps"),
    "no such preset": (["train", "--preset", "mine"], "paper, released"),
    "no such data": (["train", "--data", "rain900"], "choose one of"),
    "data absent, published": (["train", "--data", "rain800"], "Rain800 is not there"),
    "two sources": (["train", "--data", "embedded", "--rainy", "photos"], "not both"),
    "rainy and pairs": (["train", "--rainy", "photos", "--pairs", "photos", "photos"], "not both"),
    "clean alone": (["train", "--clean", "photos"], "--clean needs --rainy"),
    "no such folder": (["train", "--rainy", "nowhere"], "nowhere: no such folder"),
    "one photo": (["train", "--rainy", "photos"], "photos: 1 photo to train on, at least 4 are needed"),
    "an empty folder": (["train", "--rainy", "folder"], "folder: no images in it, it holds nothing"),
    "the same folder twice": (["train", "--rainy", "photos", "--clean", "photos"], "are the same folder"),
    "unpaired photos for a method with pairs": (["train", "--method", "prenet", "--rainy", "photos"], "give --pairs"),
    "real photos without pairs": (["train", "--method", "sirr", "--real", "photos"], "--real needs pairs beside it"),
    "real photos for another method": (
        ["train", "--method", "prenet", "--pairs", "photos", "photos", "--real", "photos"], "prenet has no use for it",
    ),
    "no real photos": (["train", "--method", "sirr", "--pairs", "photos", "photos"], "give --real FOLDER"),
    "no tensorboard": (["train", "--tensorboard"], "rainmer[tensorboard]"),
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
    "no such profile as parameter": (["reproduce", "benchmarks", "-p", "profile=huge"], "quick, laptop, gpu, paper"),
    "no profile": (["reproduce", "derain_your_photo", "--profile", "laptop", "-p", "strength=1"], "does not depend on"),
    "no such parameter": (["reproduce", "ablation_negatives", "-p", "sedes=1"], "no such parameter"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "message"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_one_message(words, message, refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    refused(words, message)


@pytest.mark.parametrize(("words", "message"), [
    (["--method", "gmm"], "trained by one process, not by 3"), (["--method", "prenet"], "3 processes cannot share it evenly"),
])  # fmt: skip
def test_what_several_processes_cannot_train_is_said_before_data_are_read(words, message, refused, monkeypatch):
    monkeypatch.setattr("rainmer_lib.training.processes.join", lambda: 3)
    monkeypatch.setattr("rainmer_lib.data.unpaired.unpaired", None)
    refused(["train", *words], message)


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
