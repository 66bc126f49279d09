"""Contrastive Guidance Branch (paper, Sec. 3.2): two unshared embeddings and the patch locations that they compare."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rainmer_lib.losses.patch_contrast import patch_contrast
from rainmer_lib.networks.blocks import initialise
from rainmer_lib.networks.generator import Features

Locations = dict[str, Tensor]  # tapped layer -> (n,) indices into h*w


class ProjectionHead(nn.Module):
    """Two-layer perceptron for each tapped layer: Linear - ReLU - Linear, then normalisation to unit length.

    Features {tap: (b, c, h, w)} and locations {tap: (n,)} -> embeddings {tap: (b, n, d)}.
    """

    def __init__(self, channels: Mapping[str, int], embedding: int = 256) -> None:
        super().__init__()
        self.layers = initialise(nn.ModuleDict({
            tap: nn.Sequential(nn.Linear(c, embedding), nn.ReLU(), nn.Linear(embedding, embedding))
            for tap, c in channels.items()
        }))  # fmt: skip

    def forward(self, features: Features, locations: Locations) -> dict[str, Tensor]:
        """Embed the patches at `locations`."""
        return {
            tap: F.normalize(layer(features[tap].flatten(2)[:, :, locations[tap]].transpose(1, 2)).float(), dim=2)
            for tap, layer in self.layers.items()
        }


class ContrastiveGuidance(nn.Module):
    """Two embeddings, and the contrastive loss between the stacks of features of one step.

    `embed_rainy` (H_R on the encoder of `derain`) embeds rainy-looking images, `embed_clean` (H_N on the encoder of
    `rerain`) clean-looking ones, whether real or generated.  The branches:

        R | N_R    N_R's patches are queries, R's are keys, R_N's are external        -> trains embed_clean
        N | R_N    R_N's patches are queries, N's are keys, N_R's are external        -> trains embed_rainy

    External negatives are patches of the other stack *of the keys' embedding*, at random locations of their own: hence 256 of
    them, none at the query's location.  Four branches (Fig. 2 of the paper) add N_R | R* (external N) and R_N | N*
    (external R).  One-sided training (CUT) has R | N_R and N | derain(N) (`kept`), with internal negatives, all under
    `embed_rainy`.
    """

    def __init__(self, channels: Mapping[str, int], embedding: int = 256) -> None:
        super().__init__()
        self.embed_rainy = ProjectionHead(channels, embedding)
        self.embed_clean = ProjectionHead(channels, embedding)

    def forward(
        self, stacks: Mapping[str, Features], patches: int, temperature: float, negatives: str, generator: torch.Generator,
        one_sided: bool = False, batch_negatives: bool = False,
    ) -> Tensor:
        """Return L_con: the mean over tapped layers, summed over branches (the weight 2 was tuned with means over layers).

        `stacks` holds the features of "rainy" and "derained", those of "clean" and "rerained" with a backward cycle, and
        those of "recovered_rainy" and "recovered_clean" with four branches.
        """
        forward_locations = draw_locations(stacks["rainy"], patches, generator)
        backward_locations = draw_locations(stacks["clean"], patches, generator) if "clean" in stacks else {}
        embedded = {
            name: (self.embed_rainy if one_sided or name in RAINY_LOOKING else self.embed_clean)(
                features, forward_locations if name in FORWARD_CYCLE else backward_locations
            )
            for name, features in stacks.items()
        }
        # cosine similarities over a temperature of 0.07 need more digits than bfloat16 has
        with torch.autocast(next(self.parameters()).device.type, enabled=False):
            terms = [
                patch_contrast(embedded[query][tap], embedded[keys][tap], embedded.get(external, {}).get(tap),
                               temperature, negatives, batch_negatives)
                for query, keys, external in BRANCHES if query in embedded
                for tap in stacks["rainy"]
            ]  # fmt: skip
        return torch.stack(terms).sum() / len(stacks["rainy"])


RAINY_LOOKING = ("rainy", "rerained", "recovered_rainy")
FORWARD_CYCLE = ("rainy", "derained", "recovered_rainy")
BRANCHES = (  # query, keys, external
    ("derained", "rainy", "rerained"),
    ("rerained", "clean", "derained"),
    ("kept", "clean", None),
    ("recovered_rainy", "derained", "clean"),
    ("recovered_clean", "rerained", "rainy"),
)


def draw_locations(features: Features, patches: int, generator: torch.Generator) -> Locations:
    """Sample `patches` locations per tapped layer, without replacement; all locations of a layer that has fewer.

    They are sampled on the CPU, so that a run on a GPU compares the same patches as one on a CPU.
    """
    locations = {}
    for tap, x in features.items():
        count = x.shape[2] * x.shape[3]
        locations[tap] = torch.randperm(count, generator=generator)[: min(patches, count)].to(x.device)
    return locations
