"""Contrastive Guidance Branch (paper, Sec. 3.2): two unshared embeddings and the patches they compare."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rainmer_lib.dcdgan.translation import Features
from rainmer_lib.losses.patch_contrast import patch_contrast
from rainmer_lib.networks.blocks import initialise

Places = dict[str, Tensor]  # tapped layer -> (n,) indices into h*w


class ProjectionHead(nn.Module):
    """One two-layer perceptron for each tapped layer: Linear - ReLU - Linear, then unit length.

    Features {tap: (b, c, h, w)} and places {tap: (n,)} -> embeddings {tap: (b, n, d)}.
    """

    def __init__(self, channels: Mapping[str, int], embedding: int = 256) -> None:
        super().__init__()
        self.layers = initialise(nn.ModuleDict({
            tap: nn.Sequential(nn.Linear(c, embedding), nn.ReLU(), nn.Linear(embedding, embedding))
            for tap, c in channels.items()
        }))  # fmt: skip

    def forward(self, features: Features, places: Places) -> dict[str, Tensor]:
        """Embed the patches at `places`."""
        return {
            tap: F.normalize(layer(features[tap].flatten(2)[:, :, places[tap]].transpose(1, 2)).float(), dim=2)
            for tap, layer in self.layers.items()
        }


class ContrastiveGuidance(nn.Module):
    """The two embeddings and the contrastive loss between the stacks of features of one step.

    A rainy-looking image is embedded by `embed_rainy` (H_R on the encoder of `derain`), a clean-looking one by
    `embed_clean` (H_N on the encoder of `rerain`), real or generated.  The branches, query | keys | external negatives:

        R | N_R    N_R's patches are queries, R's are keys, R_N's are external        -> trains embed_clean
        N | R_N    R_N's patches are queries, N's are keys, N_R's are external        -> trains embed_rainy

    External negatives are the other stack *of the keys' embedding*, at its own random places: hence 256 of them, none
    at the query's place.  With four branches (Fig. 2 of the paper) also N_R | R* (external N) and R_N | N* (external R).
    One-sided (CUT) there are R | N_R and N | derain(N) (`kept`), with internal negatives, all under `embed_rainy`.
    """

    def __init__(self, channels: Mapping[str, int], embedding: int = 256) -> None:
        super().__init__()
        self.embed_rainy = ProjectionHead(channels, embedding)
        self.embed_clean = ProjectionHead(channels, embedding)

    def forward(
        self, stacks: Mapping[str, Features], patches: int, temperature: float, negatives: str, generator: torch.Generator,
        one_sided: bool = False,
    ) -> Tensor:
        """L_con: the mean over tapped layers, summed over branches (the weight 2 was tuned with means over layers).

        `stacks` holds the features of "rainy" and "derained", of "clean" and "rerained" where there is a backward
        cycle, and of "recovered_rainy" and "recovered_clean" where four branches are wanted.
        """
        forward_places = draw_places(stacks["rainy"], patches, generator)
        backward_places = draw_places(stacks["clean"], patches, generator) if "clean" in stacks else {}
        embedded = {
            name: (self.embed_rainy if one_sided or name in RAINY_LOOKING else self.embed_clean)(
                features, forward_places if name in FORWARD_CYCLE else backward_places
            )
            for name, features in stacks.items()
        }
        # cosine similarities over a temperature of 0.07 need more digits than bfloat16 has
        with torch.autocast(next(self.parameters()).device.type, enabled=False):
            terms = [
                patch_contrast(embedded[query][tap], embedded[keys][tap], embedded.get(external, {}).get(tap),
                               temperature, negatives)
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


def draw_places(features: Features, patches: int, generator: torch.Generator) -> Places:
    """Random places in each tapped layer, without repetition: `patches` of them, or all where a layer has fewer.

    They are drawn on the CPU, so that a run on a GPU compares the same patches as one on a CPU.
    """
    places = {}
    for tap, x in features.items():
        count = x.shape[2] * x.shape[3]
        places[tap] = torch.randperm(count, generator=generator)[: min(patches, count)].to(x.device)
    return places
