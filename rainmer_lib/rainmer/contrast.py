"""Two contrastive losses: one of illumination alone, one of degradation and detail together."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Scalar = Float[Tensor, ""]


@dataclass(frozen=True)
class Similarity:
    """Similarities in one view: of each query to its positive (b,) and its negatives (b, n), divided by the temperature."""

    positive: Float[Tensor, " b"]
    negatives: Float[Tensor, "b n"]


def similarity(
    query: Float[Tensor, "b d h w"], keys: Float[Tensor, "b k d h w"], temperature: float = 1.0
) -> Float[Tensor, "b k"]:
    """Return the cosine over the channels, averaged over locations:  1/(h w t) sum_x <q_x, k_x> / (|q_x| |k_x|)."""
    products = F.normalize(query.float(), dim=1)[:, None] * F.normalize(keys.float(), dim=2)
    return products.sum(dim=2).mean(dim=(2, 3)) / temperature


def info_nce(positive: Float[Tensor, " b"], negatives: Float[Tensor, "b n"]) -> Scalar:
    """Return the InfoNCE loss, -log e^{s+} / (e^{s+} + sum_j e^{s-_j}), averaged over the batch.

    With cosines at a temperature of 1 the loss cannot fall far: ln 5 = 1.609 if all four negatives are as near as the positive,
    ln(1 + 4/e) = 0.905 if they are orthogonal, ln(1 + 4/e^2) = 0.433 if they are opposite.
    """
    logits = torch.cat([positive[:, None], negatives], dim=1)
    return F.cross_entropy(logits, logits.new_zeros(len(logits), dtype=torch.long))


def illumination_loss(similarities: Mapping[str, Similarity]) -> Scalar:
    """Return the contrastive loss of the illumination view alone."""
    return info_nce(similarities["illumination"].positive, similarities["illumination"].negatives)


def degradation_detail_loss(similarities: Mapping[str, Similarity], positives: str = "separate") -> Scalar:
    """Return the contrastive loss of degradation and detail (those that are on) against the negatives of both.

    `separate`: one term for each positive, averaged; all similarities lie in the same range.
    `summed` (authors' code):  u = s_degradation+ + s_detail+ stands for one positive.  It reaches 2 while a negative reaches
    1, so the loss is low before anything is learnt: 1.372 if all features are equal, not ln 9 = 2.197.
    Raises ValueError on another rule.
    """
    views = [similarities[view] for view in ("degradation", "detail") if view in similarities]
    negatives = torch.cat([view.negatives for view in views], dim=1)
    if positives == "summed":
        return info_nce(sum(view.positive for view in views), negatives)
    if positives != "separate":
        raise ValueError(f"positives={positives!r}: choose separate or summed")
    return torch.stack([info_nce(view.positive, negatives) for view in views]).mean()
