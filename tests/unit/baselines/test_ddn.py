"""DDN against its equations, its published size, and published weights as TensorFlow writes them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from published_files import tensorflow_names
from torch.nn import functional as F
from written_checkpoint import write_checkpoint

from rainmer_lib.baselines.ddn import DDN, METHOD, DDNConfig, base_layer, load_published
from rainmer_lib.inference.derain import derain


def test_published_number_of_parameters():
    """57,369; 58,175 with the running statistics."""
    network = DDN()
    assert sum(p.numel() for p in network.parameters()) == 57_369
    assert sum(v.numel() for name, v in network.state_dict().items() if "tracked" not in name) == 58_175
    assert sum(v.numel() for v in DDN(statistics="image").state_dict().values()) == 57_369


def test_the_base_layer_is_the_guided_filter_pixel_by_pixel():
    """He et al.: a line is fitted in each window; a pixel is the mean of the lines through it.  Windows end at the border."""
    radius, epsilon, (height, width) = 2, 0.05, (6, 5)
    image = np.random.default_rng(0).random((height, width))

    def window(x, i, j):
        return x[max(0, i - radius) : i + radius + 1, max(0, j - radius) : j + radius + 1]

    slope, offset, expected = (np.zeros_like(image) for _ in range(3))
    for i, j in np.ndindex(height, width):
        part = window(image, i, j)
        slope[i, j] = part.var() / (part.var() + epsilon)
        offset[i, j] = (1 - slope[i, j]) * part.mean()
    for i, j in np.ndindex(height, width):
        expected[i, j] = window(slope, i, j).mean() * image[i, j] + window(offset, i, j).mean()
    both = torch.from_numpy(np.stack((image, image**2)))[None]
    assert np.allclose(base_layer(both, radius, epsilon)[0, 0], expected, atol=1e-12)


def test_a_flat_image_is_its_own_base():
    flat = torch.full((1, 3, 40, 20), 0.3, dtype=torch.float64)
    torch.testing.assert_close(base_layer(flat), flat)


@pytest.mark.parametrize("statistics", ["running", "image"])
def test_the_layers_are_those_of_the_equations(statistics, jolt):
    """With plain convolutions and norms written out, from the weights alone."""
    torch.manual_seed(0)
    network = jolt(DDN(features=4, pairs=2, statistics=statistics).double())
    rainy = torch.rand(2, 3, 8, 9, dtype=torch.float64)
    network(rainy)  # in training: the running statistics leave their start
    network.eval()
    w = network.state_dict()

    def layer(x, name):
        x = F.conv2d(x, w[f"{name}.0.weight"], w[f"{name}.0.bias"], padding=1)
        if statistics == "running":
            mean, variance = (w[f"{name}.1.running_{what}"][None, :, None, None] for what in ("mean", "var"))
        else:
            mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), correction=0, keepdim=True)
        scale, shift = (w[f"{name}.1.{what}"][None, :, None, None] for what in ("weight", "bias"))
        return (x - mean) / (variance + 1e-5).sqrt() * scale + shift

    x = F.relu(layer(rainy - base_layer(rainy), "first"))
    for k in range(2):
        x = x + F.relu(layer(F.relu(layer(x, f"pairs.{k}.0")), f"pairs.{k}.1"))
    torch.testing.assert_close(network(rainy), rainy + layer(x, "last"))


@pytest.mark.parametrize("unlabelled", [False, True], ids=["DDN", "SIRR"])
def test_published_weights_are_read_from_checkpoints(unlabelled, tmp_path):
    tensors = tensorflow_names(copies=unlabelled)
    network = load_published(write_checkpoint(tmp_path / "model-epoch-15", tensors))
    assert not network.training and type(network.first[1]).__name__ == "InstanceNorm"
    found = network.state_dict()
    # (h, w, in, out) in the file; torch has (out, in, h, w)
    kernel = torch.from_numpy(tensors["conv_2/weights_2"])
    assert all(found["pairs.0.0.0.weight"][o, i, y, x] == kernel[y, x, i, o] for o, i, y, x in [(1, 2, 0, 2), (15, 0, 2, 1)])
    for name, parameter in {
        "conv_1/biases_1": "first.0.bias", "conv_2/scale_2": "pairs.0.0.1.weight", "conv_3/beta_3": "pairs.0.1.1.bias",
        "conv_24/biases_24": "pairs.11.0.0.bias", "conv_25/beta_25": "pairs.11.1.1.bias", "conv_26/scale_26": "last.1.weight",
    }.items():  # fmt: skip
        assert np.array_equal(found[parameter].numpy(), tensors[name])


def test_weights_that_do_not_fit_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="weights.index: no such file"):
        load_published(tmp_path / "weights")
    tensors = tensorflow_names(copies=True)
    for change, says in (
        ({"conv_27/weights_27": np.zeros(1, "<f4")}, "1 names are unknown: conv_27/weights_27"),
        ({"conv_1_1/weights_1": np.zeros(1, "<f4")}, "1 names are unknown: conv_1_1/weights_1"),
        ({"conv_9/beta_9": np.zeros(3, "<f4")}, r"pairs.3.1.1.bias: expected \(16,\), found \(3,\)"),
        ({"conv_9/beta_9": np.full(16, np.nan, "<f4")}, "'pairs.3.1.1.bias' are not finite"),
    ):
        with pytest.raises(ValueError, match=says):
            load_published(write_checkpoint(tmp_path / "model", tensors | change))
    del tensors["conv_5/scale_5"]
    with pytest.raises(ValueError, match=r"pairs.1.1.1.weight: expected \(16,\), found None"):
        load_published(write_checkpoint(tmp_path / "model", tensors))


def test_tiles_with_statistics_of_the_image_equal_the_whole(jolt):
    torch.manual_seed(0)
    network = jolt(DDN(features=4, pairs=1, statistics="image")).eval()
    image = np.random.default_rng(0).random((96, 230, 3), dtype=np.float32)
    whole = derain(network, image)
    assert np.abs(derain(network, image, tile=200, sample=None) - whole).max() < 1e-4


def test_the_published_training_is_stochastic_gradient_descent():
    config = METHOD.at("paper")
    trainer = METHOD.start(replace(config, features=4, pairs=1, crop=8))
    [group] = trainer.optimisation.optimisers["network"].param_groups
    assert type(trainer.optimisation.optimisers["network"]) is torch.optim.SGD and group["momentum"] == 0.9
    rates = []
    for step in (0, 99_999, 100_000, 199_999, 200_000):
        trainer.optimisation.set_rates(step)
        rates.append(group["lr"])
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001]) and config.steps == 210_000
    assert (config.loss, config.batch, config.crop) == ("mse", 20, 64)
    with pytest.raises(ValueError, match="choose one of running, image"):
        DDNConfig(statistics="batch")
