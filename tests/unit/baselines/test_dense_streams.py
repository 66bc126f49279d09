"""Dense streams against plain convolutions and norms, from the weights alone."""

import pytest
import torch
from torch.nn import functional as F

from rainmer_lib.baselines.dense_streams import FIVE, SEVEN, THREE, DenseStream


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(("kernel", "plan"), [(3, THREE), (5, FIVE), (7, SEVEN)], ids=["three", "five", "seven"])
def test_a_stream_is_that_of_the_description(kernel, plan, own, jolt):
    torch.manual_seed(0)
    stream = jolt(DenseStream(kernel, plan, own).double())
    image = torch.rand(2, 3, 16, 8, dtype=torch.float64)
    stream(image)  # the running statistics leave their start
    stream.eval()
    w = stream.state_dict()

    def norm(x, name):
        mean, variance, scale, shift = (
            w[f"{name}.{part}"][None, :, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return F.relu((x - mean) / (variance + 1e-5).sqrt() * scale + shift)

    def block(x, k):
        y = F.conv2d(norm(x, f"blocks.{k}.body.0"), w[f"blocks.{k}.body.2.weight"])
        y = F.conv2d(norm(y, f"blocks.{k}.body.3"), w[f"blocks.{k}.body.5.weight"], padding=kernel // 2)
        x = torch.cat((x, y), 1)
        x = F.conv2d(norm(x, f"transitions.{k}.body.0"), w[f"transitions.{k}.body.2.weight"])
        if plan[k][2] == "half":
            return (x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]) / 4
        return x.repeat_interleave(2, 2).repeat_interleave(2, 3) if plan[k][2] == "double" else x

    def side(x, k):
        y = F.leaky_relu(F.conv2d(x, w[f"sides.{k}.weight"], w[f"sides.{k}.bias"], padding=1), 0.2)
        factor = image.shape[3] // x.shape[3]
        return y.repeat_interleave(factor, 2).repeat_interleave(factor, 3)

    x1 = block(image, 0)
    x2 = block(x1, 1)
    x3 = block(x2, 2)
    x4 = torch.cat((block(x3, 3), x2), 1)
    x5 = torch.cat((block(x4, 4), x1), 1)
    x6 = block(x5, 5)
    sides = [side(x, k) for k, x in enumerate((x1, x2, x3, x4, x5))] if own else [side(x1, 0)] * 5
    expected = torch.cat((x6, *sides[::-1], image), 1)
    found = stream(image)
    assert found.shape[1] == stream.channels == 12
    torch.testing.assert_close(found, expected)
