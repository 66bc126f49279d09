"""BRN against its equations, its published size, and the unused blocks of its published weights."""

import pytest
import torch
from torch.nn import functional as F

from rainmer_lib.baselines.brn import BRN, METHOD, UNUSED, BRNConfig, load_published


def test_published_number_of_parameters():
    """375,526 that are used, 412,518 as stored."""
    used = sum(p.numel() for p in BRN().parameters())
    unused = sum(torch.Size(shape).numel() for shape in UNUSED.values())
    assert (used, unused, used + unused) == (375_526, 36_992, 412_518)


def test_the_stages_are_those_of_the_equations():
    """Stage by stage with plain convolutions, from the weights alone: image and rain layer."""
    torch.manual_seed(0)
    network = BRN(stages=3, rain_blocks=1, blocks=2, channels=4).double()
    w, y = network.state_dict(), torch.rand(2, 3, 9, 7, dtype=torch.float64)

    def conv(x, name):
        return F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], padding=1)

    def stream(images, states, cell, blocks, end=""):
        seen = torch.cat((F.relu(conv(torch.cat(images, 1), f"conv0{end}.0")), *states), 1)
        i, f, o = (torch.sigmoid(conv(seen, f"conv_{gate}{end}.0")) for gate in "ifo")
        cell = f * cell + i * torch.tanh(conv(seen, f"conv_g{end}.0"))
        state = s = o * torch.tanh(cell)
        for k in range(1, blocks + 1):
            s = F.relu(F.relu(conv(F.relu(conv(s, f"res_conv{k}{end}.0")), f"res_conv{k}{end}.2")) + s)
        return conv(s, f"conv{end}.0"), state, cell

    x = r = y
    h_x = c_x = h_r = c_r = torch.zeros(2, 4, 9, 7, dtype=torch.float64)
    for image, rain in network.layers(y):
        r, h_r, c_r = stream((y, r), (h_r, h_x), c_r, 1, "_r")
        x, h_x, c_x = stream((y, x, r), (h_x, h_r), c_x, 2)
        torch.testing.assert_close(rain, r)
        torch.testing.assert_close(image, x)
    torch.testing.assert_close(network(y), x)


def test_published_weights_are_read_without_the_blocks_that_are_never_used(tmp_path):
    torch.manual_seed(0)
    network, path = BRN(), tmp_path / "net_latest.pth"
    stored = network.state_dict() | {name: torch.rand(shape) for name, shape in UNUSED.items()}
    torch.save({f"module.{name}": value for name, value in stored.items()}, path)
    with pytest.warns(UserWarning, match="begin with module."):
        loaded = load_published(path).state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in network.state_dict().items())
    torch.save({name: value for name, value in stored.items() if name != "res_conv4_r.2.bias"}, path)
    with pytest.raises(ValueError, match=r"1 keys differ:\n  res_conv4_r.2.bias: expected \(32,\), found None"):
        load_published(path)
    torch.save(stored | {"conv.0.bias": torch.zeros(4), "other": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="does not hold the weights of an eight-stage BRN; 2 keys differ"):
        load_published(path)


def test_the_published_training():
    config = METHOD.at("paper")
    assert (config.loss, config.supervised_stages, config.learning_rate, config.decay) == ("ssim", "last", 1e-3, 0.2)
    assert (config.stages, config.batch, config.crop, config.milestones) == (8, 12, 100, (0.3, 0.5, 0.8))
    with pytest.raises(ValueError, match="rain_blocks=0: expected 1 or more"):
        BRNConfig(rain_blocks=0)
