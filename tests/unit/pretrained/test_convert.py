"""Published weights, in the form of each author's file, as folders that derain."""

import json
import warnings

import pytest
import torch
from published_files import FILES

from rainmer_lib.methods import METHODS
from rainmer_lib.pretrained.convert import NETWORK_OF, configuration_of, convert, convertible
from rainmer_lib.pretrained.models import load_model, title_of


def test_every_method_with_published_weights_is_tested_here():
    assert set(convertible()) == set(FILES)
    assert {name for name, method in METHODS.items() if method.load_published} <= set(FILES)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
@pytest.mark.filterwarnings("ignore:.*its keys begin with module.")
def test_a_converted_folder_is_the_published_network(name, tmp_path):
    method, file, said = METHODS[NETWORK_OF.get(name, name)], FILES[name](name, tmp_path), []
    folder = convert(name, file, say=said.append)
    assert folder == tmp_path / name
    assert sorted(path.name for path in folder.iterdir()) == ["SHA256SUMS", "config.json", "model.safetensors"]
    published, converted, image = method.load_published(file), load_model(folder), torch.rand(1, 3, 32, 40)
    with torch.no_grad():
        assert torch.equal(converted(image), published(image)) and not converted.training
    stored = json.loads((folder / "config.json").read_text())
    assert stored["method"] == method.name and file.name in stored["data"]
    assert title_of(folder).startswith(f"{method.title}: ") and method.title in said[0] and "not to be passed on" in said[0]


def test_the_released_network_is_taken_where_it_differs_from_the_papers(tmp_path):
    config = json.loads((convert("spanet", FILES["spanet"]("spanet", tmp_path)) / "config.json").read_text())["config"]
    assert config["directional"] is False and config["width"] == 32
    with pytest.raises(ValueError, match="spanet: the published network is that of none of the presets paper, released"):
        configuration_of(METHODS["spanet"], METHODS["spanet"].network(METHODS["spanet"].config(width=4)))


def test_what_cannot_be_converted_is_said_and_nothing_is_written(tmp_path):
    file = FILES["prn_r"]("prn_r", tmp_path)
    with pytest.raises(ValueError, match="'dcdgan': no published weights are known. Choose one of prenet, "):
        convert("dcdgan", file)
    with pytest.raises(ValueError, match="does not hold the weights of a six-stage PRN;"):
        convert("prn", file)
    with pytest.raises(FileNotFoundError, match="nothing: no such file"):
        convert("prn_r", tmp_path / "nothing")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net_latest.pth"]


def test_other_files_are_never_replaced(tmp_path):
    file = FILES["prn_r"]("prn_r", tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    for taken in (tmp_path / "mine", file):
        with pytest.raises(FileExistsError, match="holds other files: give another place"):
            convert("prn_r", file, taken)
    assert (tmp_path / "mine" / "notes.txt").exists()
    first = convert("prn_r", file, tmp_path / "new")
    (first / "model.safetensors").write_bytes(b"damaged")
    assert convert("prn_r", file, tmp_path / "new") == first and load_model(first)


def test_a_network_that_would_change_is_refused(tmp_path, monkeypatch):
    """The folder's network is compared with the one that was read, before anything stands at its place."""
    file = FILES["prn_r"]("prn_r", tmp_path)
    build = METHODS["prn_r"].network
    monkeypatch.setattr("rainmer_lib.pretrained.convert.load_folder", lambda folder: build(METHODS["prn_r"].config()).eval())
    with warnings.catch_warnings(), pytest.raises(ValueError, match="gives another output than the published one"):
        convert("prn_r", file)
    assert not (tmp_path / "prn_r").exists()
