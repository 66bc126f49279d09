"""Instance norm without affine parameters, and its fast form for features in channels-last order."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.networks.fast_training import is_channels_last, trains_on_cpu


class InstanceNorm(nn.InstanceNorm2d):
    """Instance norm without affine parameters and running statistics (Ulyanov et al., paper ref. [31]).

    Its gradient comes back contiguous: at batch 1, torch 2.13 on a CPU computes a wrong one from gradients in channels-last
    order, which follow from convolutions in that order.  Forward, and batches above 1, are right; compiled code is its own.
    A training step on a CPU takes `normalise` for features in that order.
    """

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Normalise each channel of each image."""
        if trains_on_cpu(x) and is_channels_last(x) and not self.affine:
            return normalise(x, self.eps)
        y = super().forward(x)
        if y.requires_grad and not torch.compiler.is_compiling():
            y.register_hook(Tensor.contiguous)
        return y


def normalise(x: Float[Tensor, "b c h w"], eps: float) -> Float[Tensor, "b c h w"]:
    """Return (x - mean) / sqrt(variance + eps), statistics of each channel of each image; for channels-last order.

    torch's own kernel copies such features to the other order and back.
    """
    return _Normalise.apply(x, eps)


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, eps: float) -> Tensor:
        result = torch.empty_like(x)  # in the order of x
        mean = _pixels(x).mean(1, keepdim=True)
        centred = torch.sub(_pixels(x), mean, out=_pixels(result))
        scale = centred.square().mean(1, keepdim=True).add_(eps).rsqrt_()
        centred.mul_(scale)
        ctx.save_for_backward(x, mean, scale)
        return result

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        x, mean, scale = ctx.saved_tensors
        g, result = _pixels(gradient), torch.empty_like(x)
        centred = torch.sub(_pixels(x), mean, out=_pixels(result))
        along = (g * centred).mean(1, keepdim=True) * scale**3
        # scale (g - mean(g)) - scale^3 mean(g centred) centred
        centred.mul_(-along).addcmul_(g, scale).sub_(g.mean(1, keepdim=True) * scale)
        return result, None


def _pixels(image: Tensor) -> Tensor:
    """Return an image (b, c, h, w) as (b, h w, c): a view in channels-last order, else a copy."""
    return image.permute(0, 2, 3, 1).flatten(1, 2)
