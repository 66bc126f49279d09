"""DCD-GAN's generator trained with pairs: the same network and size, and runs of its own."""

from dataclasses import fields, replace

import pytest
import torch

from rainmer_lib.baselines.paired_generator import METHOD
from rainmer_lib.baselines.supervised import Pairs
from rainmer_lib.dcdgan import paper
from rainmer_lib.dcdgan.method import METHOD as DCDGAN
from rainmer_lib.experiments.profiles import profile
from rainmer_lib.experiments.runs import train_run
from rainmer_lib.networks.rain_layer_generator import RainLayerGenerator
from rainmer_lib.networks.resnet_generator import ResNetGenerator


@pytest.fixture
def config():
    return METHOD.config(
        width=4, blocks=2, antialias=False, global_residual=True, crop=32, steps=30, batch=2, learning_rate=2e-3, ema=0.9
    )


def test_the_loss_is_the_distance_to_the_photo_without_rain(config, on_photos):
    trainer, batch = METHOD.start(config), Pairs(on_photos).batch(0, 2, 32, 0)
    assert (batch.rainy - batch.clean).min() >= -1e-6, "a pair: rain only adds light"
    with torch.no_grad():
        expected = (trainer.model(batch.rainy) - batch.clean).abs().mean()
    torch.testing.assert_close(trainer.train_step(batch)["distance"], expected)


def test_it_learns(config, on_photos):
    trainer, batch = METHOD.start(config), Pairs(on_photos).batch(0, 2, 32, 0)
    losses = [trainer.train_step(batch)["distance"].item() for _ in range(30)]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("size", ["quick", "laptop", "gpu", "paper"])
def test_it_has_the_network_and_the_training_of_dcdgan_at_every_size(size):
    """All that its configuration shares with DCD-GAN's is equal; of the objective it has nothing."""
    ours, theirs = METHOD.at(size), DCDGAN.at(size)
    shared = {f.name for f in fields(ours)} & {f.name for f in fields(theirs)}
    assert shared == {
        "generator", "width", "blocks", "antialias", "global_residual", "learning_rate", "betas", "schedule", "steps", "batch",
        "crop", "ema", "minutes", "seed",
    }  # fmt: skip
    assert {name: getattr(ours, name) for name in shared} == {name: getattr(theirs, name) for name in shared}
    with torch.device("meta"):
        one, other = METHOD.network(ours), DCDGAN.network(theirs)
    assert {n: p.shape for n, p in one.named_parameters()} == {n: p.shape for n, p in other.named_parameters()}
    assert (ours.loss, ours.milestones, ours.clip) == ("l1", (), 0.0)


@pytest.mark.parametrize("field", ["width", "blocks", "antialias", "global_residual"])
def test_its_network_is_the_configurations(config, field):
    values = {"width": 6, "blocks": 3, "antialias": True, "global_residual": False}
    c = replace(config, **{field: values[field]})
    torch.manual_seed(0)
    expected = ResNetGenerator(c.width, c.blocks, c.antialias, c.global_residual)
    torch.manual_seed(0)
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(METHOD.network(c)(image), expected(image))


def test_its_network_may_be_that_of_a_rain_layer(config):
    network = METHOD.network(replace(config, generator="rain_layer"))
    assert isinstance(network, RainLayerGenerator) and network.sign == -1, "it removes rain"


def test_a_run_of_its_own_that_is_found_again(config, on_photos, tmp_path, monkeypatch):
    monkeypatch.setenv("RAINMER_RUNS", str(tmp_path))
    config = replace(config, steps=2)
    one = train_run("pairs", METHOD, config, Pairs(on_photos), profile("quick"), say=lambda _: None)
    two = train_run("again", METHOD, config, Pairs(on_photos), profile("quick"), say=lambda _: None)
    assert one.folder.path == two.folder.path and one.folder.path.name.startswith("paired_generator-")
    assert one.network()(torch.rand(1, 3, 32, 32)).shape == (1, 3, 32, 32)
    assert [path.name for path in tmp_path.iterdir()] == [one.folder.path.name]


@pytest.mark.parametrize(("changes", "message"), [
    ({"crop": 30}, "multiple of 4"), ({"crop": 34}, "multiple of 4"), ({"crop": 28}, "at least 32"),
    ({"width": 0}, "1 or more"), ({"blocks": 0}, "1 or more"), ({"steps": 0}, "1 or more"),
    ({"loss": "l2"}, "choose one of l1"), ({"generator": "unet"}, "resnet, rain_layer"),
])  # fmt: skip
def test_settings_that_cannot_be_meant(config, changes, message):
    with pytest.raises(ValueError, match=message):
        replace(config, **changes)


def test_the_papers_numbers_are_dcdgans():
    default = METHOD.config()
    for name in ("generator", "width", "blocks", "antialias", "learning_rate", "betas", "steps", "batch", "crop", "ema"):
        assert getattr(default, name) == getattr(paper, name)
