"""DID-MDN: density-aware single image de-raining using a multi-stream dense network (Zhang and Patel, CVPR 2018).

Written from the paper and a description of its code.  The parts of the network are in `dense_streams`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from rainmer_lib.baselines import supervised
from rainmer_lib.baselines.dense_streams import FIVE, SEVEN, SLOPE, THREE, DenseStream
from rainmer_lib.baselines.supervised import SupervisedConfig, pairs_of
from rainmer_lib.data.batches import Batch
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.training.config import check_ranges
from rainmer_lib.training.method import Method, Size
from rainmer_lib.training.objective import Term, switched_on
from rainmer_lib.training.sharing import OWN_NORMS, Sharing

METHOD_VERSION = 1  # raised by hand whenever a change alters the numbers of a run
LABEL = 8  # channels of the map that holds the density
POOLS = (32, 16, 8, 4)  # pixels a side over which features are averaged
MULTIPLE = max(POOLS)
LARGEST = 512  # pixels a side that the classifier looks at; the size of the authors' images
GREY = 2.0  # of the network's range [-1, 1] to one of [0, 1]

Image = Float[Tensor, "b 3 h w"]
Label = Int[Tensor, " b"]


@dataclass(frozen=True)
class DIDMDNConfig(SupervisedConfig):
    """DID-MDN's training as released (hezhangsprinter/DID-MDN), without its perceptual terms; a class for each density."""

    # Mean of |O - B|; the authors label three data sets.  Ours: a third each of the crops of BSD-Streaks
    density_edges: tuple[float, ...] = (0.015, 0.028)
    own_side_outputs: bool = True  # of each block of a stream; False: five times that of the first, as the released code has
    residual_weight: float = 1.0  # ours, as the next: the authors train residual, classifier and network one after another
    density_weight: float = 0.01
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    steps: int = 200_000  # ours; the code names no number that it was ended at
    batch: int = 1
    crop: int = 512

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        super().__post_init__()
        check_ranges(self, {"above 0": ("density_edges",), "0 or more": ("residual_weight", "density_weight")})
        if not self.density_edges or list(self.density_edges) != sorted(set(self.density_edges)):
            raise ValueError(f"density_edges={self.density_edges}: expected one or more rising numbers")
        if self.crop % MULTIPLE:
            raise ValueError(f"crop={self.crop}: the network needs a multiple of {MULTIPLE}")


