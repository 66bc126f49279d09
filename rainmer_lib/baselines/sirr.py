"""SIRR: semi-supervised transfer learning for image rain removal (Wei et al., CVPR 2019).

Written from the paper's description: the network is that of DDN (Fu et al., CVPR 2017).
"""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from rainmer_lib.baselines.ddn import DDN, STATISTICS
from rainmer_lib.baselines.semi_supervised import SUPERVISION, SemiSupervisedTrainer, pairs_and_real_rain_of
from rainmer_lib.baselines.supervised import LOSSES, SupervisedConfig, supervised
from rainmer_lib.data.batches import SemiSupervisedBatch
from rainmer_lib.training.config import changed_fields, check_choices, check_ranges
from rainmer_lib.training.method import Method, Size
from rainmer_lib.training.objective import Term, evaluate, switched_on
from rainmer_lib.training.sharing import OWN_NORMS, Sharing

METHOD_VERSION = 1  # raised by hand whenever a change alters the numbers of a run
LEAST = 255.0**-2  # variance of a component: below one grey level a residual is none, and its gradient would explode

Image = Float[Tensor, "b 3 h w"]
Scalar = Float[Tensor, ""]


@dataclass(frozen=True)
class SIRRConfig(SupervisedConfig):
    """SIRR's training as released (wwzjer/Semi-supervised-IRR): rate / 10 at 1/3 and 2/3 of 15 epochs of 50,000 batches."""

    features: int = 16
    pairs: int = 12  # of layers; with the first and the last 26 layers
    output_norm: bool = False  # code: True.  It gives every image's residual one mean and one deviation: as much rain
    statistics: str = "running"  # of the norms; code: "image" in use, so that a photo's result depends on all of the photo
    last_scale: float = 1.0  # factor on the last layer at the start
    components: int = 3  # of the mixture
    mixture_weight: float = 0.5
    variation_weight: float = 1e-5
    divergence_weight: float = 1e-9
    loss: str = "mse"
    milestones: tuple[float, ...] = (1 / 3, 2 / 3)
    decay: float = 0.1
    steps: int = 15 * 50_000
    batch: int = 20  # of pairs, and as many real crops
    crop: int = 64

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        super().__post_init__()
        check_choices(self, {"statistics": STATISTICS})
        check_ranges(self, {"1 or more": ("features", "pairs", "components"), "above 0": ("last_scale",),
                            "0 or more": ("mixture_weight", "variation_weight", "divergence_weight")})  # fmt: skip


released = SIRRConfig(output_norm=True, statistics="image")


class DetailNetwork(DDN):
    """DDN's network, without the norm behind the last convolution unless `output_norm`; 57,369 parameters, or 6 fewer."""

    def __init__(
        self, features: int = 16, pairs: int = 12, output_norm: bool = False, statistics: str = "running",
        last_scale: float = 1.0,
    ) -> None:  # fmt: skip
        super().__init__(features, pairs, statistics, last_scale)
        if not output_norm:
            self.last = self.last[:1]
            with torch.no_grad():
                self.last[0].weight.mul_(last_scale)


@dataclass
class ResidualMixture:
    """Mixture of Gaussians of mean zero over the values of real residuals (paper, Eq. 5); EM follows it from step to step."""

    shares: Float[Tensor, " k"]
    variances: Float[Tensor, " k"]

    @classmethod
    def start(cls, components: int, device: torch.device | str = "cpu") -> "ResidualMixture":
        """Return equal shares of deviations from 0.02 on, each twice the one before."""
        deviations = 0.02 * 2.0 ** torch.arange(components, device=device)
        return cls(torch.full((components,), 1 / components, device=device), deviations.square())

    def responsibilities(self, residual: Tensor) -> Float[Tensor, "k values"]:
        """Return the probability of each component for each value (E step)."""
        values = residual.detach().reshape(1, -1).square()
        log = self.shares.log()[:, None] - 0.5 * (values / self.variances[:, None] + self.variances.log()[:, None])
        return log.softmax(0)

    def follow(self, responsibilities: Float[Tensor, "k values"], residual: Tensor) -> None:
        """Take shares and variances of these values (M step); no share vanishes, no variance falls below a grey level's."""
        weight = responsibilities.sum(1)
        squares = responsibilities @ residual.detach().reshape(-1).square()
        self.variances = (squares / weight.clamp(min=1e-12)).clamp(min=LEAST)
        shares = (weight / weight.sum()).clamp(min=1e-6)
        self.shares = shares / shares.sum()

    def penalty(self, responsibilities: Float[Tensor, "k values"], residual: Tensor) -> Scalar:
        """Return the mean of sum_k R_k r^2 / (2 var_k), the part of the negative log-likelihood that depends on r."""
        scale = responsibilities.T @ (0.5 / self.variances)
        return (scale * residual.reshape(-1).square()).mean()

    def divergence(self, residual: Tensor) -> Scalar:
        """Return min_k KL(N(mean and variance of the residual) || N(0, var_k))."""
        mean, variance = residual.mean(), residual.var(correction=0) + LEAST
        return (0.5 * ((variance + mean**2) / self.variances - 1 + self.variances.log() - variance.log())).min()


