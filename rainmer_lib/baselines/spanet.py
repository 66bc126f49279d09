"""SPANet: spatial attentive single-image deraining with a high quality real rain dataset (Wang et al., CVPR 2019).

Written from the paper and a description of its code; parameter names are those of the published weights.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from rainmer_lib.baselines import supervised
from rainmer_lib.baselines.published_weights import drop, load_strictly, read_weights
from rainmer_lib.baselines.supervised import SupervisedConfig, pairs_of
from rainmer_lib.data.batches import Batch
from rainmer_lib.losses.fidelity import structural_loss
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.training.config import check_ranges
from rainmer_lib.training.method import Method, Size
from rainmer_lib.training.objective import Term, switched_on

METHOD_VERSION = 1  # raised by hand whenever a change alters the numbers of a run
BEFORE, IN_GROUP, BEHIND = 3, 3, 2  # residual blocks before the attended groups, in each, and behind them
RECURRENCE = 0.2  # initial weight of a pixel's neighbour in a sweep
DIRECTIONS = {"up": (2, True), "right": (3, False), "down": (2, False), "left": (3, True)}  # axis, against its order

Features = Float[Tensor, "b c h w"]
Image = Float[Tensor, "b 3 h w"]
Map = Float[Tensor, "b 1 h w"]


@dataclass(frozen=True)
class SPANetConfig(SupervisedConfig):
    """SPANet's training as released (stevewongv/SPANet): L1 + 1 - SSIM + squared error of the first attention map."""

    width: int = 32
    groups: int = 4  # of three residual blocks that share an attention map
    directional: bool = True  # weights of the four directions, in the paper; the released code computes and never uses them
    ssim_weight: float = 1.0
    mask_weight: float = 1.0
    mask_threshold: float = 0.5 / 255  # rain is where a channel differs by more: in effect the released code's, any change
    learning_rate: float = 5e-3
    milestones: tuple[float, ...] = (0.75,)
    decay: float = 0.1
    steps: int = 40_000
    batch: int = 16
    crop: int = 256

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        super().__post_init__()
        check_ranges(self, {"1 or more": ("groups",), "0 or more": ("ssim_weight", "mask_weight", "mask_threshold")})
        if self.width < 2:
            raise ValueError(f"width={self.width}: expected 2 or more")


def sweep(x: Features, weight: Float[Tensor, " c"], bias: Float[Tensor, " c"], axis: int, backwards: bool) -> Features:
    """Pass a state along an axis, channel by channel: h_1 = ReLU(x_1),  h_t = ReLU(x_t + w h_{t-1} + b)."""
    pixels = list(x.unbind(axis))
    if backwards:
        pixels.reverse()
    state = F.relu(pixels[0])
    states = [state]
    for pixel in pixels[1:]:
        state = F.relu(pixel + weight[:, None] * state + bias[:, None])
        states.append(state)
    if backwards:
        states.reverse()
    return torch.stack(states, axis)


