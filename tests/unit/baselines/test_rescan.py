"""RESCAN against its equations, its published size, and the order of colours of its published weights."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from rainmer_lib.baselines.rescan import RESCAN, RESCANConfig, build_network, load_published


def test_published_number_of_parameters():
    assert sum(p.numel() for p in RESCAN().parameters()) == 149_823


@pytest.fixture
def network():
    torch.manual_seed(0)
    return RESCAN(stages=3, channels=4, dilations=(1, 2)).double()


def test_the_stages_are_those_of_the_equations(network):
    """Stage by stage with plain functions, from the weights alone."""
    w, rainy = network.state_dict(), torch.rand(2, 3, 11, 9, dtype=torch.float64)

    def conv(x, name, dilation=1):
        padding = dilation * (w[f"{name}.weight"].shape[-1] // 2)
        return F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], padding=padding, dilation=dilation)

    def excited(x, name):
        hidden = F.relu(x.mean(dim=(2, 3)) @ w[f"{name}.fc.0.weight"].T + w[f"{name}.fc.0.bias"])
        factor = torch.sigmoid(hidden @ w[f"{name}.fc.2.weight"].T + w[f"{name}.fc.2.bias"])
        return F.leaky_relu(x * factor[:, :, None, None], 0.2)

    rain, states, expected = torch.zeros_like(rainy), {}, []
    for _ in range(3):
        x = rainy - rain
        for i, dilation in enumerate((1, 2)):
            at = f"rnns.{i}"
            if i not in states:
                h = torch.sigmoid(conv(x, f"{at}.conv_xz", dilation)) * torch.tanh(conv(x, f"{at}.conv_xn", dilation))
            else:
                z = torch.sigmoid(conv(x, f"{at}.conv_xz", dilation) + conv(states[i], f"{at}.conv_hz"))
                r = torch.sigmoid(conv(x, f"{at}.conv_xr", dilation) + conv(states[i], f"{at}.conv_hr"))
                n = torch.tanh(conv(x, f"{at}.conv_xn", dilation) + conv(r * states[i], f"{at}.conv_hn"))
                h = (1 - z) * states[i] + z * n
            x = states[i] = excited(h, f"{at}.se")
        rain = conv(excited(conv(x, "dec.0"), "dec.1"), "dec.3")
        expected.append(rainy - rain)
    for found, stage in zip(network.stages(rainy), expected, strict=True):
        torch.testing.assert_close(found, stage)
    torch.testing.assert_close(network(rainy), expected[-1])


def test_every_parameter_learns_but_those_that_a_first_stage_has_no_use_for(network):
    image = torch.rand(1, 3, 12, 12, dtype=torch.float64)
    sum(output.square().mean() for output in network.stages(image)).backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in network.parameters())
    alone = RESCAN(stages=1, channels=4, dilations=(1, 2)).double()
    alone(image).square().mean().backward()
    idle = {name.rsplit(".", 2)[-2] for name, p in alone.named_parameters() if p.grad is None}
    assert idle == {"conv_xr", "conv_hz", "conv_hr", "conv_hn"}


def test_published_weights_expect_blue_first(tmp_path):
    """The network with converted weights gives in RGB what the one with weights as they are gives in BGR."""
    torch.manual_seed(1)
    original, path = RESCAN().eval(), tmp_path / "latest"
    torch.save({"net": original.state_dict(), "clock": 1, "opt": {}}, path)
    converted, image = load_published(path), torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(converted(image), original(image.flip(1)).flip(1))
    assert not np.allclose(converted(image).detach(), original(image).detach())


def test_weights_that_do_not_fit_are_named(tmp_path):
    path = tmp_path / "latest"
    with pytest.raises(FileNotFoundError, match="csdwren/RecDerain"):
        load_published(path)
    for content in ({"net": 3}, {"clock": 1}, RESCAN().state_dict()):
        torch.save(content, path)
        with pytest.raises(ValueError, match="damaged, or not a (state dict|file that torch.save wrote)"):
            load_published(path)
    torch.save({"net": build_network(RESCANConfig(channels=8)).state_dict()}, path)
    with pytest.raises(ValueError, match="does not hold the weights of a four-stage RESCAN"):
        load_published(path)


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match="expected (1 or more|one for)"):
        RESCANConfig(stages=0)