def variation(image: Image) -> Scalar:
    """Return the anisotropic total variation: mean absolute differences of neighbours, down and across."""
    return image.diff(dim=2).abs().mean() + image.diff(dim=3).abs().mean()


@dataclass
class Trainer(SemiSupervisedTrainer):
    """State of a run: that of supervised training, and the mixture.

        L = MSE(labelled) + 0.5 mixture(r) + 1e-5 TV(derained real) + 1e-9 min_k KL(labelled residual || component k)

    r = real - derained real.  One step of EM between two updates of the network; no gradient passes through it.
    """

    mixture: ResidualMixture = field(init=False)

    def __post_init__(self) -> None:
        """Begin with a wide mixture."""
        self.mixture = ResidualMixture.start(self.config.components, next(self.model.parameters()).device)

    def objective(self, batch: SemiSupervisedBatch) -> tuple[dict[str, Tensor], Tensor]:
        """Return the terms, and their weighted sum."""
        labelled, derained = self.model(batch.rainy), self.model(batch.real)
        real = batch.real - derained
        responsibilities = self.mixture.responsibilities(real)
        terms = [
            Term("distance", 1.0, lambda: LOSSES[self.config.loss](labelled, batch.clean)),
            Term("mixture", self.config.mixture_weight, lambda: self.mixture.penalty(responsibilities, real)),
            Term("variation", self.config.variation_weight, lambda: variation(derained)),
            Term("divergence", self.config.divergence_weight, lambda: self.mixture.divergence(batch.rainy - labelled)),
        ]
        values = evaluate(switched_on(terms))
        self.mixture.follow(responsibilities, real)
        return values

    def state(self) -> dict:
        """Return the trainer's state as tensors and plain values, ready for a checkpoint."""
        return super().state() | {"mixture": {"shares": self.mixture.shares, "variances": self.mixture.variances}}

    def restore(self, state: dict) -> None:
        """Continue from what `state` returned."""
        super().restore(state)
        self.mixture = ResidualMixture(**state["mixture"])


def build_network(config: SIRRConfig) -> DetailNetwork:
    """Build the untrained network of a configuration."""
    return DetailNetwork(config.features, config.pairs, config.output_norm, config.statistics, config.last_scale)


# The penalty of a residual grows as its component narrows, so that at full weight a short training learns to remove nothing;
# the norm of the output forbids that in the authors' code.
_SMALL = {"mixture_weight": 1e-3}
_SHORT = {"learning_rate": 2e-3, "last_scale": 0.05}  # a residual that begins large takes hundreds of steps to fall
SIZES = {
    "quick": Size(
        _SHORT | {"features": 8, "pairs": 2, "steps": 60, "batch": 2, "crop": 48}, scaled=_SMALL,
        duration="seconds a training run on one core", log_every=20, save_every=1000,
    ),
    "laptop": Size(
        _SHORT | {"steps": 1200, "batch": 4, "crop": 48}, scaled=_SMALL, duration="minutes a training run on one core",
    ),
    "gpu": Size({"steps": 40_000, "minutes": 9.0}, duration="nine minutes a training run on a GPU", log_every=50),
    "paper": Size(duration="a day a training run on a GPU", log_every=200, save_every=2000),
}  # fmt: skip

def apart(config: SIRRConfig) -> list[str]:
    """Return what each of several processes computes from its own images alone."""
    mixture = "the mixture follows the real residuals of its own images, and the divergence is of their mean and variance"
    return [mixture] + [OWN_NORMS] * (config.statistics == "running")


METHOD = Method(
    name="sirr",
    title="SIRR",
    version=METHOD_VERSION,
    config=SIRRConfig,
    network=build_network,
    start=supervised(build_network, Trainer),
    supervision=SUPERVISION,
    family="CNN on the detail, mixture of real residuals",
    citation="Wei et al., Semi-supervised Transfer Learning for Image Rain Removal, CVPR 2019",
    sizes=SIZES,
    data=pairs_and_real_rain_of,
    describe=lambda config: f"{2 + 2 * config.pairs} layers of {config.features} features on the detail",
    differs="no norm behind the last layer, running statistics in use, the divergence from variances: the authors' code has "
    "the first two (preset `released`) and passes variances as deviations; variances of at least a grey level",
    presets={"paper": {}, "released": changed_fields(released)},
    sharing=Sharing(apart=apart),
)
