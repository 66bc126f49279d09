"""DDN: removing rain from single images via a deep detail network (Fu et al., CVPR 2017).

Written from the paper and a description of its TensorFlow code.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from rainmer_lib.baselines.published_weights import load_strictly
from rainmer_lib.baselines.supervised import SupervisedConfig, pairs_of, supervised
from rainmer_lib.baselines.tensorflow_checkpoint import read_checkpoint
from rainmer_lib.networks.blocks import InstanceNorm
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.training.config import check_choices, check_ranges
from rainmer_lib.training.method import Method, Size
from rainmer_lib.training.sharing import OWN_NORMS, Sharing

METHOD_VERSION = 1  # raised by hand whenever a change alters the numbers of a run
STATISTICS = ("running", "image")
RADIUS, EPSILON = 15, 1.0  # of the guided filter, for images in [0, 1]

Image = Float[Tensor, "b 3 h w"]


@dataclass(frozen=True)
class DDNConfig(SupervisedConfig):
    """DDN's training as released: squared error, SGD with momentum, rate / 10 at steps 100,000 and 200,000 of 210,000.

    The authors' weight decay of 1e-10 is left out: it is below the rounding of an update.
    """

    features: int = 16
    pairs: int = 12  # residual pairs of layers; with the first and the last layer 26
    last_scale: float = 1.0  # of the last norm, at the start; 1: the residual begins with a deviation of 1
    statistics: str = "running"  # of the norms at test time, or "image": those of the image itself
    loss: str = "mse"
    optimiser: str = "sgd"
    learning_rate: float = 0.1
    milestones: tuple[float, ...] = (100 / 210, 200 / 210)
    decay: float = 0.1
    steps: int = 210_000
    batch: int = 20
    crop: int = 64

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        super().__post_init__()
        check_choices(self, {"statistics": STATISTICS})
        check_ranges(self, {"1 or more": ("features", "pairs"), "above 0": ("last_scale",)})


def base_layer(image: Image, radius: int = RADIUS, epsilon: float = EPSILON) -> Image:
    """Return the base of (b, c, h, w): each channel, guided by itself, through the filter of He et al. (TPAMI 2013):

        q = mean(a) I + mean(b),  a = var(I) / (var(I) + epsilon),  b = (1 - a) mean(I)

    Means are over the part of a window of 2 radius + 1 pixels that lies in the image.
    """
    mean = _box(image, radius)
    variance = _box(image * image, radius) - mean * mean
    a = variance / (variance + epsilon)
    return _box(a, radius) * image + _box((1 - a) * mean, radius)


def _box(x: Tensor, radius: int) -> Tensor:
    """Return means over windows; rows, then columns, because the number of pixels that count is a product of both."""
    side = 2 * radius + 1
    rows = F.avg_pool2d(x, (side, 1), 1, (radius, 0), count_include_pad=False)
    return F.avg_pool2d(rows, (1, side), 1, (0, radius), count_include_pad=False)


class DDN(Derainer):
    """DDN: residual layers on the detail layer predict what to add to the rainy image O (paper, Eq. 3-4):

        D = O - base(O),  x = f_1(D),  x <- x + f(f(x)) for each pair,  result = O + BN(conv(x))

    where f is convolution, batch norm, ReLU.  Takes and returns (b, 3, h, w) in [0, 1], any size from 2 pixels on; the result
    is not clamped.  57,369 parameters.

    With `statistics="image"` norms use mean and variance of the image itself, as the published TensorFlow weights expect,
    at test time too.  The last norm then gives every image the same mean and deviation of the residual, whatever it shows.
    """

    smallest = 2  # statistics of an image need more than one pixel

    def __init__(
        self, features: int = 16, pairs: int = 12, statistics: str = "running", last_scale: float = 1.0
    ) -> None:
        super().__init__()
        norm = nn.BatchNorm2d if statistics == "running" else lambda n: InstanceNorm(n, affine=True)

        def layer(inputs: int, outputs: int, last: bool = False) -> nn.Sequential:
            parts = nn.Conv2d(inputs, outputs, 3, padding=1), norm(outputs)
            return nn.Sequential(*parts) if last else nn.Sequential(*parts, nn.ReLU())

        self.first = layer(3, features)
        self.pairs = nn.ModuleList(nn.Sequential(layer(features, features), layer(features, features)) for _ in range(pairs))
        self.last = layer(features, 3, last=True)
        nn.init.constant_(self.last[1].weight, last_scale)

    def forward(self, rainy: Image) -> Image:
        """Return the derained image."""
        x = self.first(rainy - base_layer(rainy))
        for pair in self.pairs:
            x = x + pair(x)
        return rainy + self.last(x)


def build_network(config: DDNConfig) -> DDN:
    """Build the untrained network of a configuration."""
    return DDN(config.features, config.pairs, config.statistics, config.last_scale)


def load_published(path: Path) -> DDN:
    """Load DDN with weights that csdwren/RecDerain published for DDN or for SIRR, TensorFlow checkpoints; check every name.

    They expect the norms to use the statistics of the image itself.  SIRR's files hold two copies of every bias, scale and
    shift, of the labelled and of the unlabelled branch; the labelled one is taken, as in the authors' tests.
    FileNotFoundError names the missing file, ValueError the names that are missing, unknown or of another shape.
    """
    network = DDN(statistics="image")
    layers = [network.first, *(layer for pair in network.pairs for layer in pair), network.last]
    names = {id(layer): name for name, layer in network.named_modules()}
    wanted = {}  # name in the file -> parameter
    for number, layer in enumerate(layers, start=1):
        for kind, parameter in (("weights", "0.weight"), ("biases", "0.bias"), ("scale", "1.weight"), ("beta", "1.bias")):
            wanted[f"conv_{number}/{kind}_{number}"] = f"{names[id(layer)]}.{parameter}"
    stored = read_checkpoint(path)
    if unknown := sorted(name for name in stored.keys() - wanted.keys() if not _left_out(name, wanted)):
        raise ValueError(f"{path} does not hold the weights of DDN; {len(unknown)} names are unknown: {', '.join(unknown[:8])}")
    weights = {parameter: _as_torch(stored[name]) for name, parameter in wanted.items() if name in stored}
    if odd := [name for name in weights if not torch.isfinite(weights[name]).all()]:
        raise ValueError(f"{path}: the weights {odd[0]!r} are not finite: the file is damaged")
    return load_strictly(network, weights, path, "DDN")


def _left_out(name: str, wanted: Mapping[str, str]) -> bool:
    """Return whether a tensor is part of the optimiser's state, or of the copies for unlabelled images."""
    if name in ("beta1_power", "beta2_power"):
        return True
    plain = re.sub(r"/Adam(_1)?$", "", name)
    copied = re.sub(r"^(conv_\d+)_1/(biases|scale|beta)_", r"\1/\2_", plain)
    return copied in wanted and copied != name


