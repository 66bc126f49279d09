"""The objective of Rainmer as a list of named, weighted terms."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor

from rainmer_lib.losses.fidelity import charbonnier, structural_loss
from rainmer_lib.rainmer.config import RainmerConfig
from rainmer_lib.rainmer.contrast import Similarity, degradation_detail_loss, illumination_loss
from rainmer_lib.training.objective import Term, switched_on

Image = Float[Tensor, "b 3 h w"]


@dataclass(frozen=True)
class Outcome:
    """Outcome of one micro-step: the derained crop (not clamped), the ground truth, and each view's similarities.

    `similarities` is empty while the memory bank fills; the contrastive terms are then 0.
    """

    derained: Image
    clean: Image
    similarities: Mapping[str, Similarity] = field(default_factory=dict)


def build_objective(config: RainmerConfig) -> list[Term]:
    """Return the terms whose weight is not zero and whose view is on.

        L = L_charbonnier + 0.1 (1 - SSIM) + 0.1 (L_illumination + L_degradation_detail)     (weights from `config`)

    A term that is switched off is absent: it is neither computed nor logged.
    """

    def contrast(loss: Callable[[Mapping[str, Similarity]], Tensor]) -> Callable[[Outcome], Tensor]:
        return lambda o: loss(o.similarities) if o.similarities else o.derained.new_zeros(())

    terms = [
        Term("charbonnier", config.charbonnier_weight, lambda o: charbonnier(o.derained, o.clean)),
        Term("ssim", config.ssim_weight, lambda o: structural_loss(o.derained, o.clean)),
    ]
    if "illumination" in config.contrasted:
        terms.append(Term("illumination", config.contrastive_weight, contrast(illumination_loss)))
    if {"degradation", "detail"} & set(config.contrasted):
        shared = contrast(lambda s: degradation_detail_loss(s, config.positives))
        terms.append(Term("degradation_detail", config.contrastive_weight, shared))
    return switched_on(terms)
