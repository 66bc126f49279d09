"""Every method of `METHODS`: what it says of itself, its network, its training, and its runs.  No method is named here."""

import re
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from rainmer_lib import cli
from rainmer_lib.baselines.prior_based import PriorDerainer
from rainmer_lib.baselines.supervised import Trainer as SupervisedTrainer
from rainmer_lib.data.unpaired import unpaired
from rainmer_lib.experiments.experiment import parameters_of
from rainmer_lib.experiments.profiles import PROFILES
from rainmer_lib.experiments.runs import train_run
from rainmer_lib.inference.derain import derain
from rainmer_lib.methods import METHODS
from rainmer_lib.methods import method as method_named
from rainmer_lib.metrics.protocols import quantise
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.pretrained.models import load_model, method_of, read_config
from rainmer_lib.training.method import KINDS

QUICK = PROFILES["quick"]
STEPS = 4  # of a training that is cut in the middle


@pytest.fixture(scope="module", params=METHODS.values(), ids=METHODS)
def method(request):
    return request.param


@cache
def data_of(make):
    """What `make` trains on at profile quick: the embedded photos; made once for the methods that share it."""
    return make(unpaired(QUICK.data), QUICK.name)


def shortened(config, steps):
    """The fields of a run of so few steps; a warm-up, where there is one, takes half of them."""
    return {"steps": steps} | ({"warm_up": min(config.warm_up, steps // 2)} if hasattr(config, "warm_up") else {})


def steps_of(trainer, config, method, count):
    """The terms of the next steps, on the data of the method."""
    data = data_of(method.data)
    return [trainer.train_step(data.batch(trainer.step, trainer.crops, config.crop, config.seed)) for _ in range(count)]


def assert_equal(one, two):
    """Nested dicts, lists and tensors, bit for bit."""
    if isinstance(one, torch.Tensor):
        assert one.dtype == two.dtype and torch.equal(one, two)
    elif isinstance(one, dict):
        assert list(one) == list(two)
        for name in one:
            assert_equal(one[name], two[name])
    elif isinstance(one, list | tuple):
        assert len(one) == len(two)
        for a, b in zip(one, two, strict=True):
            assert_equal(a, b)
    else:
        assert one == two


def sorted_as(kind, weights):
    """Weights by name, those that are no counters as this type; None leaves them."""
    return {name: v.to(kind) if kind and v.is_floating_point() else v for name, v in sorted(weights.items())}


def test_methods_are_found_by_their_names():
    assert all(method_named(name) is found and found.name == name for name, found in METHODS.items())
    assert len({found.title for found in METHODS.values()}) == len(METHODS)
    with pytest.raises(ValueError, match=f"method 'nothing': choose one of {', '.join(METHODS)}"):
        method_named("nothing")


def test_it_says_what_it_is(method):
    assert re.fullmatch("[a-z][a-z0-9_]*", method.name), "begins the names of folders, before a hyphen"
    assert method.supervision in ("unpaired", "paired", "semi-supervised")
    assert method.kind in KINDS and (method.kind == "supervised") == (method.supervision == "paired")
    assert (method.kind == "prior-based") == isinstance(method.network(method.at("quick")), PriorDerainer)
    assert isinstance(method.version, int) and method.version >= 1
    assert all(text.strip() for text in (method.title, method.family, method.citation))
    assert method.describe(method.at("quick")).strip()


def test_it_has_a_size_for_every_profile(method):
    known = {field.name: field.default for field in fields(method.config)}
    assert {"seed", "steps", "batch", "crop"} <= set(known) and set(method.sizes) == set(PROFILES)
    for name, size in method.sizes.items():
        assert size.duration.strip() and min(size.log_every, size.save_every) >= 1
        assert set(size.changes) | set(size.scaled) <= set(known)
        assert method.at(name).seed == 0 and parameters_of(method, method.at(name)) > 0
    steps = [method.at(name).steps for name in PROFILES]
    assert steps == sorted(set(steps)), "each larger than the one before"
    assert not method.sizes["paper"].scaled, "at paper the balance of the objective is the paper's"


def test_it_has_presets_of_which_the_papers_is_the_default(method):
    assert "paper" in method.presets
    for name, changes in method.presets.items():
        config = method.at("paper", name)
        assert {field: getattr(config, field) for field in changes} == dict(changes)
    assert method.at("paper") == method.at("paper", "paper")
    with pytest.raises(ValueError, match=f"{method.name} has no preset 'nothing': choose one of {', '.join(method.presets)}"):
        method.at("quick", "nothing")


def test_a_configuration_and_its_data_name_a_run(method):
    config = method.at("quick")
    key = method.identity(config, "data").key
    assert re.fullmatch(f"{method.name}-[0-9a-f]{{12}}", key) and method.identity(replace(config), "data").key == key
    others = {method.identity(replace(config, seed=1), "data").key, method.identity(config, "other").key}
    others |= {replace(method, version=method.version + 1).identity(config, "data").key}
    assert len(others | {key}) == 4


def test_weights_of_its_authors_are_asked_for_where_there_are_any(method, tmp_path):
    if method.load_published is not None:
        with pytest.raises(FileNotFoundError, match=str(tmp_path / "weights")):
            method.load_published(tmp_path / "weights")


def test_its_network_maps_images_to_images(method):
    torch.manual_seed(0)
    network = method.network(method.at("quick")).eval()
    assert isinstance(network, Derainer)
    side = -(-max(32, network.smallest) // network.multiple) * network.multiple
    images = torch.rand(1, 3, side, side)
    with torch.no_grad():
        output, stages = network(images), network.stages(images)
    assert output.shape == images.shape and output.dtype == images.dtype and torch.isfinite(output).all()
    assert all(stage.shape == images.shape for stage in stages) and torch.equal(stages[-1], output)
    photo = np.random.default_rng(0).integers(0, 256, (side + 5, side + 18, 3), dtype=np.uint8)
    result = derain(network, photo)
    assert result.shape == photo.shape and 0 <= result.min() and result.max() <= 1, "any size, whole photos"


@pytest.mark.slow
def test_a_training_step_works_on_its_own_data(method):
    config = method.at("quick")
    trainer = method.start(config, "cpu")
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    [terms] = steps_of(trainer, config, method, 1)
    assert trainer.step == 1 and terms and all(value.ndim == 0 and torch.isfinite(value) for value in terms.values())
    assert any(not torch.equal(value, before[name]) for name, value in trainer.model.state_dict().items())
    exported = trainer.averages["derain"].weights()
    assert {name: value.shape for name, value in exported.items()} == {
        name: value.shape for name, value in method.network(config).state_dict().items()
    }  # fmt: skip


@pytest.mark.slow
def test_every_parameter_learns_and_a_batch_is_fitted(method):
    """Of what the shared trainer trains: three steps move every parameter, twenty on one batch lower its error."""
    config = method.at("quick")
    trainer = method.start(config, "cpu")
    if not isinstance(trainer, SupervisedTrainer):
        pytest.skip("has a trainer of its own, whose tests say what each term reaches")
    before = {name: value.detach().clone() for name, value in trainer.model.named_parameters()}
    batch = data_of(method.data).batch(0, trainer.crops, config.crop, 0)

    def error():
        network = trainer.model.eval()
        with torch.no_grad():
            found = (network(batch.rainy) - batch.clean).square().mean().item()
        network.train()
        return found

    errors = [error()]
    for step in range(1, 21):
        trainer.train_step(batch)
        if step == 3:
            idle = [name for name, value in trainer.model.named_parameters() if torch.equal(value, before[name])]
            assert not idle, "no gradient reaches them"
    errors.append(error())
    assert errors[1] < 0.8 * errors[0], errors


def test_its_weights_are_a_function_of_the_seed(method):
    config, starts = method.at("quick"), []
    for seed in (0, 0, 1):
        torch.manual_seed(seed + len(starts))  # what was drawn before does not count
        starts.append(method.start(replace(config, seed=seed), "cpu").model.state_dict())
    assert_equal(starts[0], starts[1])
    assert any(not torch.equal(value, starts[2][name]) for name, value in starts[0].items())


@pytest.mark.slow
def test_a_training_that_was_cut_goes_on_with_the_same_bits(method, tmp_path):
    config = replace(method.at("quick"), **shortened(method.at("quick"), STEPS))
    whole = method.start(config, "cpu")
    expected = steps_of(whole, config, method, STEPS)
    first = method.start(config, "cpu")
    steps_of(first, config, method, STEPS // 2)
    torch.save(first.state(), tmp_path / "checkpoint.pt")
    torch.manual_seed(7)  # another process, which has drawn other numbers
    second = method.start(config, "cpu")
    second.restore(torch.load(tmp_path / "checkpoint.pt", weights_only=True))
    assert second.step == STEPS // 2
    assert_equal(steps_of(second, config, method, STEPS - STEPS // 2), expected[STEPS // 2 :])
    assert_equal(second.model.state_dict(), whole.model.state_dict())
    assert_equal(second.averages["derain"].weights(), whole.averages["derain"].weights())
    assert_equal(second.state(), whole.state())


@pytest.fixture(scope="module")
def finished(method, tmp_path_factory):
    """A finished run of two steps, and the folder of the runs."""
    folder = tmp_path_factory.mktemp(method.name)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAINMER_RUNS", str(folder))
        config = replace(method.at("quick"), **shortened(method.at("quick"), 2))
        return train_run("label", method, config, data_of(method.data), QUICK, say=lambda text: None)


@pytest.mark.slow
def test_a_finished_run_is_a_model(method, finished):
    folder, network = finished.folder.path, finished.network()
    exported = load_file(folder / "derain.safetensors")
    assert {name: value.shape for name, value in network.state_dict().items()} == {n: v.shape for n, v in exported.items()}
    assert_equal(sorted_as(torch.float32, network.state_dict()), sorted_as(torch.float32, exported))
    trainer = method.start(finished.config, "cpu")
    trainer.restore(finished.folder.load_checkpoint("cpu"))
    averaged = trainer.averages["derain"].weights()
    assert_equal(sorted_as(None, exported), sorted_as(torch.float16, averaged))
    loaded = load_model(folder)
    assert type(loaded) is type(network) and not loaded.training and method_of(folder) is method
    assert_equal(loaded.state_dict(), network.state_dict())
    assert read_config(folder) == finished.config
    assert method.identity(read_config(folder), finished.folder.identity.data).key == folder.name


@pytest.mark.slow
def test_a_finished_run_is_shared_and_loaded_again(method, finished, tmp_path, monkeypatch):
    pytest.importorskip("huggingface_hub", reason='needs the hub: pip install "rainmer[hub]"')
    from rainmer_lib.pretrained.hub import PretrainedDerainer

    monkeypatch.setenv("RAINMER_DATA", str(tmp_path / "nothing"))  # whose card would be looked up there
    first = PretrainedDerainer.from_pretrained(finished.folder.path)
    first.save_pretrained(tmp_path / "shared")
    again = PretrainedDerainer.from_pretrained(tmp_path / "shared")
    for network in (first.network, again.network, load_model(tmp_path / "shared")):
        assert_equal(network.state_dict(), finished.network().state_dict())
    assert again.run == first.run == finished.folder.identity.description()
    assert again.card.endswith(first.card) and all(text in first.card for text in (method.title, method.citation))
    image = torch.rand(1, 3, 37, 50, generator=torch.Generator().manual_seed(0))
    assert torch.equal(again(image), first(image)) and again(image).shape == image.shape


@pytest.fixture
def command(finished, tmp_path, monkeypatch):
    """Runs a command of `rainmer` beside the finished run: its exit code must be 0."""
    monkeypatch.setenv("RAINMER_RUNS", str(finished.folder.path.parent))
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path / "nothing"))

    def run(*words):
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(word) for word in words])
        assert not stopped.value.code

    return run


@pytest.mark.slow
def test_the_command_line_derains_with_a_finished_run(finished, command, tmp_path):
    source, target = tmp_path / "in.png", tmp_path / "out.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 51, 3), dtype=np.uint8)).save(source)
    command("derain", source, target, "--model", finished.folder.path)
    expected = quantise(derain(finished.network(), np.asarray(Image.open(source))), "round")
    assert np.array_equal(np.asarray(Image.open(target)), expected)


@pytest.mark.slow
def test_the_command_line_trains_it_and_finds_the_run_again(method, finished, command, capsys):
    written = (finished.folder.path / "derain.safetensors").stat().st_mtime_ns
    changes = [f"{name}={value}" for name, value in shortened(method.at("quick"), 2).items()]
    command("train", "--method", method.name, *(word for change in changes for word in ("--set", change)))
    assert capsys.readouterr().out.splitlines()[-1] == f"finished: {finished.folder.path}"
    assert (finished.folder.path / "derain.safetensors").stat().st_mtime_ns == written
    command("list")
    assert method.name in capsys.readouterr().out
