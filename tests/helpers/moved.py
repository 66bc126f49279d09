"""Which parameters a step has moved."""

import torch


def weights(module):
    """Its parameters as they are now."""
    return [p.detach().clone() for p in module.parameters()]


def changed(before, module):
    """For each parameter, whether it is another than before."""
    return [not torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True)]
