"""Patch-wise contrastive loss with internal and external negatives (DCD-GAN, Eq. (2), Sec. 3.2)."""

import torch
from jaxtyping import Float
from torch import Tensor

Embeddings = Float[Tensor, "b n d"]
Scalar = Float[Tensor, ""]


def patch_contrast(
    query: Embeddings, keys: Embeddings, external: Embeddings | None, temperature: float = 0.07, negatives: str = "both",
    batch_negatives: bool = False,
) -> Scalar:  # fmt: skip
    """Return the loss of identifying each query patch's own location in the source image among all candidates.

    Eq. (2), for the query at location s, averaged over s and over the batch:

        l = -log  exp(q_s . k_s / t) / ( exp(q_s . k_s / t) + sum_{negatives v} exp(q_s . v / t) )

    query     (b, n, d)  patches of the translated image, of unit length
    keys      (b, n, d)  patches of the source at the same locations: number s is the positive, the others are the
                         n - 1 *internal* negatives (255 in the paper)
    external  (b, m, d)  patches of the other image in the same embedding: the *external* negatives (256); may be None
                         for `internal`
    negatives `internal` (1 + 255 candidates), `external` (1 + 256), `both` (1 + 511)

    With `batch_negatives` the keys of the whole batch are the internal negatives of each query, b n - 1 of them; for the
    query at location s of image i:

        l = -log  exp(q_is . k_is / t) / ( sum_{j, u} exp(q_is . k_ju / t) + sum_{external v} exp(q_is . v / t) )

    over all images j and locations u (the positive is one of them) and the external patches of image i alone (none for
    `internal`).  Nothing changes at batch 1.  The authors' code and DCLGAN's compute this, with internal negatives only.
    Without it images of a batch are not compared with each other, as in CUT.

    Keys and negatives are detached, so only the query learns, as in MoCo and in the authors' code.
    """
    if negatives not in ("internal", "external", "both"):
        raise ValueError(f"negatives={negatives!r}: choose internal, external or both")
    if negatives != "internal" and external is None:
        raise ValueError(
            f"negatives={negatives!r} needs external patches, but `external` is None: pass them, or use negatives='internal'"
        )
    keys, sharp = keys.detach(), query / temperature  # scaled before the product, which has far more values
    positive = (sharp * keys).sum(dim=2, keepdim=True)
    internal = keys.flatten(0, 1).expand(len(keys), -1, -1) if batch_negatives else keys
    if negatives == "internal":
        total = _LogSumExp.apply(sharp, internal)
    elif negatives == "both":
        total = _LogSumExp.apply(sharp, torch.cat([internal, external.detach()], dim=1))
    else:
        total = torch.logaddexp(positive, _LogSumExp.apply(sharp, external.detach()))
    return (total - positive).mean()


class _LogSumExp(torch.autograd.Function):
    """log sum_v exp(q . v) over the candidates v: (b, n, d), (b, m, d) -> (b, n, 1).

    Its gradient is the mean of the candidates under softmax weights, which is computed at once: of the n m products nothing
    has to be kept, and they are the largest tensors of a small training step.  Candidates get no gradient.
    """

    @staticmethod
    def forward(ctx, query: Tensor, candidates: Tensor) -> Tensor:
        products = query @ candidates.mT
        largest = products.amax(dim=2, keepdim=True)
        weights = products.sub_(largest).exp_()
        total = weights.sum(dim=2, keepdim=True)
        ctx.save_for_backward((weights @ candidates).div_(total))
        return total.log() + largest

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient * ctx.saved_tensors[0], None
