"""Adversarial losses on patch logits.

Paper, Eq. (4), log-likelihood:  max_D  E[log D(real)] + E[log(1 - D(fake))],  D = sigmoid(logits).
The authors' code trains with the hinge instead, and gives the generators its *clipped* form, whose gradient vanishes
where a logit exceeds 1.  Each function takes logits of any shape and returns a scalar, the mean over all patches.
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Logits = Float[Tensor, "..."]
Scalar = Float[Tensor, ""]

# name -> (critic on real logits, critic on fake logits, generator on fake logits); all are minimised
_LAWS = {
    # -log D(real), -log(1 - D(fake)); the generator minimises -log D(fake) (non-saturating, Goodfellow 2014)
    "log_likelihood": (lambda r: F.softplus(-r), lambda f: F.softplus(f), lambda f: F.softplus(-f)),
    # Mao et al., ICCV 2017; used by CycleGAN
    "least_squares": (lambda r: (r - 1) ** 2, lambda f: f**2, lambda f: (f - 1) ** 2),
    # Lim and Ye 2017; DCLGAN's paper text
    "hinge": (lambda r: F.relu(1 - r), lambda f: F.relu(1 + f), lambda f: -f),
    # as released: the generator's part is clipped too
    "hinge_clipped": (lambda r: F.relu(1 - r), lambda f: F.relu(1 + f), lambda f: F.relu(1 - f)),
}


def critic_loss(real: Logits, fake: Logits, law: str) -> Scalar:
    """Loss of one critic, 0.5 (L(real) + L(fake)): the half is CycleGAN's, it slows the critic by two.

    Eq. (4) has no half; with Adam, a constant factor before a network's whole loss changes nothing.
    """
    on_real, on_fake, _ = _law(law)
    return 0.5 * (on_real(real).mean() + on_fake(fake).mean())


def generator_loss(fake: Logits, law: str) -> Scalar:
    """Loss of a generator for the logits of what it made."""
    return _law(law)[2](fake).mean()


def _law(name: str) -> tuple:
    if name not in _LAWS:
        raise ValueError(f"adversarial loss {name!r}: choose one of {', '.join(_LAWS)}")
    return _LAWS[name]
