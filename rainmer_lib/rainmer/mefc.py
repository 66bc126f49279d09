"""MEFC, the mixture-of-experts feature compensator: eight operations, weighted by the mean features of the whole image."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.rainmer.blockwise import applies, blockwise, pointwise

STEPS = 4
HIDDEN = 64  # twice STEPS times the number of operations
REACH = 6  # pixels that one step sees: 7x7 twice, and 7x7 at rate 2
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
        if applies(x):
            return torch.cat([self._by_image(*of_one) for of_one in zip(s.split(1), *weights, strict=True)])
        for weight, experts, merge in zip(weights, self.experts, self.merge, strict=True):
            answers = torch.cat([weight[:, o] * expert(s) for o, expert in enumerate(experts)], dim=1)
            s = F.relu(F.relu(merge(answers)) + s)
        return s

    def _by_image(self, s: Float[Tensor, "1 width h w"], *weights: Float[Tensor, "8 1 1 1"]) -> Float[Tensor, "1 width h w"]:
        """Take the steps of one image, block by block, with its weights in the matrices."""
        for weight, experts, merge in zip(weights, self.experts, self.merge, strict=True):
            s = blockwise(folded(experts, merge, weight.flatten()), s, REACH, s.shape[1])
        return s


def folded(experts: nn.ModuleList, merge: nn.Conv2d, weight: Float[Tensor, " 8"]) -> Callable[[Tensor], Tensor]:
    """Return one step for the weights of one image.

    No ReLU stands between an expert's last 1x1 convolution P and M, so p_o M_o P_o is one matrix, and eight images of answers
    need not be kept to be merged.  Depthwise convolutions of 1x1 are factors of the matrix behind them.
    """
    *convolving, _ = experts
    leaves = [share * part for share, part in zip(weight, merge.weight.flatten(1).chunk(len(weight), dim=1), strict=True)]
    plans = []
    for expert, leave in zip(convolving, leaves, strict=False):
        pairs = [(spread, mix.weight.flatten(1)) for spread, mix in (expert[:2], expert[-2:])][-(len(expert) // 2):]
        pairs[-1] = (pairs[-1][0], leave @ pairs[-1][1])
        plans.append([_without_scaling(*pair) for pair in pairs])

    def compute(s: Float[Tensor, "1 width h w"]) -> Float[Tensor, "1 width h w"]:
        total = pointwise(F.avg_pool2d(s, 3, stride=1, padding=1, count_include_pad=False), leaves[-1])
        for *first, (spread, matrix) in plans:
            y = s
            for before, mix in first:
                y = F.relu_(pointwise(before(y), mix))
            total.add_(pointwise(spread(y), matrix))
        return F.relu_(F.relu_(total).add_(s))

    return compute


def _without_scaling(spread: nn.Conv2d, matrix: Tensor) -> tuple[nn.Module, Tensor]:
    if spread.kernel_size != (1, 1):
        return spread, matrix
    return nn.Identity(), matrix * spread.weight.flatten()
