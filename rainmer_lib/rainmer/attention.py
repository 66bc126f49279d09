"""Top-k sparse channel attention: each channel attends only to the channels most similar to it."""

from collections.abc import Sequence
from fractions import Fraction

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.networks.separable import DepthwiseConv, PointwiseConv
from rainmer_lib.rainmer.blockwise import blockwise

Scores = Float[Tensor, "b heads c c"]


class SparseChannelAttention(nn.Module):
    """Attention over channels with several degrees of sparseness; keeps the shape (b, width, h, w).

        A = t Q K^T,   out = W  sum_r a_r softmax(keep the k_r largest of each row of A) V,   k_r = floor(c rate_r)

    Q, K, V come from a 1x1 and a depthwise 3x3 convolution; the channels of Q and K have unit length over all pixels, so A
    is c x c however large the image is.  t (one per head, initially 1) and a_r (initially 0.2) are learnt.
    There are no biases.  Source: DRSformer (Chen et al., CVPR 2023), as in the authors' code, except that there each mask is
    taken from the softmax before (`chained` of `mix_topk`).
    """

    def __init__(self, width: int, heads: int, rates: Sequence[str], topk: str = "independent") -> None:
        super().__init__()
        self.heads, self.topk = heads, topk
        self.counts = tuple(int(width // heads * Fraction(rate)) for rate in rates)
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.shares = nn.Parameter(torch.full((len(rates),), 0.2))
        self.to_qkv = nn.Sequential(
            PointwiseConv(width, 3 * width),
            DepthwiseConv(3 * width, 3),
        )
        self.project = PointwiseConv(width, width)

    def forward(self, x: Float[Tensor, "b width h w"]) -> Float[Tensor, "b width h w"]:
        """Mix the channels."""
        b, width, h, w = x.shape
        q, k, v = blockwise(self.to_qkv, x, 1, 3 * width).view(b, 3, self.heads, width // self.heads, h * w).unbind(1)
        scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1) * self.temperature
        # the masks share V, so their sum is applied once
        single = scores.to(torch.promote_types(scores.dtype, torch.float32))
        weights = mix_topk(single, self.counts, self.shares, self.topk).to(v.dtype)
        return self.project((weights @ v).reshape(b, width, h, w))


def mix_topk(scores: Scores, counts: Sequence[int], shares: Float[Tensor, " rates"], rule: str = "independent") -> Scores:
    """Return sum_r a_r softmax(mask_r(A)), where a mask keeps the k_r largest entries of each row.

    `independent`: every mask is taken from the scores.  One sort serves all: with e the sorted exponentials and Z_k the sum of
    the first k, the entry of rank i gets  e_i sum_{r: i < k_r} a_r / Z_{k_r}.
    `chained` (authors' code): each mask is taken from the softmax before.  From the second mask on, the added entries are ties
    at zero, and the softmax of probabilities flattens the entries that were there.
    Raises ValueError on another rule.
    """
    if rule == "chained":
        return _chained(scores, counts, shares)
    if rule != "independent":
        raise ValueError(f"topk={rule!r}: choose independent or chained")
    values, places = scores.topk(max(counts), dim=-1)  # sorted
    exponentials = (values - values[..., :1]).exp()
    sums, ranks = exponentials.cumsum(-1), torch.arange(max(counts), device=scores.device)
    totals = torch.stack([sums[..., count - 1] for count in counts], dim=-1)
    kept = torch.stack([ranks < count for count in counts])  # (rates, rank)
    factors = ((shares / totals)[..., None] * kept).sum(-2)
    return torch.zeros_like(scores).scatter(-1, places, exponentials * factors)


def _chained(scores: Scores, counts: Sequence[int], shares: Float[Tensor, " rates"]) -> Scores:
    total = torch.zeros_like(scores)
    for count, share in zip(counts, shares, strict=True):
        values, places = scores.topk(count, dim=-1)
        scores = torch.zeros_like(scores).scatter(-1, places, values.softmax(-1))
        total = total + share * scores
    return total