def _as_torch(value: np.ndarray) -> Tensor:
    """Return a tensor with a convolution's axes in the order of torch: (h, w, in, out) becomes (out, in, h, w)."""
    return torch.from_numpy(value.transpose(3, 2, 0, 1).copy() if value.ndim == 4 else value)


# Adam, and a residual that begins small: a scale of 1 alone takes hundreds of steps to fall
_SHORT = {"optimiser": "adam", "learning_rate": 2e-3, "last_scale": 0.05}
SIZES = {
    "quick": Size(
        _SHORT | {"features": 8, "pairs": 2, "steps": 60, "batch": 2, "crop": 48},
        duration="seconds a training run on one core", log_every=20, save_every=1000,
    ),
    "laptop": Size(
        _SHORT | {"steps": 1400, "batch": 4},
        duration="two minutes a training run on one core",
    ),
    "gpu": Size({"steps": 40_000, "minutes": 9.0}, duration="nine minutes a training run on a GPU", log_every=50),
    "paper": Size(duration="hours a training run on a GPU", log_every=200, save_every=2000),
}  # fmt: skip

METHOD = Method(
    name="ddn",
    title="DDN",
    version=METHOD_VERSION,
    config=DDNConfig,
    network=build_network,
    start=supervised(build_network),
    supervision="paired",
    family="residual CNN on a detail layer",
    citation="Fu et al., Removing Rain from Single Images via a Deep Detail Network, CVPR 2017",
    sizes=SIZES,
    presets={"paper": {}, "released": {"statistics": "image"}},
    data=pairs_of,
    describe=lambda config: f"guided filter, {2 * config.pairs + 2} layers of {config.features} features on the detail",
    differs="no weight decay; crops are flipped; the smaller profiles train with Adam, from a small residual",
    load_published=load_published,
    sharing=Sharing(apart=lambda config: [OWN_NORMS] * (config.statistics == "running")),
)
