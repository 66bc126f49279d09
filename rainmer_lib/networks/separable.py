"""Depthwise and pointwise convolutions whose gradients are fast on a CPU: by those cases alone that torch computes fast.

A depthwise convolution gives each channel its own kernel w, at borders of zeros:

    y[c, p] = sum_t w[c, t] x[c, p + r t]         t the taps, centred; r the dilation

torch (2.11 to 2.13) computes the gradient of the weights five to ten times slower than y where kernels are wider than three
taps or dilated, and that of the input likewise where they are dilated.  All of them can be had from cases that are fast:

- the gradient of the input is a depthwise convolution of the gradient with the mirrored kernel;
- kernels with dilation r are ordinary ones on the r x r images that take every r-th pixel;
- wide kernels are several of three columns side by side, each on inputs that lie further to the right.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.networks.fast_training import ordered, trains_on_cpu

COLUMNS = 3  # widest kernel whose gradient torch computes fast
FEWEST = 64  # pixels of an image; with fewer, torch's own gradient is no slower


class DepthwiseConv(nn.Conv2d):
    """Depthwise convolution that keeps the size (b, c, h, w), without biases; odd kernels, zeros at the borders."""

    def __init__(self, channels: int, kernel: int, dilation: int = 1) -> None:
        padding = dilation * (kernel // 2)
        super().__init__(channels, channels, kernel, padding=padding, dilation=dilation, groups=channels, bias=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Convolve each channel by its own kernel."""
        return convolve(x, self.weight, self.dilation[0]) if trains_on_cpu(x) else super().forward(x)


def convolve(x: Float[Tensor, "b c h w"], weight: Float[Tensor, "c 1 k k"], dilation: int = 1) -> Float[Tensor, "b c h w"]:
    """Return the depthwise convolution of `x`; values and gradients are those of `F.conv2d`, up to rounding."""
    kernel = weight.shape[-1]
    if kernel == 1:
        return x * weight.view(1, -1, 1, 1)
    if dilation == 1 and (kernel <= COLUMNS or x[0, 0].numel() < FEWEST):
        return _convolved(x, weight, dilation)
    return _Depthwise.apply(ordered(x), weight, dilation)


class PointwiseConv(nn.Conv2d):
    """Convolution by 1x1 without biases; pixels in channels-last order are one matrix, and so is a product of it."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 1, bias=False)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h w"]:
        """Mix the channels of each pixel."""
        return pointwise(ordered(x), self.weight.flatten(1)) if trains_on_cpu(x) else super().forward(x)


class PairwiseConv(nn.Conv2d):
    """Grouped convolution of two neighbouring channels to one, (b, 2c, h, w) -> (b, c, h, w), without biases.

    It is a depthwise convolution and a sum of pairs; on a CPU, torch is several times slower at groups of two.
    """

    def __init__(self, groups: int, kernel: int) -> None:
        super().__init__(2 * groups, groups, kernel, padding=kernel // 2, groups=groups, bias=False)

    def forward(self, x: Float[Tensor, "b 2*c h w"]) -> Float[Tensor, "b c h w"]:
        """Convolve each pair of channels."""
        if not trains_on_cpu(x):
            return super().forward(x)
        spread = convolve(x, self.weight.reshape(-1, 1, *self.kernel_size)).permute(0, 2, 3, 1)
        return spread.unflatten(3, (-1, 2)).sum(4).permute(0, 3, 1, 2)


def pointwise(x: Float[Tensor, "b c h w"], weight: Float[Tensor, "d c"]) -> Float[Tensor, "b d h w"]:
    """Convolve by 1x1; features in channels-last order are one matrix, which costs no copy."""
    return F.linear(x.permute(0, 2, 3, 1), weight).permute(0, 3, 1, 2)


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, dilation: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.dilation = dilation
        return _convolved(x, weight, dilation)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, weight = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        of_input, of_weight, _ = ctx.needs_input_grad
        return (
            _convolved(gradient, weight.flip(2, 3), ctx.dilation) if of_input else None,
            weight_gradient(x, gradient, weight.shape[-1], ctx.dilation) if of_weight else None,
            None,
        )


def _convolved(x: Tensor, weight: Tensor, dilation: int) -> Tensor:
    weight = weight.contiguous(memory_format=torch.channels_last)
    return F.conv2d(x, weight, padding=dilation * (weight.shape[-1] // 2), dilation=dilation, groups=len(weight))


def weight_gradient(
    x: Float[Tensor, "b c h w"], gradient: Float[Tensor, "b c h w"], kernel: int, dilation: int
) -> Float[Tensor, "c 1 k k"]:
    """Return  dw[c, t] = sum_{b, p} gradient[b, c, p] x[b, c, p + r t],  three columns of taps at a time.

    Rows are framed by zeros and follow each other in memory.  Pixels that lie j further to the right are then the same memory,
    read from pixel j on: no copy is made for them.  Where they run into the next row, the framed gradient is zero.
    """
    x, gradient = (_phases(image, dilation).permute(0, 2, 3, 1) for image in (x, gradient))
    b, h, w, c = x.shape
    border, wide = kernel // 2, w + kernel - 1
    memory = x.new_zeros((b * h * wide + kernel) * c)
    memory[: b * h * wide * c].view(b, h, wide, c)[:, :, border : border + w] = x
    framed = F.pad(gradient, (0, 0, 0, wide - COLUMNS + 1 - w)).permute(0, 3, 1, 2)
    parts = []
    for left in range(0, kernel, COLUMNS):
        seen = memory[left * c :][: b * h * wide * c].view(b, h, wide, c).permute(0, 3, 1, 2)
        weights = x.new_empty(1).expand(c, 1, kernel, COLUMNS)  # their values are not needed
        parts.append(
            torch.ops.aten.convolution_backward(
                framed, seen, weights, None, [1, 1], [border, 0], [1, 1], False, [0, 0], c, [False, True, False]
            )[1]
        )
    return torch.cat(parts, dim=3)[..., :kernel]


def _phases(image: Float[Tensor, "b c h w"], step: int) -> Float[Tensor, "step*step*b c h/step w/step"]:
    """Return the images of every `step`-th pixel, for each place to begin; zeros complete the last rows and columns."""
    if step == 1:
        return image
    pixels = F.pad(image, (0, -image.shape[3] % step, 0, -image.shape[2] % step)).permute(0, 2, 3, 1)
    b, h, w, c = pixels.shape
    phases = pixels.reshape(b, h // step, step, w // step, step, c).permute(0, 2, 4, 1, 3, 5)
    return phases.reshape(b * step**2, h // step, w // step, c).permute(0, 3, 1, 2)
