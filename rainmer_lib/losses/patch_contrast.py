"""Patch-wise contrastive loss with internal and external negatives (DCD-GAN, Eq. (2), Sec. 3.2)."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Embeddings = Float[Tensor, "b n d"]
Scalar = Float[Tensor, ""]


def patch_contrast(
    query: Embeddings, keys: Embeddings, external: Embeddings | None, temperature: float = 0.07, negatives: str = "both"
) -> Scalar:
    """Return the loss of identifying each query patch's own location in the source image among all candidates.

    Eq. (2), for the query at location s, averaged over s and over the batch:

        l = -log  exp(q_s . k_s / t) / ( exp(q_s . k_s / t) + sum_{negatives v} exp(q_s . v / t) )

    query     (b, n, d)  patches of the translated image, of unit length
    keys      (b, n, d)  patches of the source at the same locations: number s is the positive, the others are the
                         n - 1 *internal* negatives (255 in the paper)
    external  (b, m, d)  patches of the other image in the same embedding: the *external* negatives (256); may be None
                         for `internal`
    negatives `internal` (1 + 255 candidates), `external` (1 + 256), `both` (1 + 511)

    Keys and negatives are detached, so only the query learns, as in MoCo and in the authors' code.  Images of a batch are
    not compared with each other.  The authors' released code has internal negatives only.
    """
    if negatives not in ("internal", "external", "both"):
        raise ValueError(f"negatives={negatives!r}: choose internal, external or both")
    keys = keys.detach()
    if negatives == "internal":
        candidates, positive = keys, _diagonal(query)
    elif external is None:
        raise ValueError(
            f"negatives={negatives!r} needs external patches, but `external` is None: pass them, or use negatives='internal'"
        )
    elif negatives == "both":
        candidates, positive = torch.cat([keys, external.detach()], dim=1), _diagonal(query)
    else:
        return _external_only(query, keys, external.detach(), temperature)
    logits = torch.einsum("bnd,bmd->bnm", query, candidates) / temperature
    return F.cross_entropy(logits.flatten(0, 1), positive)


def _diagonal(query: Embeddings) -> Tensor:
    """Return the index of each query's positive: candidate s is the positive of query s, in every image."""
    return torch.arange(query.shape[1], device=query.device).repeat(query.shape[0])


def _external_only(query: Embeddings, keys: Embeddings, external: Embeddings, temperature: float) -> Scalar:
    positive = (query * keys).sum(dim=2, keepdim=True)
    logits = torch.cat([positive, torch.einsum("bnd,bmd->bnm", query, external)], dim=2) / temperature
    return F.cross_entropy(logits.flatten(0, 1), torch.zeros_like(_diagonal(query)))
