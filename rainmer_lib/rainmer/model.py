"""The complete Rainmer: the deraining network and, in training, the momentum encoder that follows its view encoder."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.rainmer.backbone import Backbone, pad_to_multiple
from rainmer_lib.rainmer.config import MULTIPLE, RainmerConfig
from rainmer_lib.rainmer.contrast import Similarity, similarity
from rainmer_lib.rainmer.encoder import Encoding, MomentumEncoder, ViewEncoder, heads_of
from rainmer_lib.rainmer.interaction import SpatialChannelInteraction
from rainmer_lib.rainmer.prompts import Prompts
from rainmer_lib.rainmer.views import Keys

Image = Float[Tensor, "b 3 h w"]


def view_of(image: Image, size: int) -> Image:
    """Resize the whole image to view size as in training: bilinear, without anti-aliasing, without keeping the aspect ratio."""
    if image.shape[2:] == (size, size):
        return image
    return F.interpolate(image, (size, size), mode="bilinear", align_corners=False)


class DerainingNetwork(Derainer):
    """Deraining network: backbone, view encoder, prompts and interaction, which is all that inference needs.

    Takes and returns (b, 3, h, w) in [0, 1], any size (borders are mirrored to a multiple of 8 inside); the result is not
    clamped.  Prompts are computed from the whole image, resized to `view_size`.  Parts that are switched off are off in
    training and in inference, and have no parameters: `views` (a head, its prompts), `prompts`, `interaction`; with none of
    them there is no encoder.

    Attention, mixtures and gates take means over all pixels they are given, so tiles only come near to the untiled result,
    however far they overlap (by `reach`; the authors' tiles do not); `conditioned_on` gives all tiles the prompts of the whole
    image.
    """

    reach = 24  # pixels of overlap: convolutions see farther and means see everything, but more changed nothing measurable

    def __init__(
        self, width: int, embedding: int, blocks: Sequence[int], heads: Sequence[int], expansion: float,
        rates: Sequence[str], topk: str, views: Sequence[str], prompts: bool, weighting: str, placement: str,
        interaction: bool, view_size: int, reduction: int, mixture_steps: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.view_size = view_size
        self.multiple = MULTIPLE * reduction  # for the sizes of tiles, which must lie on the grid of the lowest level
        self.smallest = 2 * self.multiple
        prompt_heads = heads_of(views) if prompts else ()
        self.prompted = bool(prompt_heads)
        self.backbone = Backbone(
            width, blocks, heads, expansion, rates, topk, embedding, prompt_heads, weighting, placement, reduction,
            mixture_steps,
        )
        self.encoder = ViewEncoder(width, embedding, views, reduction, mixture_steps) if views or interaction else None
        self.interaction = SpatialChannelInteraction(width) if interaction else None
        self._whole: Image | None = None

    def forward(self, image: Image, whole: Image | None = None) -> Image:
        """Derain.  `whole` is the image that `image` is a part of, any size; without it `image` is taken as the whole."""
        height, width = image.shape[2:]
        if whole is None:
            whole = image if self._whole is None else self._whole
        prompts = self.encode(view_of(whole, self.view_size)).prompts if self.prompted else None
        return self.restore(pad_to_multiple(image, self.multiple), prompts)[..., :height, :width]

    def encode(self, whole: Image) -> Encoding:
        """Encode images at view size under all views; return an empty encoding if no view is on."""
        return self.encoder(whole) if self.encoder is not None and self.encoder.views else Encoding({}, {})

    def restore(self, image: Image, prompts: Prompts | None) -> Image:
        """Derain with given prompts, in training and in inference; h and w are multiples of 8."""
        x = self.backbone.embed(image)
        if self.interaction is not None:
            x = self.interaction(self.encoder.locate(image), x)
        return image + self.backbone.correct(x, prompts if self.prompted else None)

    @contextmanager
    def conditioned_on(self, whole: Float[Tensor, "1 3 h w"]) -> Iterator[None]:
        """Context in which images are parts (tiles) of `whole` and get its prompts."""
        self._whole = view_of(whole, self.view_size)
        try:
            yield
        finally:
            self._whole = None


class Rainmer(nn.Module):
    """Networks of one training run: `derain`, and the momentum encoder `keys` if a view is trained by contrast."""

    def __init__(self, config: RainmerConfig) -> None:
        super().__init__()
        torch.manual_seed(config.seed)  # the initial weights are a function of the seed alone
        self.temperature = config.temperature
        self.derain = build_network(config)
        self.keys = MomentumEncoder(self.derain.encoder, config.momentum) if config.contrasted else None

    def compare(self, encoding: Encoding, keys: Mapping[str, Keys]) -> dict[str, Similarity]:
        """Return the similarities of the queries to their positives and negatives; the keys carry no gradient."""
        compared = {}
        for view, key in keys.items():
            features = self.keys(torch.cat([key.positive[:, None], key.negatives], dim=1), view)
            values = similarity(encoding.features[view], features, self.temperature)
            compared[view] = Similarity(values[:, 0], values[:, 1:])
        return compared

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Return the parameters by optimiser: base (backbone, prompts, interaction), and encoder if there is one."""
        encoder = [] if self.derain.encoder is None else list(self.derain.encoder.parameters())
        own = {id(p) for p in encoder}
        groups = {"base": [p for p in self.derain.parameters() if id(p) not in own], "encoder": encoder}
        return {name: parameters for name, parameters in groups.items() if parameters}


def build_network(config: RainmerConfig) -> DerainingNetwork:
    """Build the network of a configuration, freshly initialised (PyTorch's defaults, as in the authors' code).

    With `start="identity"` (ours) the last convolution is zero instead.  A random one adds noise to every image, and the
    quickest way to less of it is to shrink the features before it: then the gradients of both vanish, and nothing is learnt
    where rain is so light that no correction is a good one.  At zero only the convolution itself has a gradient, and the
    features stay.

    Its weights are stored channels last, which makes the many depth-wise convolutions 2.5 times as fast on a CPU, and a step
    1.5 times.
    """
    network = DerainingNetwork(
        config.width, config.embedding, config.blocks, config.heads, config.expansion, config.sparse_rates, config.topk,
        config.views, config.prompts, config.prompt_weighting, config.prompt_placement, config.interaction, config.view_size,
        config.reduction, config.mixture_steps,
    )  # fmt: skip
    if config.start == "identity":
        torch.nn.init.zeros_(network.backbone.leave.weight)
    return network.to(memory_format=torch.channels_last)
