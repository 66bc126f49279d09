"""Images to compare, and what every distance of images must satisfy."""

import pytest
import torch


@pytest.fixture
def two_images():
    """Two batches of two_images, double precision, not square."""

    def make(size=5, batch=2, seed=0):
        generator = torch.Generator().manual_seed(seed)
        return [torch.rand(batch, 3, size, size + 1, generator=generator, dtype=torch.float64) for _ in range(2)]

    return make


@pytest.fixture
def differentiable():
    """Checks that the gradient of a loss is that of its values, the loss of equal images 0 and its gradient there finite."""

    def check(loss, a, b):
        assert torch.autograd.gradcheck(lambda x: loss(x, b), a.requires_grad_())
        assert loss(b, b).item() == pytest.approx(0, abs=4e-6)
        perfect = b.clone().requires_grad_()
        loss(perfect, b).backward()
        assert torch.isfinite(perfect.grad).all()

    return check
