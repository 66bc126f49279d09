"""3x3 convolutions for training on a CPU, with a quarter of the multiplications (Winograd 1980; Lavin and Gray, CVPR 2016).

Four by four outputs of a 3x3 convolution need 16 x 9 multiplications for each pair of channels; by way of 6x6 values of three
polynomials they need 36.  With w the 3x3 kernel, d the 6x6 inputs around the outputs y:

    y = A [ (G w G') * (B' d B) ] A'                       for one pair of channels; * is the product of elements

Summed over input channels, each of the 36 products is a matrix product of all tiles with all pairs of channels.  All maps are
linear, so the gradients are the same steps backwards.  torch's own kernels compute y directly; the two agree to rounding.
"""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.networks.fast_training import is_channels_last, trains_on_cpu

TILE, TAPS = 4, 3
SIZE = TILE + TAPS - 1
POINTS = (0.0, 1.0, -1.0, 0.5, -2.0)  # and infinity; of the sets that were tried the one with the smallest rounding error
AT_ONCE = 256  # tiles that are transformed together: they stay in the cache
FEWEST = 64  # channels on either side; with fewer, moving the tiles costs more than the multiplications that are saved


def interpolation(points: tuple[float, ...] = POINTS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return A (4, 6), G (6, 3) and B' (6, 6): polynomials of degrees 3, 2 and 5, evaluated at the points and at infinity."""
    a, g, b = np.zeros((TILE, SIZE)), np.zeros((SIZE, TAPS)), np.zeros((SIZE, SIZE))
    for i, point in enumerate(points):
        others = np.delete(points, i)
        a[:, i] = point ** np.arange(TILE)
        g[i] = point ** np.arange(TAPS) / np.prod(point - others)
        b[i, : SIZE - 1] = np.poly(others)[::-1]
    a[-1, -1], g[-1, -1], b[-1] = 1, 1, np.poly(points)[::-1]
    return a, g, b


# both dimensions at once: (16, 36), (36, 9), (36, 36)
_OUTPUT, _KERNEL, _INPUT = (torch.from_numpy(np.kron(matrix, matrix)) for matrix in interpolation())


class Convolution(nn.Conv2d):
    """3x3 convolution with padding 1, by Winograd's algorithm where a step on a CPU gains by it, else torch's own."""

    def __init__(self, inputs: int, outputs: int, padding_mode: str = "zeros") -> None:
        super().__init__(inputs, outputs, 3, padding=1, padding_mode=padding_mode)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h w"]:
        """Convolve."""
        if min(self.in_channels, self.out_channels) < FEWEST or not suits(x):
            return super().forward(x)
        return convolve(x, self.weight, self.bias, self.padding_mode)


def suits(x: Float[Tensor, "b c h w"]) -> bool:
    """Return whether `convolve` takes these inputs and is meant for them."""
    return trains_on_cpu(x) and is_channels_last(x) and x.shape[2] % TILE == 0 and x.shape[3] % TILE == 0


def convolve(
    x: Float[Tensor, "b c h w"], weight: Float[Tensor, "d c 3 3"], bias: Float[Tensor, " d"], padding_mode: str = "zeros"
) -> Float[Tensor, "b d h w"]:
    """Return the 3x3 convolution of `x` on borders of zeros or, with `reflect`, on mirrored ones; h and w multiples of 4.

    Values, and the gradients of all three, are those of `F.conv2d` on the padded input, up to rounding: in single precision
    about 2e-6 of the outputs' standard deviation, 2e-7 in torch's kernel.
    """
    return _Winograd.apply(x, weight, bias, padding_mode == "reflect")


class _Winograd(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, bias: Tensor, reflect: bool) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.reflect = reflect
        result = torch.empty(len(x), len(weight), *x.shape[2:], dtype=x.dtype, memory_format=torch.channels_last)
        inputs, outputs, kernels = _tiles(_padded(x, reflect), SIZE), _tiles(result, TILE), _kernels(weight).mT
        for rows in _bands(inputs):
            products = _mapped(_INPUT, inputs[rows]) @ kernels
            y = (_OUTPUT.to(x) @ products.flatten(1)).view(outputs[rows].shape)
            torch.add(y, bias, out=outputs[rows])
        return result

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None, None]:
        x, weight = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        of_outputs, padded, kernels = _tiles(gradient, TILE), _padded(x, ctx.reflect), _kernels(weight)
        of_padded, of_kernels = torch.zeros_like(padded), torch.empty_like(kernels)
        inputs, of_inputs = _tiles(padded, SIZE), _tiles(of_padded, SIZE)
        for rows in _bands(inputs):
            of_products = _mapped(_OUTPUT.T, of_outputs[rows])
            if ctx.needs_input_grad[0]:
                _add_overlapping(of_inputs[rows], _INPUT.T.to(x) @ (of_products @ kernels).flatten(1))
            if ctx.needs_input_grad[1]:
                of_kernels.baddbmm_(of_products.mT, _mapped(_INPUT, inputs[rows]), beta=0 if rows[2].start == 0 else 1)
        of_weight = (_KERNEL.T.to(x) @ of_kernels.flatten(1)).T.reshape(weight.shape)
        reflect = torch.ops.aten.reflection_pad2d_backward
        of_x = reflect(of_padded, x, [1, 1, 1, 1]) if ctx.reflect else of_padded[:, :, 1:-1, 1:-1]
        return of_x, of_weight, gradient.sum((0, 2, 3)), None


def _kernels(weight: Tensor) -> Tensor:
    """Return the transformed kernels (36, d, c)."""
    return (_KERNEL.to(weight) @ weight.reshape(-1, TAPS**2).T).view(SIZE**2, *weight.shape[:2])


def _padded(x: Tensor, reflect: bool) -> Tensor:
    return F.pad(x, (1, 1, 1, 1), "reflect" if reflect else "constant")


def _tiles(images: Tensor, size: int) -> Tensor:
    """Return a view (size, size, rows of tiles, b, tiles in a row, c) of images in channels-last order.

    Tiles of 4x4 lie side by side; tiles of 6x6 begin at every fourth pixel as well and overlap.
    """
    b, c, h, w = images.shape
    image, _, down, across = images.stride()
    shape = (size, size, (h - size) // TILE + 1, b, (w - size) // TILE + 1, c)
    return images.as_strided(shape, (down, across, TILE * down, image, TILE * across, 1), images.storage_offset())


def _bands(tiles: Tensor) -> list[tuple]:
    """Return indices of bands of rows of tiles, about `AT_ONCE` tiles each."""
    _, _, rows, b, across, _ = tiles.shape
    count = max(1, AT_ONCE // (b * across))
    return [(slice(None), slice(None), slice(first, first + count)) for first in range(0, rows, count)]


def _mapped(matrix: Tensor, tiles: Tensor) -> Tensor:
    """Return a linear map of the pixels of each tile: tiles as `_tiles` gives them -> (rows of the matrix, tiles, c)."""
    return (matrix.to(tiles) @ tiles.reshape(matrix.shape[1], -1)).view(len(matrix), -1, tiles.shape[-1])


def _add_overlapping(tiles: Tensor, values: Tensor) -> None:
    """Add values (36, ...) to a view of overlapping tiles: four times to those parts of all tiles that do not overlap."""
    values = values.view(tiles.shape)
    for rows in (slice(TILE), slice(TILE, None)):
        for columns in (slice(TILE), slice(TILE, None)):
            tiles[rows, columns].add_(values[rows, columns])
