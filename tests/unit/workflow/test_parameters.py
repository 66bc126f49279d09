"""Strict parameters: names, types, values, data; from a parameters cell and what papermill injects behind it."""

from dataclasses import replace

import published_sets
import pytest
from painted import folder

from rainmer_lib import paths
from rainmer_lib.experiments.experiment import describe
from rainmer_lib.experiments.registry import rows
from rainmer_lib.methods import METHODS
from rainmer_lib.workflow.parameters import WrongParameter, check_parameters, check_values, check_walkthrough

CELL = '''profile: str = "quick"  # size of the experiment: quick, laptop or paper
data: str = "auto"  # training set
seeds: int = 0  # training runs per row'''


def check(injected="", **values):
    namespace = {"profile": "quick", "data": "auto", "seeds": 0} | values
    cells = ["", CELL, *([f"# Parameters\n{injected}"] if injected else []), "check_parameters(globals())"]
    return check_parameters(namespace | {"In": cells})


@pytest.mark.slow
def test_defaults_pass():
    settings = check()
    assert (settings.profile.name, settings.data.name, settings.seeds) == ("quick", "embedded", 1)
    assert settings.suffix() == ""


@pytest.mark.slow
def test_changed_parameters_never_replace_the_profiles_own_results():
    assert check("seeds = 3", seeds=3).suffix() == "__seeds-3"
    assert check('data = "embedded"', profile="laptop", data="embedded").suffix() == "__data-embedded"


def test_minutes_need_not_be_declared_and_are_those_of_every_run():
    settings = check("minutes = 2", minutes=2, profile="gpu", data="embedded")
    assert settings.profile.minutes == 2 and settings.suffix().endswith("__minutes-2")
    assert rows("ablation_negatives", settings.profile)["both"].config.minutes == 2.0
    assert rows("ablation_negatives", replace(settings.profile, minutes=0))["both"].config.minutes == 9.0


@pytest.mark.parametrize(("injected", "values", "message"), [
    ('profil = "laptop"', {}, "no such parameter: profil. This notebook has\n  profile: str = 'quick'  size of"),
    ("", {"profile": "huge"}, "choose one of quick, laptop, gpu, paper"),
    ("", {"data": "rain900"}, "choose one of auto, embedded, bsd-streaks"),
    ("", {"seeds": "three"}, "seeds='three': expected int"),
    ("", {"seeds": True}, "seeds=True: expected int"),
    ("", {"seeds": -1}, "number of runs"),
    ("minutes = -1", {"minutes": -1}, "minutes=-1: expected 0"),
    ("minutes = 'nine'", {"minutes": "nine"}, "minutes='nine': expected float"),
])  # fmt: skip
def test_wrong_parameters(injected, values, message):
    with pytest.raises(WrongParameter, match=message):
        check(injected, **values)


def test_walkthroughs_have_other_parameters_and_the_same_checks():
    cell = 'profile: str = "quick"  # size\nimages: int = 5  # how many'
    known = {"profile": "quick", "images": 5}

    def walk(injected="", **values):
        return check_walkthrough(known | values | {"In": [cell, f"# Parameters\n{injected}"]})

    assert walk()["profile"].name == "quick" and walk("images = 2", images=2)["images"] == 2
    for injected, values, message in (("image = 2", {}, "no such parameter: image"), ("", {"images": 0}, "at least 1"),
                                      ("", {"images": "2"}, "expected int"), ("", {"profile": "big"}, "quick")):  # fmt: skip
        with pytest.raises(WrongParameter, match=message):
            walk(injected, **values)


@pytest.fixture
def published(monkeypatch, tmp_path):
    """A folder of data with Rain800, whose counts nobody expects."""
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    published_sets.accept_few(monkeypatch)
    published_sets.make(tmp_path, "rain800")
    return tmp_path


