"""View encoder: encodes an image as illumination, degradation and detail, and as location features."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.rainmer.mefc import MEFC, STEPS

Features = Float[Tensor, "b c h w"]
Image = Float[Tensor, "b 3 h w"]

# Detail and degradation share a head, a prompt and a loss, as in the authors' code (D17): two vectors, not three.
HEAD_OF = {"illumination": "illumination", "degradation": "appearance", "detail": "appearance"}
DETAIL_POOL = 8  # side of the blocks over which detail is averaged; its locations are compared one by one
SQUEEZE = 16


def heads_of(views: Sequence[str]) -> tuple[str, ...]:
    """Return the heads that these views need, illumination first."""
    wanted = {HEAD_OF[view] for view in views}
    return tuple(head for head in ("illumination", "appearance") if head in wanted)


@dataclass(frozen=True)
class Encoding:
    """Encoding of a batch.

    features  by view, for contrast: (b, d, 1, 1) means over all pixels; for detail (b, d, h/8, w/8), means of 8x8 pixels
    prompts   by head, for the decoder: (b, d, 1, 1), means over all pixels, of unit length
    """

    features: dict[str, Features]
    prompts: dict[str, Float[Tensor, "b d 1 1"]]


class ChannelGate(nn.Module):
    """Squeeze and excitation: x sigmoid(W2 ReLU(W1 mean_pixels(x))), d/16 hidden units, no biases (Hu et al., CVPR 2018)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            nn.Conv2d(width, width // SQUEEZE, 1, bias=False), nn.ReLU(),
            nn.Conv2d(width // SQUEEZE, width, 1, bias=False), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, x: Features) -> Features:
        """Scale each channel."""
        return x * self.gate(x.mean(dim=(2, 3), keepdim=True))


class ViewHead(nn.Module):
    """Head for one kind of view, (b, width, h, w) -> (b, d, h, w).

        y = LeakyReLU(conv3 x),   out = LeakyReLU(y + gate conv3 LeakyReLU(gate conv3 y))
    """

    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(width, embedding, 3, padding=1)
        self.residual = nn.Sequential(
            nn.Conv2d(embedding, embedding, 3, padding=1), ChannelGate(embedding), nn.LeakyReLU(0.1),
            nn.Conv2d(embedding, embedding, 3, padding=1), ChannelGate(embedding),
        )  # fmt: skip

    def forward(self, x: Features) -> Features:
        """Embed every pixel."""
        y = F.leaky_relu(self.enter(x), 0.1)
        return F.leaky_relu(y + self.residual(y), 0.1)


class ViewEncoder(nn.Module):
    """Stem (conv3x3, MEFC) and one head for each kind of view; a view that is off has no head of its own.

    `locate` runs the stem alone, on the crop at full resolution; `forward` runs stem and heads, on the whole image at view
    size.  The shared head stays as long as detail or degradation is on.  With a `reduction` above 1, pixels are rearranged to
    that fraction of the size before the stem, and everything after it has that size.
    """

    def __init__(
        self, width: int, embedding: int, views: Sequence[str], reduction: int = 1, mixture_steps: int = STEPS
    ) -> None:
        super().__init__()
        self.views, self.reduction = tuple(views), reduction
        self.stem = nn.Sequential(nn.Conv2d(3 * reduction**2, width, 3, padding=1), MEFC(width, mixture_steps))
        self.heads = nn.ModuleDict({head: ViewHead(width, embedding) for head in heads_of(views)})

    def locate(self, image: Image) -> Features:
        """Return the location features, (b, 3, h, w) -> (b, width, h, w), both sides over the reduction."""
        return self.stem(F.pixel_unshuffle(image, self.reduction))

    def forward(self, image: Image, views: Sequence[str] | None = None) -> Encoding:
        """Encode images under all views, or under the given ones; h and w are at least 8 times the reduction."""
        views = self.views if views is None else tuple(views)
        location = self.locate(image)
        maps = {head: self.heads[head](location) for head in heads_of(views)}
        means = {head: x.mean(dim=(2, 3), keepdim=True) for head, x in maps.items()}
        features = {
            view: F.avg_pool2d(maps[HEAD_OF[view]], DETAIL_POOL) if view == "detail" else means[HEAD_OF[view]]
            for view in views
        }
        return Encoding(features, {head: F.normalize(mean, dim=1) for head, mean in means.items()})


class MomentumEncoder(nn.Module):
    """Copy of the view encoder that follows it and has no gradient (He et al., CVPR 2020):

        theta_k <- m theta_k + (1 - m) theta_q

    There is no queue of keys: the memory bank (`memory_bank.py`) keeps earlier *images*.
    """

    def __init__(self, query: ViewEncoder, momentum: float) -> None:
        super().__init__()
        self.momentum = momentum
        self.encoder = deepcopy(query).requires_grad_(False)

    @torch.no_grad()
    def follow(self, query: ViewEncoder) -> None:
        """Update the moving average once; the training step does this before it encodes keys."""
        torch._foreach_lerp_(list(self.encoder.parameters()), list(query.parameters()), 1 - self.momentum)

    @torch.no_grad()
    def forward(self, images: Float[Tensor, "b k 3 h w"], view: str) -> Float[Tensor, "b k d i j"]:
        """Return the features of k images for each sample under one view."""
        return self.encoder(images.flatten(0, 1), (view,)).features[view].unflatten(0, images.shape[:2])
