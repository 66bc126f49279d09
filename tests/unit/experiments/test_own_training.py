"""What a person asks for goes together, is checked before a training, and is scored after it."""

import pytest
from painted import folder, save, scene

from rainmer_lib import atomic
from rainmer_lib.data.paired import PairedRain
from rainmer_lib.experiments.own_training import OwnPhotos, changes_since
from rainmer_lib.methods import METHODS


@pytest.fixture
def two(tmp_path):
    return str(folder(tmp_path / "rainy", range(8), rainy=True)), str(folder(tmp_path / "clean", range(100, 108)))


@pytest.fixture
def pairs(tmp_path):
    return str(folder(tmp_path / "in", range(40, 48), rainy=True)), str(folder(tmp_path / "gt", range(40, 48)))


def test_folders_that_do_not_go_together(two, pairs):
    for own, message in (({"rainy": two[0], "pairs": pairs}, "not both"), ({"clean": two[1]}, "--clean needs --rainy"),
                         ({"test": pairs}, "--test needs photos")):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            OwnPhotos(**own)
    assert not OwnPhotos().given and OwnPhotos(rainy="a").given and OwnPhotos(pairs=("a", "b")).given


def test_a_method_gets_the_kind_that_it_needs(two, pairs):
    with pytest.raises(ValueError, match="prenet is trained with pairs: give --pairs"):
        OwnPhotos(*two).load(METHODS["prenet"], 32)
    data = OwnPhotos(pairs=pairs).load(METHODS["prenet"], 32, lambda _: None)
    assert METHODS["prenet"].data(data, "quick").batch(0, 2, 32, 0).rainy.shape == (2, 3, 32, 32)
    whole = METHODS["rainmer"].data(data, "quick")
    assert isinstance(whole, PairedRain) and whole.batch(0, 2, 32, 0).rainy_whole.shape[0] == 2
    assert list(whole.held_out) == [data.name] and whole.fingerprint != data.fingerprint
    with pytest.raises(ValueError, match="rain of their own"):
        METHODS["rain_layer"].data(data, "quick")


def test_real_photos_are_for_methods_that_use_them(two, pairs, tmp_path):
    real = str(folder(tmp_path / "real", range(200, 208), rainy=True))
    with pytest.raises(ValueError, match="--real needs pairs beside it, --pairs RAINY CLEAN"):
        OwnPhotos(rainy=two[0], real=real)
    with pytest.raises(ValueError, match=r"--real is for semi-supervised methods \(sirr, .*\); prenet has no use for it"):
        OwnPhotos(pairs=pairs, real=real).load(METHODS["prenet"], 32)
    with pytest.raises(ValueError, match="sirr also learns from real rainy photos without partners: give --real FOLDER"):
        OwnPhotos(pairs=pairs).load(METHODS["sirr"], 32)
    with pytest.raises(ValueError, match="sirr is trained with pairs: give --pairs"):
        OwnPhotos(*two).load(METHODS["sirr"], 32)
    data = METHODS["sirr"].data(OwnPhotos(pairs=pairs, real=real).load(METHODS["sirr"], 32, lambda _: None), "quick")
    assert data.batch(0, 2, 32, 0).real.shape == (2, 3, 32, 32) and "real rainy photos without" in data.remarks[0]


def test_all_that_is_said_before_a_training(two, pairs):
    said = []
    data = OwnPhotos(*two, test=pairs).load(METHODS["dcdgan"], 32, said.append)
    assert sum("8 photos are few" in line for line in said) == 2, "not of a test set"
    assert data.remarks[0] == (
        f"drawn independently: 7 rainy photos, from {str(two[0])!r}, and 7 clean photos, from {str(two[1])!r}"
    )
    with pytest.raises(ValueError, match="leaks: 7 rainy training photos are in the test set"):
        OwnPhotos(*two, test=(two[0], two[0])).load(METHODS["dcdgan"], 32, said.append)
    OwnPhotos(*two, test=(two[0], two[0]), allow_duplicates=True).load(METHODS["dcdgan"], 32, said.append)
    assert any("leaks: 7 rainy" in line for line in said)


def test_a_changed_folder_is_said_with_its_files(two, tmp_path):
    def record_of():
        return OwnPhotos(*two).load(METHODS["dcdgan"], 32, lambda _: None).record

    record = record_of()
    assert changes_since(record) == [], "the first run on these folders"
    atomic.write_json(tmp_path / "runs" / "dcdgan-1" / "data.json", {"name": "own", **record})
    assert changes_since(record) == []
    (tmp_path / "rainy" / "0001.png").unlink()
    save(scene(200), tmp_path / "clean" / "new.png"), save(scene(201), tmp_path / "clean" / "0103.png")
    assert changes_since(record_of()) == [
        "the photos are not those of dcdgan-1, so this is another run:",
        f"  {two[0]}, gone: 0001.png", f"  {two[1]}, new: new.png", f"  {two[1]}, changed: 0103.png",
    ]  # fmt: skip


@pytest.mark.parametrize("content", [
    "", "x{", "[1]", "null", '{"rainy": 3}', '{"rainy": {"source": "."}}', '{"clean": {"source": ".", "files": 3}}', "\xff",
])  # fmt: skip
def test_a_damaged_record_of_another_run_is_named_and_stops_no_training(two, tmp_path, content):
    record = OwnPhotos(*two).load(METHODS["dcdgan"], 32, lambda _: None).record
    atomic.write_json(tmp_path / "runs" / "dcdgan-1" / "data.json", record)
    (tmp_path / "rainy" / "0001.png").unlink()
    other = tmp_path / "runs" / "dcdgan-2" / "data.json"
    atomic.write(other, lambda part: part.write_text(content, encoding="latin-1"))
    said = []
    OwnPhotos(*two).load(METHODS["dcdgan"], 32, said.append)
    assert f"{other}: damaged, so the photos are not compared with those of this run" in said
    assert f"  {two[0]}, gone: 0001.png" in said, "the others are compared"


def test_a_run_is_scored_beside_the_rainy_input(two, pairs, given_run, generator):
    own = OwnPhotos(*two, test=pairs)
    own.load(METHODS["dcdgan"], 32, lambda _: None)
    run = given_run("mine", 0, generator)
    run.folder.path.mkdir(parents=True)
    table = own.scores(run)
    assert set(table.method) == {"input", "mine"} and (table.images == 8).all()
    own.scores(run)
    assert run.asked == ["mine"], "the scores of each image are kept"