def test_test_sets_and_steps_follow_a_published_training_set(published):
    settings = check('data = "rain800"', profile="paper", data="rain800")
    assert settings.test_sets == ("held-out", "rain800") and settings.suffix() == "__data-rain800"
    compared = rows("ablation_negatives", settings.profile)
    assert {row.config.steps for row in compared.values()} == {600 * 9}
    told = describe(compared, settings)
    assert "steps: 420000 -> 5400" in told and "9 rainy and 9 clean photos of Rain800, drawn independently" in told
    quick = check("", data="rain800-halves").profile
    steps = rows("ablation_negatives", quick)["both"].config.steps
    assert steps == METHODS["dcdgan"].at("quick").steps, "a small profile's steps are its own"


def test_a_missing_test_set_of_a_published_one_is_found_before_training(published):
    for path in (published / "Rain800" / "test").iterdir():
        path.unlink()
    (published / "Rain800" / "test").rmdir()
    with pytest.raises(FileNotFoundError, match="Rain800 is not there"):
        check('data = "rain800"', data="rain800")


def test_folders_of_ones_own_are_training_data_too(tmp_path, capsys):
    rainy, clean = folder(tmp_path / "wet", range(8), rainy=True), folder(tmp_path / "dry", range(50, 58))
    settings = check("", data=f"folder:{rainy}|{clean}")
    assert settings.test_sets == ("held-out",)
    assert settings.suffix().startswith("__data-wet+dry-") and "/" not in settings.suffix()
    assert "8 photos are few" in capsys.readouterr().out
    with pytest.raises(ValueError, match="60 pixels, smaller than the crop of 256"):  # the crop of the paper
        check("", profile="paper", data=f"folder:{rainy}|{clean}")
    for wrong, message in (("folder:", "expected folder:RAINY.CLEAN"), (f"folder:{tmp_path}/none|{clean}", "no such folder")):
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            check("", data=wrong)


def test_missing_data(monkeypatch, tmp_path):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="set RAINMER_DATA"):
        check(profile="laptop")


@pytest.mark.slow
def test_the_embedded_photos_need_no_real_test_set(monkeypatch, tmp_path):
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    assert check(profile="laptop", data="embedded").test_sets == ("held-out",)


@pytest.mark.data
def test_a_missing_test_set_is_found_before_training(monkeypatch, tmp_path):
    for name in ("BSDS500", "GargStreaks", "Rain12"):
        (tmp_path / name).symlink_to(paths.data_root() / name)
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="Rain100L.*is not there"):
        check(profile="laptop")


def test_the_parameters_cell_must_have_run():
    with pytest.raises(WrongParameter, match="run the parameters cell first"):
        check_parameters({"In": ["", "import os"]})


@pytest.mark.slow
def test_a_runner_without_history_is_checked_by_annotations():
    """nbval stores no cells; the annotations of the parameters cell remain."""
    namespace = {"profile": "quick", "data": "auto", "seeds": 0}
    namespace |= {"__annotations__": {"profile": str, "data": str, "seeds": int}, "In": [""]}
    assert check_parameters(namespace).profile.name == "quick"
    with pytest.raises(WrongParameter, match="expected int"):
        check_parameters(namespace | {"seeds": "1"})
    with pytest.raises(WrongParameter, match="run the parameters cell first"):
        check_parameters({"In": [""]})


@pytest.mark.parametrize(("given", "walkthrough", "message"), [
    ({"profile": "huge"}, False, "choose one of quick"), ({"data": "rain80"}, False, "choose one of auto, .*published"),
    ({"seeds": -1}, False, "number of runs"), ({"images": 0}, True, "at least 1"),
])  # fmt: skip
def test_values_are_checked_without_data(given, walkthrough, message):
    with pytest.raises(WrongParameter, match=message):
        check_values(given, walkthrough=walkthrough)


def test_values_that_are_right_or_unknown_here_pass():
    check_values({"profile": "laptop", "data": "published", "seeds": 0, "photo": "x", "strength": 0})
    check_values({"profile": "quick", "images": 1}, walkthrough=True)
