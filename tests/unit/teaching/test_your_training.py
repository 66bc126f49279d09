"""From two folders to a network in a notebook: checked at once, trained, looked at, measured."""

import numpy as np
import pytest
from painted import folder

from rainmer_lib.methods import METHODS
from rainmer_lib.teaching import your_training
from rainmer_lib.teaching.your_training import check_folders
from rainmer_lib.workflow.parameters import WrongParameter

CELL = 'profile: str = "quick"  # size\nrainy: str = ""  # rainy photos\nclean: str = ""  # clean ones'


def namespace(**given):
    known = {"profile": "quick", "rainy": "", "clean": ""}
    return known | given | {"In": [CELL, "# Parameters"]}


@pytest.fixture
def few_steps(at_quick):
    changes = METHODS["dcdgan"].sizes["quick"].changes
    at_quick(METHODS["dcdgan"], changes=changes | {"steps": 4, "warm_up": 1, "batch": 1, "patches": 16, "warm_up_batch": 2})


@pytest.mark.slow
def test_the_example_goes_the_whole_way(few_steps, capsys, tmp_path):
    training = check_folders(namespace())
    printed = capsys.readouterr().out
    assert "damaged.jpg: truncated" in printed and str(tmp_path) not in printed, "no path of this machine in a notebook"
    assert training.data.summary() == {"rainy photos": 5, "clean exemplars": 7, "held-out pairs": 1}
    run = your_training.train(training)
    assert your_training.contact_sheet(run).width > 900
    table = your_training.measures(run, training.data)
    assert list(table) == ["before", "after"] and table.iloc[0].between(10, 60).all() and table.after.iloc[1] > 10
    assert check_folders(namespace()).data.fingerprint == training.data.fingerprint, "the example is written once"


def test_own_folders_and_what_is_refused(tmp_path):
    rainy, clean = folder(tmp_path / "wet", range(8), rainy=True), folder(tmp_path / "dry", range(50, 58))
    training = check_folders(namespace(rainy=str(rainy), clean=str(clean)))
    assert training.data.photos == 7 and training.config == METHODS["dcdgan"].at("quick")
    with pytest.raises(WrongParameter, match="give `rainy` too"):
        check_folders(namespace(clean=str(clean)))
    with pytest.raises(ValueError, match="same folder"):
        check_folders(namespace(rainy=str(rainy), clean=str(rainy)))
    with pytest.raises(WrongParameter, match="quick, laptop, gpu, paper"):
        check_folders(namespace(profile="huge"))


def test_a_photo_too_small_for_niqe_has_no_number(tmp_path, generator_run):
    rainy, clean = folder(tmp_path / "wet", range(8), rainy=True), folder(tmp_path / "dry", range(50, 58))
    data = check_folders(namespace(rainy=str(rainy), clean=str(clean))).data
    table = your_training.measures(generator_run, data)
    assert np.isnan(table.loc["rainy photos: NIQE, lower is better"]).all()
    assert table.before.iloc[0] > 10 and np.isnan(table.before.iloc[1])


@pytest.fixture
def generator_run():
    """Whatever has a network."""

    class Given:
        def network(self):
            return METHODS["dcdgan"].network(METHODS["dcdgan"].at("quick")).eval()

    return Given()
