"""MEFC, the mixture-of-experts feature compensator: eight operations, weighted by the mean features of the whole image."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.networks.separable import DepthwiseConv, PointwiseConv, pointwise
from rainmer_lib.rainmer.blockwise import applies, blockwise

STEPS = 4  # of the authors' code, as of DRSformer's
HIDDEN = 64  # twice STEPS times the number of operations
REACH = 6  # pixels that one step sees: 7x7 twice, and 7x7 at rate 2
KERNELS = {"separable": (1, 3, 5, 7), "dilated": (3, 5, 7)}


def _separable(width: int, kernel: int, dilation: int = 1) -> list[nn.Module]:
    """Return a depthwise and a pointwise convolution, without biases, that keep the size."""
    return [DepthwiseConv(width, kernel, dilation), PointwiseConv(width, width)]


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
    """Mixture-of-experts feature compensator: steps of weighted experts, four in the code; keeps the shape (b, width, h, w).

        p = softmax_o( W2 ReLU(W1 mean_pixels(x)) )   in R^{steps x 8}
        s_0 = ReLU(W x),    s_i = ReLU( ReLU(M_i [p_{i,o} op_{i,o}(s_{i-1})]_o) + s_{i-1} )

    W and M_i are 1x1 convolutions without bias.  Source: MEFC of DRSformer (Chen et al., CVPR 2023).
    """

    def __init__(self, width: int, steps: int = STEPS) -> None:
        super().__init__()
        experts = [operations(width) for _ in range(steps)]
        self.weigh = nn.Sequential(nn.Conv2d(width, HIDDEN, 1), nn.ReLU(), nn.Conv2d(HIDDEN, steps * len(experts[0]), 1))
        self.enter = PointwiseConv(width, width)
        self.experts = nn.ModuleList(experts)
        self.merge = nn.ModuleList(PointwiseConv(width * len(e), width) for e in experts)

    def forward(self, x: Float[Tensor, "b width h w"]) -> Float[Tensor, "b width h w"]:
        """Compensate features."""
        logits = self.weigh(x.mean(dim=(2, 3), keepdim=True)).view(len(x), len(self.experts), -1)
        matrices = [
            merged(experts, merge, weight)
            for experts, merge, weight in zip(self.experts, self.merge, logits.softmax(dim=2).unbind(1), strict=True)
        ]
        s = F.relu(self.enter(x))
        if applies(x):
            return torch.cat([self._by_image(*of_one) for of_one in zip(s.split(1), *matrices, strict=True)])
        for experts, matrix in zip(self.experts, matrices, strict=True):
            s = F.relu(F.relu(answer(experts, matrix, s)) + s)
        return s

    def _by_image(
        self, s: Float[Tensor, "1 width h w"], *matrices: Float[Tensor, "operations*width width"]
    ) -> Float[Tensor, "1 width h w"]:
        """Take the steps of one image, block by block."""
        for experts, matrix in zip(self.experts, matrices, strict=True):
            s = blockwise(folded(experts, matrix), s, REACH, s.shape[1])
        return s


def merged(
    experts: nn.ModuleList, merge: nn.Conv2d, weight: Float[Tensor, "b operations"]
) -> Float[Tensor, "b operations*width width"]:
    """Return the matrices p_o M_o P_o of one step, those of all operations below each other, for vectors in rows.

    No ReLU stands between an expert's last 1x1 convolution P and the block M_o of the matrix that merges the answers, so they
    are one matrix, and the answers need not be kept to be merged.
    """
    blocks = merge.weight.flatten(1).unflatten(1, (len(experts), -1)).permute(1, 2, 0)
    last = torch.stack([expert[-1].weight.flatten(1).T for expert in experts[:-1]])
    return (weight[:, :, None, None] * torch.cat([last @ blocks[:-1], blocks[-1:]])).flatten(1, 2)


def answer(
    experts: nn.ModuleList, matrix: Float[Tensor, "b operations*width width"], s: Float[Tensor, "b width h w"]
) -> Float[Tensor, "b width h w"]:
    """Return  M_i [p_{i,o} op_{i,o}(s)]_o:  all experts but for their last convolutions, then the product with `matrix`."""
    *convolving, mean = experts
    maps = []
    for expert in convolving:
        y = s
        for layer in [*expert][:-1]:
            y = layer(y)
        maps.append(y)
    joined = torch.cat([y.permute(0, 2, 3, 1) for y in (*maps, mean(s))], dim=3)
    return (joined.flatten(1, 2) @ matrix).unflatten(1, joined.shape[1:3]).permute(0, 3, 1, 2)


def folded(
    experts: nn.ModuleList, matrix: Float[Tensor, "operations*width width"]
) -> Callable[[Float[Tensor, "1 width h w"]], Float[Tensor, "1 width h w"]]:
    """Return one whole step for the matrix of one image, which keeps few feature maps at a time.

    Depthwise convolutions of 1x1 are factors of the matrix behind them.
    """
    *convolving, _ = experts
    *leaves, last = matrix.unflatten(0, (len(experts), -1)).mT
    plans = []
    for expert, leave in zip(convolving, leaves, strict=True):
        pairs = [(spread, mix.weight.flatten(1)) for spread, mix in (expert[:2], expert[-2:])][-(len(expert) // 2):]
        pairs[-1] = (pairs[-1][0], leave)
        plans.append([_without_scaling(*pair) for pair in pairs])

    def compute(s: Float[Tensor, "1 width h w"]) -> Float[Tensor, "1 width h w"]:
        total = pointwise(F.avg_pool2d(s, 3, stride=1, padding=1, count_include_pad=False), last)
        for *first, (spread, leave) in plans:
            y = s
            for before, mix in first:
                y = F.relu_(pointwise(before(y), mix))
            total.add_(pointwise(spread(y), leave))
        return F.relu_(F.relu_(total).add_(s))

    return compute


def _without_scaling(spread: nn.Conv2d, matrix: Tensor) -> tuple[nn.Module, Tensor]:
    if spread.kernel_size != (1, 1):
        return spread, matrix
    return nn.Identity(), matrix * spread.weight.flatten()
