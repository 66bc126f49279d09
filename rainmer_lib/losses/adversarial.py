"""Adversarial losses on patch logits.

DCD-GAN, Eq. (4), log-likelihood:  max_D  E[log D(real)] + E[log(1 - D(fake))],  D = sigmoid(logits).
DCD-GAN's released code trains with the hinge instead, and gives the generators its *clipped* form, whose gradient vanishes
where a logit exceeds 1.  Each function takes logits of any shape and returns a scalar, the mean over all patches.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Logits = Float[Tensor, "..."]
Scalar = Float[Tensor, ""]

# name -> (discriminator on real logits, discriminator on fake logits, generator on fake logits); all are minimised
_MODES = {
    # -log D(real), -log(1 - D(fake)); the generator minimises -log D(fake) (non-saturating, Goodfellow 2014)
    "log_likelihood": (lambda r: F.softplus(-r), lambda f: F.softplus(f), lambda f: F.softplus(-f)),
    # Mao et al., ICCV 2017; used by CycleGAN
    "least_squares": (lambda r: (r - 1) ** 2, lambda f: f**2, lambda f: (f - 1) ** 2),
    # Lim and Ye 2017; DCLGAN's paper text
    "hinge": (lambda r: F.relu(1 - r), lambda f: F.relu(1 + f), lambda f: -f),
    # DCD-GAN's released code: the generator's loss is clipped too
    "hinge_clipped": (lambda r: F.relu(1 - r), lambda f: F.relu(1 + f), lambda f: F.relu(1 - f)),
}


def logits_total(mode: str) -> float:
    """Return the sum of the logits that a mode wants for real and for generated images: twice its undecided logit."""
    return 1.0 if mode == "least_squares" else 0.0


def discriminator_loss(real: Logits, fake: Logits, mode: str) -> Scalar:
    """Return the loss of one discriminator, 0.5 (L(real) + L(fake)).

    The factor 0.5 is CycleGAN's, which slows the discriminator by two; Eq. (4) has no such factor.  With Adam, a constant
    factor on a network's whole loss changes nothing.
    """
    on_real, on_fake, _ = _mode(mode)
    return 0.5 * (on_real(real).mean() + on_fake(fake).mean())


def generator_loss(fake: Logits, mode: str) -> Scalar:
    """Return the loss of a generator, given the discriminator's logits of its images."""
    return _mode(mode)[2](fake).mean()


def _mode(name: str) -> tuple:
    if name not in _MODES:
        raise ValueError(f"GAN loss mode {name!r}: choose one of {', '.join(_MODES)}")
    return _MODES[name]
