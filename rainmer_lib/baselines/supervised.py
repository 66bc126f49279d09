"""Training with pairs: one trainer for every network that learns from rainy images and their own clean versions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from rainmer_lib.data.batches import Batch
from rainmer_lib.data.on_device import on_device
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.losses.fidelity import structural_loss
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.training.config import check_choices, check_ranges, check_types
from rainmer_lib.training.ema import MovingAverage
from rainmer_lib.training.optimisation import Optimisation, adam
from rainmer_lib.training.schedule import constant_then_linear, cosine, milestones

LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": F.l1_loss,
    "mse": F.mse_loss,
    "ssim": structural_loss,  # 1 - SSIM; its gradient is that of the published -SSIM
    "smooth_l1": F.smooth_l1_loss,
}
CHOICES = {
    "loss": tuple(LOSSES), "supervised_stages": ("last", "all"), "schedule": ("linear", "cosine"),
    "optimiser": ("adam", "sgd"),
}  # fmt: skip
RANGES = {
    "1 or more": ("steps", "batch", "crop"), "above 0": ("learning_rate",), "0 or more": ("clip", "minutes"),
    "within [0, 1)": ("betas", "ema"), "within (0, 1]": ("decay",), "0 or more, below 2**63": ("seed",),
}  # fmt: skip


@dataclass(frozen=True)
class SupervisedConfig:
    """Configuration of every supervised training; a method's own configuration adds its network and its values."""

    loss: str = "l1"
    supervised_stages: str = "last"  # "all": the loss is the sum over the outputs of every stage of the network
    optimiser: str = "adam"  # or "sgd": stochastic gradient descent with the momentum betas[0]
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    schedule: str = "linear"  # linear to zero in the second half, or "cosine": half a cosine from the first step
    milestones: tuple[float, ...] = ()  # shares of the steps at which the rate falls, in place of the schedule
    decay: float = 0.2  # factor on the rate at each milestone
    clip: float = 0.0  # largest norm of the gradient; 0 is no clipping
    steps: int = 1000
    minutes: float = 0.0  # ours: above 0, the budget of a run in place of `steps`, which then is the scale of the schedule
    batch: int = 4
    crop: int = 64
    ema: float = 0.0  # above 0: the moving average of the weights is evaluated; 0: the last weights
    seed: int = 0

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        check_types(self)
        check_choices(self, CHOICES)
        check_ranges(self, RANGES)
        if list(self.milestones) != sorted(self.milestones) or not all(0 < m < 1 for m in self.milestones):
            raise ValueError(f"milestones={self.milestones}: expected rising shares of the steps between 0 and 1")


@dataclass
class Trainer:
    """State of one supervised run: network, optimiser, moving average, position (`step`).

        L = sum over supervised stages of loss(x_t, B)        x_t the stage's output, B the clean crop
    """

    config: SupervisedConfig
    model: Derainer
    optimisation: Optimisation
    step: int = 0

    @property
    def crops(self) -> int:
        """Crops in the next batch."""
        return self.config.batch

    @property
    def averages(self) -> dict[str, MovingAverage]:
        """The moving average of the network, which is evaluated."""
        return self.optimisation.averages

    def train_step(self, batch: Batch) -> dict[str, Tensor]:
        """Update the network once on a batch of pairs; return the terms of the loss."""
        self.optimisation.set_rates(self.step)
        terms = self.terms(batch)
        self.optimisation.update(["network"], sum(terms.values()))
        self.optimisation.follow(self.step)
        self.step += 1
        return {name: value.detach() for name, value in terms.items()}

    def terms(self, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted terms of the loss by name; a method with more than the distance overrides this."""
        return {"distance": self._distance(batch)}

    def _distance(self, batch: Batch) -> Tensor:
        loss = LOSSES[self.config.loss]
        if self.config.supervised_stages == "last":
            return loss(self.model(batch.rainy), batch.clean)
        return sum(loss(output, batch.clean) for output in self.model.stages(batch.rainy))

    def state(self) -> dict:
        """Return the trainer's state as tensors and plain values, ready for a checkpoint."""
        return {"step": self.step, "model": self.model.state_dict(), "optimisation": self.optimisation.state()}

    def restore(self, state: dict) -> None:
        """Continue from what `state` returned."""
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.optimisation.restore(state["optimisation"])


def supervised(network: Callable[[Any], Derainer], trainer: type[Trainer] = Trainer) -> Callable[[Any, str], Trainer]:
    """Return the `start` of a method, which makes fresh weights of `network(config)`, a function of the seed, and Adam.

    `trainer`: a subclass for another step.
    """

    def start(config: SupervisedConfig, device: torch.device | str = "cpu") -> Trainer:
        torch.manual_seed(config.seed)
        model = network(config).to(device)
        optimisation = Optimisation(
            {"network": _optimiser(config, model, device)},
            {"derain": MovingAverage(model, config.ema)}, _schedule(config), config.clip,
        )  # fmt: skip
        return trainer(config, model, optimisation)

    return start


def _optimiser(config: SupervisedConfig, model: Derainer, device: torch.device | str) -> torch.optim.Optimizer:
    if config.optimiser == "sgd":
        return torch.optim.SGD(model.parameters(), config.learning_rate, momentum=config.betas[0])
    return adam(model.parameters(), config.learning_rate, config.betas, device)


def _schedule(config: SupervisedConfig) -> Callable[[int, float], float]:
    if config.milestones:
        return lambda step, peak: peak * milestones(step, config.steps, config.milestones, config.decay)
    schedule = cosine if config.schedule == "cosine" else constant_then_linear
    return lambda step, peak: peak * schedule(step, config.steps)


@dataclass(frozen=True)
class Pairs:
    """Pairs of an unpaired training set: its rainy crops with their own clean versions."""

    source: UnpairedRain

    @property
    def name(self) -> str:
        """Name of the source."""
        return self.source.name

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the source; the method of a run distinguishes paired from unpaired training."""
        return self.source.fingerprint

    @property
    def held_out(self) -> list[Pair]:
        """Held-out pairs of the source."""
        return self.source.held_out

    def batch(self, step: int, size: int, crop: int, seed: int) -> Batch:
        """Return rainy crops and their own clean versions, a function of seed and step alone."""
        return self.source.paired_batch(step, size, crop, seed)

    def on_device(self, device: torch.device | str) -> "Pairs":
        """Return the same pairs, made on a device where their source can."""
        return replace(self, source=on_device(self.source, device))


def pairs_of(source: UnpairedRain, profile: str, keep: bool = True) -> Pairs:
    """Return the training data of a supervised method; this is the `data` of its `Method`."""
    return Pairs(source)
