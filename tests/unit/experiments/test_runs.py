"""Training runs: trained once, found again, loaded with their own network; tables that are kept beside them."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from random_runs import random_run
from safetensors.torch import load_file

from rainmer_lib import paths
from rainmer_lib.data.unpaired import embedded
from rainmer_lib.experiments import runs as module
from rainmer_lib.experiments.experiment import Row
from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.experiments.runs import networks_of, run_in, train_rows, train_run
from rainmer_lib.methods import METHODS
from rainmer_lib.networks.resnet_generator import ResNetGenerator
from rainmer_lib.rainmer.aligned import aligned_rain
from rainmer_lib.rainmer.model import DerainingNetwork, build_network
from rainmer_lib.training import seal
from rainmer_lib.training.run import RunFolder

QUICK, RAINMER, DCDGAN = PROFILES["quick"], METHODS["rainmer"], METHODS["dcdgan"]


def quiet(text):
    """Print nothing."""


def never(*_):
    pytest.fail("trains")


@pytest.fixture(scope="module")
def rain(streaked):
    return aligned_rain(streaked, images=8, view=16)


@pytest.fixture(scope="module")
def photos():
    return embedded()


def test_a_run_is_trained_once_and_loaded_as_it_was_exported(rain, micro):
    config = replace(micro, steps=4)
    run = train_run("full", RAINMER, config, rain, QUICK, quiet)
    assert run.folder.identity.key.startswith("rainmer-")
    network, exported = run.network(), load_file(run.folder.path / "derain.safetensors")
    assert isinstance(network, DerainingNetwork) and not network.training
    fresh = build_network(config).state_dict()
    assert all(torch.equal(value.cpu(), exported[name].float()) for name, value in network.state_dict().items())
    assert any(not torch.allclose(fresh[name], value.float(), atol=1e-3) for name, value in exported.items()), "untrained"
    untrainable = replace(RAINMER, start=never)
    again = train_run("the same", untrainable, config, rain, QUICK, quiet)
    assert again.folder.path == run.folder.path and again.label == "the same"
    with pytest.raises(pytest.fail.Exception, match="trains"):
        train_run("another", untrainable, replace(config, seed=1), rain, QUICK, quiet)


def test_weights_of_another_network_are_refused(rain, micro):
    run = train_run("full", RAINMER, replace(micro, steps=4), rain, QUICK, quiet)
    with pytest.raises(ValueError, match="not the weights of this configuration"):
        replace(run, config=replace(micro, views=())).network()


def test_a_run_is_loaded_with_the_network_of_its_method(tiny, photos):
    run = train_run("full", DCDGAN, replace(tiny, steps=2), photos, QUICK, quiet)
    network, exported = run.network(), load_file(run.folder.path / "derain.safetensors")
    assert isinstance(network, ResNetGenerator) and not network.training
    assert all(torch.equal(value.cpu(), exported[name].float()) for name, value in network.state_dict().items())
    assert {key: type(value) for key, value in networks_of([run]).items()} == {("full", 0): ResNetGenerator}
    (run.folder.path / "derain.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=f"derain.safetensors(.|\n)*Delete {run.folder.path}"):
        run.network()


def test_a_run_from_given_weights_is_another_run(tiny, photos):
    config, began = replace(tiny, steps=2), []
    plain = train_run("plain", DCDGAN, config, photos, QUICK, quiet)

    def start(*given):
        began.append(given)
        return DCDGAN.start(*given)

    other = train_run("other", DCDGAN, config, photos, QUICK, quiet, start=start, origin="dcdgan-0123")
    assert began == [(config, module.device())] and other.folder.path != plain.folder.path
    assert other.folder.identity == DCDGAN.identity(config, f"{photos.fingerprint} from dcdgan-0123")


@pytest.mark.parametrize("place", ["results", "repository"])
def test_a_recorded_run_is_found_where_runs_are_kept(tiny, photos, place, tmp_path, monkeypatch):
    """In the results of this machine, or in those of the repository; at quick it would be trained."""
    monkeypatch.setattr(paths, "REPOSITORY", tmp_path / "repository")
    root = {"results": paths.results_root(), "repository": tmp_path / "repository" / "results"}[place]
    kept, config = replace(QUICK, keeps_runs=True), replace(tiny, steps=2)
    recorded = RunFolder(root / "quick" / "runs", DCDGAN.identity(config, photos.fingerprint))
    recorded.path.mkdir(parents=True)
    recorded.append_log({"step": 2, "colour": 0.5})
    recorded.finished.write_text("{}")
    said, untrainable = [], replace(DCDGAN, start=never)
    found = train_run("full", untrainable, config, photos, kept, said.append)
    assert found.folder.path == recorded.path and said == ["full, seed 0: step 2/2  colour 0.500"]
    with pytest.raises(pytest.fail.Exception, match="trains"):
        train_run("full", untrainable, config, photos, QUICK, quiet)


def test_a_recorded_run_that_lost_its_export_is_made_again_elsewhere(tiny, photos):
    """One of which only scores are kept, whose seal has no weights, is found."""
    kept, config, said = replace(QUICK, keeps_runs=True), replace(tiny, steps=2), []
    recorded = RunFolder(paths.results_root() / "quick" / "runs", DCDGAN.identity(config, photos.fingerprint))
    recorded.path.mkdir(parents=True)
    recorded.finished.write_text("{}")
    seal.seal(recorded.path, ["finished.json"])
    assert train_run("full", replace(DCDGAN, start=never), config, photos, kept, said.append).folder.path == recorded.path
    (recorded.path / "derain.safetensors").touch()
    seal.seal(recorded.path, ["derain.safetensors"])
    (recorded.path / "derain.safetensors").unlink()
    found = train_run("full", DCDGAN, config, photos, kept, said.append)
    assert found.folder.path != recorded.path and found.network()
    assert said[0] == f"full, seed 0: {recorded.path} lost its derain.safetensors: restore it (git checkout); " + (
        "the run is made again elsewhere")


def test_runs_are_made_for_every_seed_and_row_each_on_its_own_data(quick, monkeypatch):
    made, asked = [], []
    monkeypatch.setattr(module, "train_run", lambda label, method, config, data, profile, say: made.append(
        (label, method, config.seed, data, profile.name)))  # fmt: skip

    def other(data):
        asked.append(data)
        return "other data"

    rows = {"a": Row(DCDGAN, DCDGAN.config()), "b": Row(RAINMER, RAINMER.config(), data=other)}
    settings = quick(SimpleNamespace(name="embedded"), ("held-out", "rain12"), seeds=2)
    train_rows(rows, settings)
    expected = [("a", DCDGAN, settings.data), ("b", RAINMER, "other data")]
    assert made == [(label, method, seed, data, "quick") for seed in (0, 1) for label, method, data in expected]
    assert asked == [settings.data], "data are made once for all seeds"


def test_a_table_is_measured_once_and_again_where_it_does_not_fit(given_run):
    run, measured = given_run("ours", 0), []

    def measure():
        measured.append(1)
        return pd.DataFrame({"image": ["007", "8"], "psnr": [1 / 3, 2.0]})

    first = run.kept("scores-x", measure)
    assert first.image.tolist() == ["007", "8"] and first.psnr.tolist() == [0.333333, 2.0]
    assert run.kept("scores-x", measure).equals(first) and len(measured) == 1
    assert run.kept("scores-x", measure, lambda table: len(table) == 2).equals(first) and len(measured) == 1
    with pytest.warns(UserWarning, match="measured again"):
        run.kept("scores-x", measure, lambda table: len(table) == 3)
    run.kept("scores-y", measure)
    assert len(measured) == 3
    assert {p.name for p in run.folder.path.iterdir()} == {"scores-x.csv", "scores-y.csv", "SHA256SUMS"}


def test_a_finished_run_is_found_by_its_folder(tmp_path):
    folder = random_run(tmp_path, "rain_layer", "0123456789abcdef", seed=3, width=8, blocks=1)
    run = run_in(folder)
    assert (run.label, run.seed, run.method) == ("rain layer, varied rain", 3, METHODS["rain_layer"])
    assert run.folder.path == folder and run.folder.identity.data == "0123456789abcdef" and run.config.width == 8
    exported = load_file(folder / "derain.safetensors")
    assert all(torch.equal(value, exported[name].float()) for name, value in run.network().state_dict().items())


def test_a_folder_that_is_not_that_of_a_finished_run_is_refused(tmp_path):
    """Unfinished, or under a name under which nobody would find it again."""
    with pytest.raises(FileNotFoundError, match="not the folder of a finished run"):
        run_in(random_run(tmp_path, finished=False))
    with pytest.raises(FileNotFoundError, match="not the folder of a finished run"):
        run_in(tmp_path)
    folder = random_run(tmp_path)
    with pytest.raises(ValueError, match=f"by its config.json this run is {folder.name}"):
        run_in(folder.rename(tmp_path / "other"))
