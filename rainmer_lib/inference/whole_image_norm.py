"""Tiles for networks with instance norm: every tile is normalised with the statistics of the whole image.

Instance norm subtracts the mean and divides by the deviation of each channel over the whole image.  A tile on its own has
other statistics than its neighbour, so the two map the same pixel to different values, and a seam shows.

The statistics of the whole image are found norm by norm.  Pass k runs every tile as far as the k-th norm, with the k - 1
earlier ones already fixed, and pools the mean and the variance of the features that arrive there:

    n = sum n_i,   mean = sum n_i mean_i / n,   n var = sum n_i (var_i + (mean_i - mean)^2).

Only a tile's core counts, so no pixel counts twice; and with a halo of the network's reach the core's features are those
of the untiled network, its borders included.  So over all tiles the result differs from the untiled one by rounding only.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.inference.tiling import Grid, Span

# The mean and the variance of each channel, (c,) each, for every time a norm is applied in one forward pass, in order.
Statistics = list[tuple[Tensor, Tensor]]


class _Reached(Exception):
    """Exception that carries the features at a norm out of a forward pass that need not go on."""

    def __init__(self, features: Tensor) -> None:
        self.features = features


def instance_norms(network: nn.Module) -> list[nn.InstanceNorm2d]:
    """Return the norms of a network that use the statistics of their input image."""
    found = (m for m in network.modules() if isinstance(m, nn.InstanceNorm2d))
    return [m for m in found if m.training or not m.track_running_stats]


@contextmanager
def replaced(network: nn.Module, rule: Callable[[nn.InstanceNorm2d, Tensor], Tensor]) -> Iterator[None]:
    """Context in which every instance norm computes rule(norm, features); the norms are restored even after an exception."""
    norms = instance_norms(network)
    try:
        for norm in norms:
            norm.forward = partial(rule, norm)  # shadows the class's method; weights, buffers and mode stay as they are
        yield
    finally:
        for norm in norms:
            norm.__dict__.pop("forward", None)


def normalise(norm: nn.InstanceNorm2d, features: Float[Tensor, "b c h w"], pair: tuple[Tensor, Tensor]) -> Tensor:
    """Return (features - mean) / sqrt(var + eps), then apply the norm's own scale and shift if it has them."""
    return F.batch_norm(features, *pair, norm.weight, norm.bias, training=False, eps=norm.eps)


@contextmanager
def fixed_statistics(network: nn.Module, statistics: Statistics) -> Iterator[None]:
    """Context in which norms use `statistics`, not those of their input; each forward pass must run to its end."""
    order = cycle(statistics)
    with replaced(network, lambda norm, features: normalise(norm, features, next(order))):
        yield


def count_norms(network: nn.Module, example: Float[Tensor, "b 3 h w"]) -> int:
    """Count how many times a forward pass applies an instance norm."""
    seen = []

    def rule(norm: nn.InstanceNorm2d, features: Tensor) -> Tensor:
        seen.append(norm)
        return type(norm).forward(norm, features)

    with replaced(network, rule):
        network(example)
    return len(seen)


def whole_image_statistics(
    network: nn.Module,
    tiles: Grid,
    read: Callable[[Span, Span], Float[Tensor, "1 3 h w"]],
    norms: int,
    tick: Callable[[], None] = lambda: None,
) -> Statistics:
    """Collect the statistics of the first `norms` norms over the cores of `tiles`; `read(row, col)` returns a tile as input.

    Takes `norms` passes over the tiles, each as far as its norm: about half of `norms` full passes.  `tick` is called
    after each tile of each pass.  Raises ValueError if a norm's features do not lie on a grid that divides the tiles.
    """
    statistics: Statistics = []
    for _ in range(norms):
        parts = []
        for row in tiles.rows:
            for col in tiles.cols:
                core = inner(inner(arriving(network, read(row, col), statistics), row, 2), col, 3)
                variance, mean = torch.var_mean(core.float(), dim=(0, 2, 3), correction=0)
                parts.append((core.shape[2] * core.shape[3], mean.double().cpu(), variance.double().cpu()))
                device, dtype = core.device, mean.dtype
                tick()
        statistics.append(tuple(value.to(device, dtype) for value in pooled(parts)))
    return statistics


def arriving(network: nn.Module, image: Float[Tensor, "1 3 h w"], statistics: Statistics) -> Float[Tensor, "1 c i j"]:
    """Return the features that arrive at the first norm whose statistics are not yet known."""
    known = iter(statistics)

    def rule(norm: nn.InstanceNorm2d, features: Tensor) -> Tensor:
        pair = next(known, None)
        if pair is None:
            raise _Reached(features)
        return normalise(norm, features, pair)

    with replaced(network, rule):
        try:
            network(image)
        except _Reached as reached:
            return reached.features
    raise ValueError(f"a forward pass applied only {len(statistics)} instance norms; every pass must apply the same number")


def inner(features: Float[Tensor, "1 c i j"], span: Span, axis: int) -> Float[Tensor, "1 c i2 j2"]:
    """Return the part of a tile's features, at any scale, that lies over the tile's core along one axis."""
    size, length = features.shape[axis], span.read_stop - span.read_start
    first, last = (size * (edge - span.read_start) for edge in (span.start, span.stop))
    if first % length or last % length:
        raise ValueError(
            f"features of {size} pixels over a tile of {length}: the core's edges fall between them; "
            "give the network an attribute `multiple` that its reductions divide"
        )
    return features.narrow(axis, first // length, (last - first) // length)


def pooled(parts: Iterable[tuple[int, Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Return mean and variance of the union of sets with the given sizes, means and variances."""
    counts, means, variances = zip(*parts, strict=True)
    weights = torch.tensor(counts, dtype=torch.float64)[:, None] / sum(counts)
    means, variances = torch.stack(means), torch.stack(variances)
    mean = (weights * means).sum(0)
    return mean, (weights * (variances + (means - mean) ** 2)).sum(0)


def sparse(tiles: Grid, pixels: int | None) -> Grid:
    """Keep every s-th row and column of tiles, centred, with the least s that leaves about `pixels` pixels; None keeps all."""
    total = tiles.rows[-1].stop * tiles.cols[-1].stop
    step = 1
    while pixels is not None and total > pixels * step * step:
        step += 1

    def every(line: list[Span]) -> list[Span]:
        return line[min(step, len(line)) // 2 :: step]

    return Grid(every(tiles.rows), every(tiles.cols))
