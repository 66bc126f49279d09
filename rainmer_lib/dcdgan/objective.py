"""The objective of DCD-GAN (paper, Eq. (6)) as a list of named, weighted terms."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.model import DCDGAN
from rainmer_lib.dcdgan.translation import Cycles
from rainmer_lib.losses.adversarial import critic_loss, generator_loss
from rainmer_lib.losses.colour_cycle import colour_cycle, plain_cycle
from rainmer_lib.losses.frequency import frequency

# Images are in [0, 1] here and in [-1, 1] in the authors' code, where the weights were chosen: images are scaled
# by this before they are compared, so that a weight means the same.
IMAGE_RANGE = 2.0


@dataclass(frozen=True)
class Term:
    """One summand of the objective of generators and heads: `weight * value(model, cycles)`."""

    name: str
    weight: float
    value: Callable[[DCDGAN, Cycles], Tensor]


def build_objective(config: DCDGANConfig, patch_generator: torch.Generator) -> list[Term]:
    """The terms with a weight that is not zero, in the order of the paper's Sec. 3.3.

    Eq. (6):  L = 2 L_con + 1 L_color + 1 L_adv + 0.1 L_freq   (weights from `config`).
    A term that is switched off is absent: it is neither computed nor logged.
    """

    def contrastive(model: DCDGAN, cycles: Cycles) -> Tensor:
        stacks = dict(cycles.features)
        if config.guidance_branches == 4:
            t = model.translation
            stacks["recovered_rainy"] = t.derain.encode(cycles.recovered_rainy, config.taps)
            if config.backward_cycle:
                stacks["recovered_clean"] = t.rerain.encode(cycles.recovered_clean, config.taps)
        return model.guidance(
            stacks, config.patches, config.temperature, config.negatives, patch_generator, config.one_sided
        )

    def over_cycles(distance: Callable[[Tensor, Tensor], Tensor]) -> Callable[[DCDGAN, Cycles], Tensor]:
        """The distance of R to R*, plus that of N to N* where there is a backward cycle."""

        def value(_: DCDGAN, cycles: Cycles) -> Tensor:
            total = distance(IMAGE_RANGE * cycles.rainy, IMAGE_RANGE * cycles.recovered_rainy)
            if config.backward_cycle:
                total = total + distance(IMAGE_RANGE * cycles.clean, IMAGE_RANGE * cycles.recovered_clean)
            return total

        return value

    terms = [
        Term("contrastive", config.contrastive_weight, contrastive),
        Term("colour", config.colour_weight, over_cycles(lambda a, b: colour_cycle(a, b, config.colour_norm))),
        Term("plain_cycle", config.plain_cycle_weight, over_cycles(plain_cycle)),
        Term("adversarial", config.adversarial_weight, lambda m, c: adversarial(m, c, config.adversarial_loss)),
        Term("frequency", config.frequency_weight, over_cycles(lambda a, b: frequency(a, b, config.frequency_loss))),
        Term("identity", config.identity_weight, identity),
    ]
    return [term for term in terms if term.weight != 0]


def adversarial(model: DCDGAN, cycles: Cycles, law: str) -> Tensor:
    """What the critics say of both translations: L_adv(D_N) + L_adv(D_R), Eq. (4), for the generators."""
    total = generator_loss(model.translation.clean_critic(cycles.derained), law)
    if cycles.rerained is not None:
        total = total + generator_loss(model.translation.rainy_critic(cycles.rerained), law)
    return total


def identity(model: DCDGAN, cycles: Cycles) -> Tensor:
    """A clean image derained, and a rainy one rained on, should stay what they are (authors' code; not in the paper)."""
    t = model.translation
    on_clean = plain_cycle(cycles.clean, t.derain(cycles.clean)[0])
    return IMAGE_RANGE * (on_clean + plain_cycle(cycles.rainy, t.rerain(cycles.rainy)[0]))


def critics_objective(model: DCDGAN, cycles: Cycles, law: str) -> Tensor:
    """L_adv(D_N) + L_adv(D_R), Eq. (4), for the critics: real images against the step's translations, detached."""
    t = model.translation
    total = critic_loss(t.clean_critic(cycles.clean), t.clean_critic(cycles.derained.detach()), law)
    if cycles.rerained is not None:
        total = total + critic_loss(t.rainy_critic(cycles.rainy), t.rainy_critic(cycles.rerained.detach()), law)
    return total
