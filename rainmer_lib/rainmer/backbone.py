"""U-Net that derains: four levels of transformer blocks, with a decoder that can be prompted."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.networks.fast_training import trains_on_cpu
from rainmer_lib.networks.separable import DepthwiseConv, PairwiseConv, PointwiseConv, pointwise
from rainmer_lib.rainmer.attention import SparseChannelAttention
from rainmer_lib.rainmer.blockwise import applies, blockwise, depthwise, last
from rainmer_lib.rainmer.mefc import MEFC, STEPS
from rainmer_lib.rainmer.prompts import BlockPrompts, Prompts

Features = Float[Tensor, "b c h w"]
Image = Float[Tensor, "b 3 h w"]

REACH = 4  # pixels that a feed-forward network sees: two 5x5 convolutions


class LayerNorm2d(nn.Module):
    """Layer norm over the channels of each pixel, with scale and shift:  g (x - mean) / sqrt(var + 1e-5) + b."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, x: Features) -> Features:
        """Normalise each pixel."""
        channels_last = F.layer_norm(x.permute(0, 2, 3, 1), self.weight.shape, self.weight, self.bias, 1e-5)
        result = channels_last.permute(0, 3, 1, 2)
        return result if applies(x) or trains_on_cpu(x) else result.contiguous()


class MixedScaleFeedForward(nn.Module):
    """Feed-forward network that mixes two scales twice; keeps the shape (b, width, h, w).

        [u1, u2] = ReLU(dw3(W x)),   [v1, v2] = ReLU(dw5(W x))           W: width -> 2h, halves of h
        out = W' [ ReLU(g3[u1, v1]), ReLU(g5[u2, v2]) ]                  g: h groups of two neighbours, 2h -> h

    with h = floor(expansion width) hidden channels and no biases.  Source: MSFN of DRSformer (Chen et al., CVPR 2023).
    """

    def __init__(self, width: int, expansion: float) -> None:
        super().__init__()
        hidden = int(width * expansion)
        self.enter = PointwiseConv(width, 2 * hidden)
        self.depthwise = nn.ModuleList(DepthwiseConv(2 * hidden, k) for k in (3, 5))
        self.grouped = nn.ModuleList(PairwiseConv(hidden, k) for k in (3, 5))
        self.leave = PointwiseConv(2 * hidden, width)

    def forward(self, x: Features) -> Features:
        """Mix the two scales."""
        x = self.enter(x)
        (u1, u2), (v1, v2) = (F.relu(conv(x)).chunk(2, dim=1) for conv in self.depthwise)
        pairs = torch.cat([u1, v1], dim=1), torch.cat([u2, v2], dim=1)
        return self.leave(torch.cat([F.relu(conv(pair)) for conv, pair in zip(self.grouped, pairs, strict=True)], dim=1))

    def chains(self) -> Callable[[Features], Features]:
        """Return the same function by depthwise convolutions, which on a CPU are ten times as fast as groups of two channels.

        Each of the two channels that a group reads is a chain: a row of W and a kernel.  The first channels of all groups are
        computed together, then the second ones.  For that, 3x3 kernels are framed by zeros to 5x5.
        """
        rows, leave = self.enter.weight.flatten(1).chunk(2), self.leave.weight.flatten(1).chunk(2, dim=1)
        small, large = (conv.weight for conv in self.depthwise)
        kernels = [torch.cat(pair) for pair in zip(F.pad(small, (1, 1, 1, 1)).chunk(2), large.chunk(2), strict=True)]
        branches = [
            [(torch.cat([row, row])[one::2], last(kernel[one::2]), last(conv.weight[:, one : one + 1])) for one in (0, 1)]
            for row, kernel, conv in zip(rows, kernels, self.grouped, strict=True)
        ]

        def compute(x: Features) -> Features:
            mixed = []
            for branch in branches:
                first, second = (
                    depthwise(F.relu_(depthwise(pointwise(x, row), kernel)), group) for row, kernel, group in branch
                )
                mixed.append(F.relu_(first.add_(second)))
            return sum(pointwise(y, weight) for y, weight in zip(mixed, leave, strict=True))

        return compute


class TransformerBlock(nn.Module):
    """Transformer block on (b, width, h, w): x <- x + attention(norm(x)), then x <- x + feed_forward(norm(x)).

    With prompts P:   placement `attention`  x <- x + o + P(o), o = attention(norm(x));
                      placement `residual`   x <- x + o, then x <- x + P(x).
    """

    def __init__(
        self, width: int, heads: int, expansion: float, rates: Sequence[str], topk: str,
        prompts: BlockPrompts | None = None, placement: str = "attention",
    ) -> None:  # fmt: skip
        super().__init__()
        self.before_attention, self.before_feed = LayerNorm2d(width), LayerNorm2d(width)
        self.attention = SparseChannelAttention(width, heads, rates, topk)
        self.feed_forward = MixedScaleFeedForward(width, expansion)
        self.prompts, self.placement = prompts, placement

    def forward(self, x: Features, prompts: Prompts | None = None) -> Features:
        """Apply the block; without `prompts` a block that has prompt parameters leaves them out."""
        width = x.shape[1]
        attended = self.attention(self.before_attention(x))
        prompted = self.prompts is not None and prompts is not None
        if prompted and self.placement == "attention":
            attended = blockwise(lambda o: o + self.prompts(o, prompts), attended, 0, width)
        x = x + attended
        if prompted and self.placement == "residual":
            x = blockwise(lambda o: o + self.prompts(o, prompts), x, 0, width)
        feed = self.feed_forward.chains() if applies(x) else self.feed_forward
        return blockwise(lambda y: y + feed(self.before_feed(y)), x, REACH, self.feed_forward.grouped[0].out_channels)


