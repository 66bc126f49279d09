"""Dense streams of DID-MDN: six dense blocks at falling and rising resolution, with a side output of each but the last."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.2  # of leaky ReLUs
BOTTLENECK = 4  # width of a block's 1x1 convolution, times its growth

# Growth of a dense block, channels behind it, and what becomes of the size: halved, kept, or doubled.
Plan = Sequence[tuple[int, int, str]]
SEVEN: Plan = (
    (13, 8, "half"), (16, 16, "half"), (16, 16, "half"), (16, 16, "double"), (8, 8, "double"), (8, 4, "double"),
)  # fmt: skip
FIVE: Plan = ((13, 8, "half"), (16, 16, "half"), (16, 16, ""), (16, 16, ""), (8, 8, "double"), (8, 4, "double"))
THREE: Plan = ((5, 4, "half"), (8, 12, ""), (4, 12, ""), (4, 12, ""), (8, 4, ""), (8, 4, "double"))

Features = Float[Tensor, "b c h w"]


class DenseBlock(nn.Module):
    """Dense block (x, f(x)): f is norm, ReLU, 1x1 convolution, norm, ReLU, k x k convolution (Huang et al., CVPR 2017)."""

    def __init__(self, inputs: int, growth: int, kernel: int) -> None:
        super().__init__()
        between = BOTTLENECK * growth
        self.body = nn.Sequential(
            nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, between, 1, bias=False),
            nn.BatchNorm2d(between), nn.ReLU(), nn.Conv2d(between, growth, kernel, padding=kernel // 2, bias=False),
        )  # fmt: skip

    def forward(self, x: Features) -> Features:
        """Return the input with the new features behind it."""
        return torch.cat((x, self.body(x)), 1)


class Transition(nn.Module):
    """Norm, ReLU, 1x1 convolution; then the size is halved by means, doubled by copies, or kept."""

    def __init__(self, inputs: int, outputs: int, size: str) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False))
        self.size = size

    def forward(self, x: Features) -> Features:
        """Return the features at their new size."""
        x = self.body(x)
        if self.size == "half":
            return F.avg_pool2d(x, 2)
        return F.interpolate(x, scale_factor=2) if self.size == "double" else x


class DenseStream(nn.Module):
    """Six blocks, each with its transition; the second's output joins the fourth's, and the first's the fifth's:

        (x_6, s_5, s_4, s_3, s_2, s_1, O),  s_k = LeakyReLU(conv(x_k)) at the size of the image, one channel

    With `own_side_outputs=False` all five are s_1, as the released code has it.  Returns (b, 12, h, w) of (b, 3, h, w).
    """

    def __init__(self, kernel: int, plan: Plan, own_side_outputs: bool = True) -> None:
        super().__init__()
        self.blocks, self.transitions, joined, inputs = nn.ModuleList(), nn.ModuleList(), [], 3
        for k, (growth, outputs, size) in enumerate(plan):
            self.blocks.append(DenseBlock(inputs, growth, kernel))
            self.transitions.append(Transition(inputs + growth, outputs, size))
            inputs = outputs + (joined[4 - k] if k in (3, 4) else 0)
            joined.append(inputs)
        self.sides = nn.ModuleList(nn.Conv2d(c, 1, 3, padding=1) for c in joined[: 5 if own_side_outputs else 1])
        self.channels = plan[-1][1] + 5 + 3

    def forward(self, image: Features) -> Features:
        """Return last features, side outputs and image."""
        x, seen = image, []
        for k, (block, transition) in enumerate(zip(self.blocks, self.transitions, strict=True)):
            x = transition(block(x))
            if k in (3, 4):
                x = torch.cat((x, seen[4 - k]), 1)
            seen.append(x)
        sides = [
            F.interpolate(F.leaky_relu(conv(x), SLOPE), size=image.shape[2:])
            for conv, x in zip(self.sides, seen[: len(self.sides)], strict=True)
        ]
        return torch.cat((seen[-1], *reversed(sides * (5 // len(sides))), image), 1)
