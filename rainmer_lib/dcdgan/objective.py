"""The objective of DCD-GAN (paper, Eq. (6)) as a list of named, weighted terms."""

from collections.abc import Callable

import torch
from torch import Tensor

from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.model import DCDGAN
from rainmer_lib.dcdgan.translation import Cycles
from rainmer_lib.losses.adversarial import discriminator_loss, generator_loss
from rainmer_lib.losses.colour_cycle import colour_cycle, plain_cycle
from rainmer_lib.losses.frequency import frequency
from rainmer_lib.networks.patch_discriminator import PatchDiscriminator
from rainmer_lib.training.objective import Term, switched_on

# Images are in [0, 1] here and in [-1, 1] in the authors' code, where the weights were chosen: images are scaled
# by this factor before they are compared, so that a weight means the same.
IMAGE_RANGE = 2.0


def build_objective(config: DCDGANConfig, patch_generator: torch.Generator) -> list[Term]:
    """Return the terms whose weight is not zero, in the order of the paper's Sec. 3.3.

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
            stacks, config.patches, config.temperature, config.negatives, patch_generator, config.one_sided,
            config.batch_negatives,
        )  # fmt: skip

    def over_cycles(distance: Callable[[Tensor, Tensor], Tensor]) -> Callable[[DCDGAN, Cycles], Tensor]:
        """Return the term that adds the distance of R to R* and, with a backward cycle, that of N to N*."""

        def value(_: DCDGAN, cycles: Cycles) -> Tensor:
            forward = distance(IMAGE_RANGE * cycles.rainy, IMAGE_RANGE * cycles.recovered_rainy)
            total = config.forward_cycle_share * forward
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
    return switched_on(terms)


def adversarial(model: DCDGAN, cycles: Cycles, mode: str) -> Tensor:
    """Return the generators' loss on both translations, L_adv(D_N) + L_adv(D_R), Eq. (4)."""
    total = generator_loss(model.translation.clean_discriminator(cycles.derained), mode)
    if cycles.rerained is not None:
        total = total + generator_loss(model.translation.rainy_discriminator(cycles.rerained), mode)
    return total


def identity(_: DCDGAN, cycles: Cycles) -> Tensor:
    """Return the identity loss: how much deraining changes clean images, and adding rain rainy ones (authors' code only)."""
    total = plain_cycle(cycles.clean, cycles.kept_clean)
    if cycles.kept_rainy is not None:
        total = total + plain_cycle(cycles.rainy, cycles.kept_rainy)
    return IMAGE_RANGE * total


def discriminators_objective(model: DCDGAN, cycles: Cycles, mode: str) -> Tensor:
    """Return the discriminators' loss, L_adv(D_N) + L_adv(D_R), Eq. (4): real images against detached translations."""
    t = model.translation
    total = on_both(t.clean_discriminator, cycles.clean, cycles.derained, mode)
    if cycles.rerained is not None:
        total = total + on_both(t.rainy_discriminator, cycles.rainy, cycles.rerained, mode)
    return total


def on_both(discriminator: PatchDiscriminator, real: Tensor, fake: Tensor, mode: str) -> Tensor:
    """Return one discriminator's loss on real and on detached generated images, which it sees in one batch."""
    logits = discriminator(torch.cat([real, fake.detach()]))
    return discriminator_loss(logits[: len(real)], logits[len(real) :], mode)