class Downsample(nn.Sequential):
    """Halve the size and double the channels."""

    def __init__(self, width: int) -> None:
        super().__init__(nn.Conv2d(width, width // 2, 3, padding=1, bias=False), nn.PixelUnshuffle(2))


class Upsample(nn.Sequential):
    """Double the size and halve the channels."""

    def __init__(self, width: int) -> None:
        super().__init__(nn.Conv2d(width, 2 * width, 3, padding=1, bias=False), nn.PixelShuffle(2))


class Backbone(nn.Module):
    """Deraining U-Net: `embed` makes features, `correct` the correction of the image; features may be joined in between.

    The channels are 1, 2, 4 and 8 times `width` at full, 1/2, 1/4 and 1/8 size; height and width must be multiples of 8.
    The decoder joins its features with the encoder's of the same size and halves the channels, except for the last level,
    which works on 2 width.  `prompt_heads` names the prompts of each decoder block; none if it is empty.
    With a `reduction` r above 1 (ours), pixels are rearranged to 1/r of the size before the first convolution, which loses
    nothing, and back after the last: every level is that much smaller.  `mixture_steps`: of both mixtures of experts.
    Source: DRSformer (Chen et al., CVPR 2023), with the prompts of the authors' code.
    """

    def __init__(
        self, width: int, blocks: Sequence[int], heads: Sequence[int], expansion: float, rates: Sequence[str], topk: str,
        embedding: int, prompt_heads: Sequence[str], weighting: str, placement: str, reduction: int = 1,
        mixture_steps: int = STEPS,
    ) -> None:  # fmt: skip
        super().__init__()
        self.reduction = reduction

        def level(channels: int, at: int, prompted: bool = False) -> nn.ModuleList:
            def prompts() -> BlockPrompts | None:
                return BlockPrompts(channels, embedding, prompt_heads, weighting) if prompted and prompt_heads else None

            return nn.ModuleList(
                TransformerBlock(channels, heads[at], expansion, rates, topk, prompts(), placement) for _ in range(blocks[at])
            )

        self.patch = nn.Conv2d(3 * reduction**2, width, 3, padding=1, bias=False)
        self.level0 = MEFC(width, mixture_steps)
        self.encoder = nn.ModuleList(level(width * 2**at, at) for at in range(3))
        self.down = nn.ModuleList(Downsample(width * 2**at) for at in range(3))
        self.latent = level(8 * width, 3)
        # from the lowest level up
        self.up = nn.ModuleList(Upsample(width * 2**at) for at in (3, 2, 1))
        self.join = nn.ModuleList(PointwiseConv(width * 2**at, width * 2 ** (at - 1)) for at in (3, 2))
        self.decoder = nn.ModuleList([level(4 * width, 2, True), level(2 * width, 1, True), level(2 * width, 0, True)])
        self.refine = MEFC(2 * width, mixture_steps)
        self.leave = nn.Conv2d(2 * width, 3 * reduction**2, 3, padding=1, bias=False)

    def embed(self, image: Image) -> Features:
        """Embed an image, (b, 3, r h, r w) -> (b, width, h, w) with the reduction r."""
        return self.level0(self.patch(F.pixel_unshuffle(image, self.reduction)))

    def correct(self, x: Features, prompts: Prompts | None = None) -> Image:
        """Return the correction that is added to the image, (b, width, h, w) -> (b, 3, r h, r w)."""
        skips = []
        for level, down in zip(self.encoder, self.down, strict=True):
            for block in level:
                x = block(x)
            skips.append(x)
            x = down(x)
        for block in self.latent:
            x = block(x)
        for up, join, level in zip(self.up, [*self.join, nn.Identity()], self.decoder, strict=True):
            x = join(torch.cat([up(x), skips.pop()], dim=1))
            for block in level:
                x = block(x, prompts)
        return F.pixel_shuffle(self.leave(self.refine(x)), self.reduction)


def pad_to_multiple(image: Image, multiple: int) -> Image:
    """Mirror the right and lower borders up to multiples of `multiple`, with the border pixel repeated, as in inference."""
    for axis in (2, 3):
        while missing := -image.shape[axis] % multiple:
            size = image.shape[axis]
            image = torch.cat([image, image.narrow(axis, max(0, size - missing), min(size, missing)).flip(axis)], dim=axis)
    return image
