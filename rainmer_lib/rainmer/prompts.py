"""Prompts: the vectors of the views, which describe the whole image, gated at each pixel by its features."""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Features = Float[Tensor, "b width h w"]
Vector = Float[Tensor, "b d 1 1"]
Prompts = Mapping[str, Vector]  # head of the encoder -> its vector of unit length


class PromptAttention(nn.Module):
    """Prompt of one view for one decoder block:  P = SiLU( W (g z) + b ),   g = sigmoid( w2 GELU(w1 o + b1) + b2 ).

    The features are o, the gate g is one map, and z is one vector for the image.  W (g z) has rank one, so W z is computed once
    and multiplied by the gate.  P is SiLU(b) where g is 0.  Source: the authors' code.
    """

    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(nn.Conv2d(width, width, 1), nn.GELU(), nn.Conv2d(width, 1, 1), nn.Sigmoid())
        self.translate = nn.Conv2d(embedding, width, 1)

    def forward(self, features: Features, vector: Vector) -> Features:
        """Return P, the prompt that is added to `features`."""
        bias = self.translate.bias[:, None, None]
        return F.silu(self.gate(features) * F.conv2d(vector, self.translate.weight) + bias)


class BlockPrompts(nn.Module):
    """Combination of the prompts of one decoder block.

    `weighting` is one of these, with P_i the prompt of illumination, P_d that of degradation and detail, and cos the cosine of
    z with a learnt direction w (initially ones; z is detached there):

        sum                   P_i + P_d
        illumination          a P_i + (1 - a) P_d,   a = (1 + cos(w, z_i)) / 2
        degradation           (1 - a) P_i + a P_d,   a = (1 + cos(w, z_d)) / 2
        degradation_unmapped  the same with a = cos(w, z_d), from -1 to 1: authors' code, where the share can be negative

    With one head, the result is the prompt of that head, and there is no w.
    """

    def __init__(self, width: int, embedding: int, heads: Sequence[str], weighting: str) -> None:
        super().__init__()
        self.attend = nn.ModuleDict({head: PromptAttention(width, embedding) for head in heads})
        self.weighting = weighting if len(heads) > 1 else "sum"
        if self.weighting != "sum":
            self.direction = nn.Parameter(torch.ones(1, embedding, 1, 1))

    def forward(self, features: Features, prompts: Prompts) -> Features:
        """Return the combined prompt of all views, which is added to `features`."""
        parts = {head: attend(features, prompts[head]) for head, attend in self.attend.items()}
        if self.weighting == "sum":
            return sum(parts.values())
        by_illumination = self.weighting == "illumination"
        vector = prompts["illumination" if by_illumination else "appearance"].detach()
        share = (F.normalize(self.direction, dim=1) * vector).sum(dim=1, keepdim=True)
        if self.weighting != "degradation_unmapped":
            share = (1 + share) / 2
        leading, other = ("illumination", "appearance") if by_illumination else ("appearance", "illumination")
        return share * parts[leading] + (1 - share) * parts[other]