class DensityClassifier(nn.Module):
    """Residual-aware classifier of rain density: an estimate of the rain layer, and the classes that features of it tell.

        R' = tanh(conv(stream(O))),  logits = FC(ReLU(FC(mean over the image of ReLU(conv(ReLU(BN(conv(R')))))))
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stream = DenseStream(3, THREE)
        self.residual = nn.Conv2d(self.stream.channels, 3, 3, padding=1)
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.Conv2d(64, 24, 3, padding=1), nn.ReLU()
        )
        self.classes = nn.Sequential(nn.Linear(24, 512), nn.ReLU(), nn.Linear(512, classes))

    def forward(self, image: Image) -> tuple[Image, Float[Tensor, "b classes"]]:
        """Return the estimated rain layer of images in [-1, 1], and the logits of the classes."""
        residual = torch.tanh(self.residual(self.stream(image)))
        return residual, self.classes(self.features(residual).mean((2, 3)))


class DIDMDN(Derainer):
    """DID-MDN: three dense streams (kernels of 7, 5 and 3 pixels) and the density d that the classifier sees, in [-1, 1]:

        x = LReLU(conv(S_3, O, S_5, S_7, d)),  R = tanh(conv(pyramid(x), x)),  result = tanh(conv(LReLU(conv(O - R))))

    pyramid(x) are two channels for each of four sides over which x is averaged.  Takes and returns (b, 3, h, w) in [0, 1],
    sides a multiple of 32.  367,192 parameters and the classifier's; 372,839 are stored by the authors' code, which also
    holds layers that it never uses.  Tiles have the density of their whole image.
    """

    multiple = smallest = MULTIPLE

    def __init__(self, classes: int = 3, own_side_outputs: bool = True) -> None:
        super().__init__()
        self.streams = nn.ModuleList(
            DenseStream(kernel, plan, own_side_outputs) for kernel, plan in ((3, THREE), (5, FIVE), (7, SEVEN))
        )
        channels = sum(stream.channels for stream in self.streams) + 3 + LABEL
        self.merge = nn.Conv2d(channels, channels, 3, padding=1)
        self.pools = nn.ModuleList(nn.Conv2d(channels, 2, 1) for _ in POOLS)
        self.residual = nn.Conv2d(channels + 2 * len(POOLS), 3, 3, padding=1)
        self.refine = nn.Sequential(
            nn.Conv2d(3, 8, 7, padding=3), nn.LeakyReLU(SLOPE), nn.Conv2d(8, 3, 3, padding=1), nn.Tanh()
        )
        self.classifier = DensityClassifier(classes)
        self._of_whole: Label | None = None

    def forward(self, rainy: Image) -> Image:
        """Return the derained image, for the density that the classifier finds likeliest."""
        density = self.density(rainy) if self._of_whole is None else self._of_whole.expand(len(rainy))
        return self.given(rainy, density)[0]

    def density(self, rainy: Image) -> Label:
        """Return the class of each image, 0 for the lightest rain; of large images the middle is looked at."""
        top, left = (max(0, side - LARGEST) // 2 for side in rainy.shape[2:])
        middle = rainy[:, :, top : top + LARGEST, left : left + LARGEST]
        return self.classifier(GREY * middle - 1)[1].argmax(1)

    @contextmanager
    def conditioned_on(self, whole: Float[Tensor, "1 3 h w"]) -> Iterator[None]:
        """Context in which images are parts of `whole`, whose density they have."""
        rows, columns = (-side % MULTIPLE for side in whole.shape[2:])
        self._of_whole = self.density(F.pad(whole, (0, columns, 0, rows), mode="replicate"))
        try:
            yield
        finally:
            self._of_whole = None

    def given(self, rainy: Image, density: Label) -> tuple[Image, Image]:
        """Return the derained image and the rain layer, in [0, 1] and its scale, of images of known density."""
        image = GREY * rainy - 1
        label = density.to(image.dtype)[:, None, None, None].expand(-1, LABEL, *image.shape[2:])
        three, five, seven = (stream(image) for stream in self.streams)
        x = F.leaky_relu(self.merge(torch.cat((three, image, five, seven, label), 1)), SLOPE)
        pyramid = [
            F.interpolate(F.leaky_relu(conv(F.avg_pool2d(x, side)), SLOPE), scale_factor=side)
            for conv, side in zip(self.pools, POOLS, strict=True)
        ]
        residual = torch.tanh(self.residual(torch.cat((*pyramid, x), 1)))
        return (self.refine(image - residual) + 1) / GREY, residual / GREY


class Trainer(supervised.Trainer):
    """State of a run.  The network is given the true density of each crop, and the classifier learns it:

        L = |x - B| + residual_weight |R' - (O - B)| + density_weight cross-entropy(classes of R', density)
    """

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted terms of the loss."""
        config, density = self.config, density_of(batch, self.config.density_edges)
        derained, _ = self.model.given(batch.rainy, density)
        estimate, logits = self.model.classifier(GREY * batch.rainy - 1)
        objective = switched_on([
            Term("distance", 1.0, lambda: supervised.LOSSES[config.loss](derained, batch.clean)),
            Term("residual", config.residual_weight, lambda: F.l1_loss(estimate / GREY, batch.rainy - batch.clean)),
            Term("density", config.density_weight, lambda: F.cross_entropy(logits, density)),
        ])  # fmt: skip
        return {term.name: term.weight * term.value() for term in objective}


def density_of(batch: Batch, edges: tuple[float, ...]) -> Label:
    """Return the class of each pair: how many edges its mean |O - B| exceeds."""
    rain = (batch.rainy - batch.clean).abs().mean((1, 2, 3))
    return torch.bucketize(rain, torch.tensor(edges, dtype=rain.dtype, device=rain.device))


def build_network(config: DIDMDNConfig) -> DIDMDN:
    """Build the untrained network of a configuration."""
    return DIDMDN(len(config.density_edges) + 1, config.own_side_outputs)


METHOD = Method(
    name="did_mdn",
    title="DID-MDN",
    version=METHOD_VERSION,
    config=DIDMDNConfig,
    network=build_network,
    start=supervised.supervised(build_network, Trainer),
    supervision="paired",
    family="dense multi-stream CNN, rain density",
    citation="Zhang and Patel, Density-Aware Single Image De-Raining Using a Multi-Stream Dense Network, CVPR 2018",
    sizes={
        "quick": Size(
            {"steps": 60, "batch": 2, "crop": 32, "learning_rate": 2e-3},
            duration="seconds a training run on one core", log_every=20, save_every=1000,
        ),
        "laptop": Size(
            {"steps": 550, "batch": 4, "crop": 64, "learning_rate": 1e-3}, duration="minutes a training run on one core"
        ),
        "gpu": Size({"steps": 40_000, "minutes": 9.0}, duration="nine minutes a training run on a GPU", log_every=50),
        "paper": Size(duration="days a training run on a GPU", log_every=200, save_every=2000),
    },
    presets={"paper": {}, "released": {"own_side_outputs": False}},
    data=pairs_of,
    describe=lambda c: f"three dense streams, {len(c.density_edges) + 1} classes of rain density",
    sharing=Sharing(apart=lambda config: [OWN_NORMS]),
    differs="one training of all parts, without perceptual terms and weight decay; densities are measured; the classifier has "
    "no pretrained layers and takes images of any size; norms use running statistics at test time",
)  # fmt: skip
