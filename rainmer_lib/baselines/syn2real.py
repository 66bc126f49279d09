"""Syn2Real: transfer learning for image deraining using Gaussian processes (Yasarla, Sindagi and Patel, CVPR 2020).

The Gaussian process over latent codes is the paper's; the encoder and the decoder are smaller ones of ours.
"""

from collections import deque
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from rainmer_lib.baselines.semi_supervised import SUPERVISION, SemiSupervisedTrainer, pairs_and_real_rain_of
from rainmer_lib.baselines.supervised import LOSSES, SupervisedConfig, supervised
from rainmer_lib.data.batches import SemiSupervisedBatch
from rainmer_lib.losses.fidelity import structural_loss
from rainmer_lib.networks.blocks import PlainBlock
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.training.config import check_ranges
from rainmer_lib.training.method import Method, Size
from rainmer_lib.training.sharing import Sharing

METHOD_VERSION = 1  # raised by hand whenever a change alters the numbers of a run
REDUCTION = 8  # side of an image over that of its latent code

Image = Float[Tensor, "b 3 h w"]
Codes = Float[Tensor, "n d"]
Scalar = Float[Tensor, ""]


@dataclass(frozen=True)
class Syn2RealConfig(SupervisedConfig):
    """Syn2Real's training as released (rajeevyasarla/Syn2Real): rate halved every 100 of 200 epochs."""

    width: int = 48  # ours, as the whole network is
    blocks: int = 2  # residual blocks at each size
    latent: int = 32  # channels of the latent code
    phase: int = 1000  # steps on pairs, then as many on real crops; paper: an epoch of each
    bank: int = 1000  # latent codes of labelled crops that are kept; paper: of all labelled images
    neighbours: int = 8
    noise: float = 1.0  # variance
    process_weight: float = 0.0015
    variance_weight: float = 0.33
    far_weight: float = 3.3e-7
    structure_weight: float = 0.04  # paper: of a perceptual distance by VGG16; here of 1 - SSIM, without foreign weights
    loss: str = "smooth_l1"
    learning_rate: float = 2e-4
    milestones: tuple[float, ...] = (0.5,)
    decay: float = 0.5
    steps: int = 200_000
    batch: int = 18
    crop: int = 256

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        super().__post_init__()
        check_ranges(self, {
            "1 or more": ("width", "blocks", "latent", "phase", "bank", "neighbours"), "above 0": ("noise",),
            "0 or more": ("process_weight", "variance_weight", "far_weight", "structure_weight"),
        })  # fmt: skip
        if self.crop % REDUCTION:
            raise ValueError(f"crop={self.crop}: expected a multiple of {REDUCTION}")


class LatentNetwork(Derainer):
    """Encoder to an eighth of the size, decoder with skips, output O - residual; (b, 3, h, w) in [0, 1], not clamped.

    Heights and widths are multiples of 8.  The latent code has `latent` channels at an eighth of the size.
    """

    multiple = REDUCTION
    smallest = REDUCTION

    def __init__(self, width: int = 48, blocks: int = 2, latent: int = 32) -> None:
        super().__init__()

        def body() -> list[nn.Module]:
            return [PlainBlock(width) for _ in range(blocks)]

        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.down = nn.ModuleList(nn.Sequential(*body(), nn.Conv2d(width, width, 4, 2, 1)) for _ in range(3))
        self.to_code, self.from_code = nn.Conv2d(width, latent, 1), nn.Conv2d(latent, width, 1)
        self.up = nn.ModuleList(nn.Sequential(nn.ConvTranspose2d(width, width, 4, 2, 1), *body()) for _ in range(3))
        self.paint = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, rainy: Image) -> Image:
        """Return the derained image."""
        return self.decode(rainy, *self.encode(rainy))

    def encode(self, rainy: Image) -> tuple[Tensor, list[Tensor]]:
        """Return the latent code (b, latent, h/8, w/8) and the features of the skips, the largest first."""
        x, skips = self.stem(rainy), []
        for down in self.down:
            skips.append(x)
            x = down(x)
        return self.to_code(x), skips

    def decode(self, rainy: Image, code: Tensor, skips: list[Tensor]) -> Image:
        """Return the derained image of what `encode` returned."""
        x = self.from_code(code)
        for up, skip in zip(self.up, reversed(skips), strict=True):
            x = up(x) + skip
        return rainy - self.paint(x)


def posterior(code: Float[Tensor, " d"], known: Codes, noise: float) -> tuple[Float[Tensor, " d"], Scalar]:
    """Return mean and variance of a Gaussian process at `code`, given the codes `known`; the kernel k is cosine similarity.

    mean = k_uL (K_LL + noise I)^-1 Z,  variance = k_uu - k_uL (K_LL + noise I)^-1 k_Lu + noise
    """
    similar = F.normalize(known) @ F.normalize(code, dim=0)
    gram = F.normalize(known) @ F.normalize(known).T + noise * torch.eye(len(known), dtype=code.dtype, device=code.device)
    weights = torch.linalg.solve(gram, similar)
    return weights @ known, 1 - weights @ similar + noise