class FourSweeps(nn.Module):
    """Recurrent layer in four directions (IRNN): a sweep up, right, down and left, each with its own weight per channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        for direction in ("left", "right", "up", "down"):
            holder = nn.Conv2d(channels, channels, 1, groups=channels)  # of weight and bias, under the published names
            nn.init.constant_(holder.weight, RECURRENCE)
            self.add_module(f"{direction}_weight", holder)

    def forward(self, x: Features) -> list[Features]:
        """Return the states of the sweeps up, right, down and left."""
        holders = {name: getattr(self, f"{name}_weight") for name in DIRECTIONS}
        return [sweep(x, holders[name].weight.flatten(), holders[name].bias, *DIRECTIONS[name]) for name in DIRECTIONS]


class Directions(nn.Module):
    """Weights of the four directions at each pixel, (b, 4, h, w) in (0, 1)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels // 2, 3, padding=1)
        self.conv2 = nn.Conv2d(channels // 2, channels // 2, 3, padding=1)
        self.conv3 = nn.Conv2d(channels // 2, 4, 1)

    def forward(self, x: Features) -> Float[Tensor, "b 4 h w"]:
        """Return the weights."""
        return torch.sigmoid(self.conv3(F.relu(self.conv2(F.relu(self.conv1(x))))))


class SpatialAttention(nn.Module):
    """Attention map of rain, in (0, 1): convolution, four sweeps, convolution, four sweeps, two convolutions (paper, Sec. 4.2).

    With `directional`, each sweep is multiplied by its direction's weights.
    """

    def __init__(self, channels: int, directional: bool) -> None:
        super().__init__()
        self.irnn1, self.irnn2 = FourSweeps(channels), FourSweeps(channels)
        self.conv_in = _conv(channels, channels)
        self.conv2, self.conv3 = _conv(4 * channels, channels), _conv(4 * channels, channels)
        if directional:
            self.attention_layer = Directions(channels)
        self.directional = directional
        self.conv_out = nn.Conv2d(channels, 1, 1, bias=False)

    def forward(self, x: Features) -> Map:
        """Return the map of these features."""
        weights = self.attention_layer(x).split(1, 1) if self.directional else [1.0] * 4
        x = self.conv_in(x)
        for sweeps, conv in ((self.irnn1, self.conv2), (self.irnn2, self.conv3)):
            x = conv(torch.cat([state * weight for state, weight in zip(sweeps(x), weights, strict=True)], 1))
        return torch.sigmoid(self.conv_out(F.relu(x)))


class Bottleneck(nn.Module):
    """Correction of a residual block: 1x1, 3x3 with dilation 2, 1x1, ReLU between them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.group1 = nn.Sequential()
        for name, layer in (
            ("conv1", _conv(channels, channels, 1)), ("relu1", nn.ReLU()),
            ("conv2", nn.Conv2d(channels, channels, 3, padding=2, dilation=2, bias=False)), ("relu2", nn.ReLU()),
            ("conv3", _conv(channels, channels, 1)),
        ):  # fmt: skip
            self.group1.add_module(name, layer)

    def forward(self, x: Features) -> Features:
        """Return the correction."""
        return self.group1(x)


class SPANet(Derainer):
    """SPANet: residual blocks x <- ReLU(m block(x) + x); m is 1, or the attention map of the features before the group.

    All groups share one attention module.  The last convolution returns the image itself.  Takes and returns (b, 3, h, w) in
    [0, 1], any size; the result is not clamped.  283,716 parameters, 276,704 without the weights of directions.  Sweeps see
    whole rows and columns, by a share that falls with each pixel, so tiles only come near to the untiled result.
    """

    reach = 64  # pixels of overlap: 48 of the convolutions, and the sweeps'

    def __init__(self, width: int = 32, groups: int = 4, directional: bool = True) -> None:
        super().__init__()
        self.groups = groups
        self.conv_in = nn.Sequential(_conv(3, width), nn.ReLU())
        self.SAM1 = SpatialAttention(width, directional)
        for k in range(1, BEFORE + IN_GROUP * groups + BEHIND + 1):
            self.add_module(f"res_block{k}", Bottleneck(width))
        self.conv_out = nn.Sequential(_conv(width, 3))

    def forward(self, rainy: Image) -> Image:
        """Return the derained image."""
        return self.with_maps(rainy)[0]

    def with_maps(self, rainy: Image) -> tuple[Image, list[Map]]:
        """Return the derained image and the attention map of each group."""
        x, maps, ends = self.conv_in(rainy), [], BEFORE + IN_GROUP * self.groups
        for k in range(ends + BEHIND):
            if BEFORE <= k < ends and (k - BEFORE) % IN_GROUP == 0:
                maps.append(self.SAM1(x))
            correction = getattr(self, f"res_block{k + 1}")(x)
            x = F.relu((correction * maps[-1] if BEFORE <= k < ends else correction) + x)
        return self.conv_out(x), maps


def _conv(inputs: int, outputs: int, side: int = 3) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, side, padding=side // 2, bias=False)


class Trainer(supervised.Trainer):
    """State of a run; the first attention map m learns where rain is:

        L = |x - B| + (1 - SSIM(x, B)) + mean (m - M)^2,  M = 1 where a channel of O and B differs, else 0
    """

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted terms of the loss."""
        derained, maps = self.model.with_maps(batch.rainy)
        mask = rain_mask(batch, self.config.mask_threshold)
        objective = switched_on([
            Term("distance", 1.0, lambda: supervised.LOSSES[self.config.loss](derained, batch.clean)),
            Term("ssim", self.config.ssim_weight, lambda: structural_loss(derained, batch.clean)),
            Term("mask", self.config.mask_weight, lambda: F.mse_loss(maps[0], mask)),
        ])  # fmt: skip
        return {term.name: term.weight * term.value() for term in objective}


def rain_mask(batch: Batch, threshold: float) -> Map:
    """Return 1 where a channel of the rainy and the clean crop differs by more than `threshold`, else 0."""
    return ((batch.rainy - batch.clean).abs().amax(1, keepdim=True) > threshold).to(batch.rainy.dtype)


def build_network(config: SPANetConfig) -> SPANet:
    """Build the untrained network of a configuration."""
    return SPANet(config.width, config.groups, config.directional)


def load_published(path: Path) -> SPANet:
    """Load SPANet with published weights (`latest`: a torch file that holds them under `net`), and check every key and shape.

    They were trained on images in BGR order, so the colours of the first and of the last convolution are exchanged here, and
    with weights of directions that had no effect, which are dropped.  FileNotFoundError says where to get the file,
    ValueError which keys are missing, unknown or of another shape.
    """
    weights = read_weights(path, "model/latest of https://github.com/stevewongv/SPANet, or RecDerain's", key="net")
    idle = {f"SAM1.attention_layer.{name}": tuple(v.shape) for name, v in Directions(32).state_dict().items()}
    weights = drop(weights, idle, path)
    for name, axis in (("conv_in.0.weight", 1), ("conv_out.0.weight", 0)):
        if name in weights:
            weights[name] = weights[name].flip(axis)
    return load_strictly(SPANet(directional=False), weights, path, "SPANet")


METHOD = Method(
    name="spanet",
    title="SPANet",
    version=METHOD_VERSION,
    config=SPANetConfig,
    network=build_network,
    start=supervised.supervised(build_network, Trainer),
    supervision="paired",
    family="residual CNN with spatial attention",
    citation="Wang et al., Spatial Attentive Single-Image Deraining with a High Quality Real Rain Dataset, CVPR 2019",
    sizes={
        "quick": Size(
            {"width": 8, "groups": 1, "steps": 60, "batch": 2, "crop": 32},
            duration="seconds a training run on one core", log_every=20, save_every=1000,
        ),
        "laptop": Size(
            {"width": 12, "groups": 1, "steps": 2000, "batch": 4, "crop": 48, "learning_rate": 2e-3},
            duration="minutes a training run on one core",
        ),
        "gpu": Size({"steps": 20_000, "minutes": 9.0}, duration="nine minutes a training run on a GPU", log_every=50),
        "paper": Size(duration="hours a training run on a GPU", log_every=200, save_every=1000),
    },
    presets={"paper": {}, "released": {"directional": False}},
    data=pairs_of,
    describe=lambda c: f"{BEFORE + IN_GROUP * c.groups + BEHIND} residual blocks of width {c.width}, {c.groups} attention maps",
    differs="directions are weighted, which the authors' code computes and never uses (preset released: without); RGB, not BGR",
    load_published=load_published,
)  # fmt: skip
