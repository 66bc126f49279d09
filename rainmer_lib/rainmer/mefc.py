"""MEFC, the mixture-of-experts feature compensator: eight operations, weighted by the mean features of the whole image."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

STEPS = 4
HIDDEN = 64  # twice STEPS times the number of operations
KERNELS = {"separable": (1, 3, 5, 7), "dilated": (3, 5, 7)}


def _separable(width: int, kernel: int, dilation: int = 1) -> list[nn.Module]:
    """Return a depthwise and a pointwise convolution, without biases, that keep the size."""
    padding = dilation * (kernel // 2)
    return [
        nn.Conv2d(width, width, kernel, padding=padding, dilation=dilation, groups=width, bias=False),
        nn.Conv2d(width, width, 1, bias=False),
    ]


class Mean3x3(nn.AvgPool2d):
    """Mean of 3x3 pixels, of those that are in the image; keeps the size.

    Its input is made contiguous: on CUDA, torch pools padded images in channels-last order wrongly (pytorch issue 188344).
    """

    def __init__(self) -> None:
        super().__init__(3, stride=1, padding=1, count_include_pad=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Blur."""
        return super().forward(x.contiguous())


def operations(width: int) -> nn.ModuleList:
    """Return the eight experts: four separable convolutions done twice, three dilated ones (rate 2), a 3x3 mean."""
    twice = [nn.Sequential(*_separable(width, k), nn.ReLU(), *_separable(width, k)) for k in KERNELS["separable"]]
    dilated = [nn.Sequential(*_separable(width, k, dilation=2)) for k in KERNELS["dilated"]]
    return nn.ModuleList([*twice, *dilated, Mean3x3()])


class MEFC(nn.Module):
    """Mixture-of-experts feature compensator: four steps of weighted experts; keeps the shape (b, width, h, w).

        p = softmax_o( W2 ReLU(W1 mean_pixels(x)) )   in R^{4 x 8}
        s_0 = ReLU(W x),    s_i = ReLU( ReLU(M_i [p_{i,o} op_{i,o}(s_{i-1})]_o) + s_{i-1} )

    W and M_i are 1x1 convolutions without bias.  Source: MEFC of DRSformer (Chen et al., CVPR 2023).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        experts = [operations(width) for _ in range(STEPS)]
        self.weigh = nn.Sequential(nn.Conv2d(width, HIDDEN, 1), nn.ReLU(), nn.Conv2d(HIDDEN, STEPS * len(experts[0]), 1))
        self.enter = nn.Conv2d(width, width, 1, bias=False)
        self.experts = nn.ModuleList(experts)
        self.merge = nn.ModuleList(nn.Conv2d(width * len(e), width, 1, bias=False) for e in experts)

    def forward(self, x: Float[Tensor, "b width h w"]) -> Float[Tensor, "b width h w"]:
        """Compensate features."""
        logits = self.weigh(x.mean(dim=(2, 3), keepdim=True)).view(len(x), STEPS, -1, 1, 1, 1)
        weights = logits.softmax(dim=2).unbind(dim=1)
        s = F.relu(self.enter(x))
        for weight, experts, merge in zip(weights, self.experts, self.merge, strict=True):
            answers = torch.cat([weight[:, o] * expert(s) for o, expert in enumerate(experts)], dim=1)
            s = F.relu(F.relu(merge(answers)) + s)
        return s