def process_loss(codes: Codes, bank: Codes, config: Syn2RealConfig) -> Scalar:
    """Return the mean over real crops of (z - pseudo-target)^2 / var + 0.33 log var - 3.3e-7 log var_far.

    The pseudo-target, which passes no gradient, and its variance are those of the process over the labelled codes nearest to z
    (Euclidean); var_far is the variance over as many farthest ones.
    """
    count, total = min(config.neighbours, len(bank)), 0.0
    distances = torch.cdist(codes.detach(), bank)
    near, far = (distances.topk(count, largest=largest).indices for largest in (False, True))
    for code, nearest, farthest in zip(codes, near, far, strict=True):
        target, variance = posterior(code, bank[nearest], config.noise)
        fit = (code - target.detach()).square().mean() / variance + config.variance_weight * variance.log()
        total = total + fit - config.far_weight * posterior(code, bank[farthest], config.noise)[1].log()
    return total / len(codes)


@dataclass
class Trainer(SemiSupervisedTrainer):
    """State of a run: that of supervised training, and the latent codes of labelled crops.

    Steps on pairs and steps on real crops take turns, `phase` steps each:

        L = smooth L1 + 0.04 (1 - SSIM)    or    L = 0.0015 process_loss
    """

    bank: deque[Tensor] = field(init=False)

    def __post_init__(self) -> None:
        """Begin with no codes."""
        self.bank = deque(maxlen=self.config.bank)

    def objective(self, batch: SemiSupervisedBatch) -> tuple[dict[str, Tensor], Tensor]:
        """Return the terms of this step, and their weighted sum; codes are kept as the steps on pairs compute them."""
        if self.step // self.config.phase % 2:
            loss = process_loss(self.model.encode(batch.real)[0].flatten(1), torch.stack(list(self.bank)), self.config)
            return {"process": loss}, self.config.process_weight * loss
        code, skips = self.model.encode(batch.rainy)
        derained = self.model.decode(batch.rainy, code, skips)
        self.bank.extend(code.detach().flatten(1))
        terms = {
            "distance": LOSSES[self.config.loss](derained, batch.clean), "structure": structural_loss(derained, batch.clean),
        }  # fmt: skip
        return terms, terms["distance"] + self.config.structure_weight * terms["structure"]

    def state(self) -> dict:
        """Return the trainer's state as tensors and plain values, ready for a checkpoint."""
        return super().state() | {"bank": torch.stack(list(self.bank)) if self.bank else None}

    def restore(self, state: dict) -> None:
        """Continue from what `state` returned."""
        super().restore(state)
        self.bank = deque([] if state["bank"] is None else state["bank"], maxlen=self.config.bank)


def build_network(config: Syn2RealConfig) -> LatentNetwork:
    """Build the untrained network of a configuration."""
    return LatentNetwork(config.width, config.blocks, config.latent)


SIZES = {
    "quick": Size(
        {"width": 8, "blocks": 1, "latent": 4, "phase": 2, "bank": 16, "steps": 60, "batch": 2, "crop": 48,
         "learning_rate": 1e-3},
        duration="seconds a training run on one core", log_every=20, save_every=1000,
    ),
    "laptop": Size(
        {"width": 24, "blocks": 1, "latent": 16, "phase": 100, "bank": 400, "steps": 2000, "batch": 4, "crop": 64,
         "learning_rate": 1e-3},
        duration="minutes a training run on one core",
    ),
    "gpu": Size({"steps": 20_000, "minutes": 9.0}, duration="nine minutes a training run on a GPU", log_every=50),
    "paper": Size(duration="a day a training run on a GPU", log_every=200, save_every=2000),
}  # fmt: skip

METHOD = Method(
    name="syn2real",
    title="Syn2Real",
    version=METHOD_VERSION,
    config=Syn2RealConfig,
    network=build_network,
    start=supervised(build_network, Trainer),
    supervision=SUPERVISION,
    family="CNN, Gaussian process over latent codes",
    citation="Yasarla, Sindagi and Patel, Syn2Real Transfer Learning for Image Deraining Using Gaussian Processes, CVPR 2020",
    sizes=SIZES,
    data=pairs_and_real_rain_of,
    describe=lambda config: f"encoder and decoder of width {config.width}, latent code of {config.latent} channels",
    differs="a smaller network of ours, not nine Res2Net blocks (2,618,294 parameters); 1 - SSIM in place of VGG16's features; "
    "codes are kept as they are computed, not anew at the end of an epoch; phases of steps, not epochs",
    sharing=Sharing(apart=lambda config: ["pseudo-targets come from the latent codes of its own images"]),
)
