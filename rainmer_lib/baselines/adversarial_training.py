"""Training against discriminators: one trainer for generators with an objective of their own, least squares throughout."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rainmer_lib.data.batches import Batch
from rainmer_lib.losses.adversarial import discriminator_loss, generator_loss
from rainmer_lib.training.config import check_choices, check_ranges, check_types
from rainmer_lib.training.ema import MovingAverage
from rainmer_lib.training.objective import Term, evaluate, switched_on
from rainmer_lib.training.optimisation import Optimisation, adam
from rainmer_lib.training.replay import Replay
from rainmer_lib.training.schedule import constant_then_linear, cosine
from rainmer_lib.training.sharing import Sharing

MODE = "least_squares"
RANGES = {
    "1 or more": ("steps", "batch", "crop"), "above 0": ("learning_rate",),
    "0 or more": ("replay", "weight_decay", "adversarial_weight", "minutes"),
    "within [0, 1)": ("betas", "ema"), "0 or more, below 2**63": ("seed",),
}  # fmt: skip


@dataclass(frozen=True)
class AdversarialConfig:
    """Configuration of every training against discriminators; a method's own adds its networks and the other weights."""

    adversarial_weight: float = 1.0
    learning_rate: float = 1e-4
    betas: tuple[float, float] = (0.5, 0.999)
    weight_decay: float = 0.0
    schedule: str = "linear"  # linear to zero in the second half, or "cosine": half a cosine from the first step
    replay: int = 0  # images of earlier steps that the discriminators see again at each step
    steps: int = 1000
    minutes: float = 0.0  # ours: above 0, the budget of a run in place of `steps`, which then is the scale of the schedule
    batch: int = 1
    crop: int = 256
    ema: float = 0.999  # ours: the generators oscillate, so their moving average is evaluated
    seed: int = 0

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        check_types(self)
        check_choices(self, {"schedule": ("linear", "cosine")})
        check_ranges(self, RANGES)


class AdversarialModel(nn.Module):
    """Networks of a training: `derain` and perhaps other generators, and `discriminators` by name.

    `forward(rainy, clean)` returns the images of a step by name.  `judged`: for each discriminator the names of the real and
    of the generated image.  A discriminator returns logits, or a list of them, the finest scale first.
    """

    judged: Mapping[str, tuple[str, str]]
    discriminators: nn.ModuleDict
    derain: nn.Module

    def generators(self) -> list[nn.Parameter]:
        """Return the parameters of all other networks."""
        return [p for name, p in self.named_parameters() if not name.startswith("discriminators.")]

    def adversarial(self, images: Mapping[str, Tensor]) -> Tensor:
        """Return the generators' loss: the sum over the discriminators, each at its finest scale."""
        found = ((self.discriminators[name], images[fake]) for name, (_, fake) in self.judged.items())
        return sum(generator_loss(scales(discriminator(image))[0], MODE) for discriminator, image in found)

    def judge(self, images: Mapping[str, Tensor]) -> Tensor:
        """Return the discriminators' loss on real and on detached generated images: the sum over all scales of all of them."""
        total = 0.0
        for name, (real, fake) in self.judged.items():
            answers = (scales(self.discriminators[name](image.detach())) for image in (images[real], images[fake]))
            total = total + sum(discriminator_loss(*logits, MODE) for logits in zip(*answers, strict=True))
        return total


def scales(answer: Tensor | list[Tensor]) -> list[Tensor]:
    """Return the logits of each scale, also of a discriminator that has one."""
    return answer if isinstance(answer, list) else [answer]


@dataclass
class Trainer:
    """State of one run: networks, optimisers, moving average, earlier images, position (`step`)."""

    config: AdversarialConfig
    model: AdversarialModel
    optimisation: Optimisation
    objective: list[Term]
    replay: Replay
    step: int = 0

    @property
    def crops(self) -> int:
        """Crops of each kind in the next batch."""
        return self.config.batch

    @property
    def averages(self) -> dict[str, MovingAverage]:
        """The moving average of `derain`, which is evaluated."""
        return self.optimisation.averages

    def train_step(self, batch: Batch) -> dict[str, Tensor]:
        """Update discriminators, then generators, on one batch of unpaired crops; return each term's value."""
        self.optimisation.set_rates(self.step)
        images = self.model(batch.rainy, batch.clean)
        discriminators = self.model.judge(self._with_earlier(images))
        self.optimisation.update(["discriminators"], discriminators)
        self.model.discriminators.requires_grad_(False)  # they only pass the gradient on
        terms, total = evaluate(self.objective, self.model, images)
        self.optimisation.update(["generators"], total)
        self.model.discriminators.requires_grad_(True)
        self.optimisation.follow(self.step)
        self.step += 1
        return {name: value.detach() for name, value in (terms | {"discriminators": discriminators}).items()}

    def _with_earlier(self, images: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        if not self.config.replay:
            return images
        return self.replay.extend({name: images[name] for pair in self.model.judged.values() for name in pair})

    def state(self) -> dict:
        """Return the trainer's state as tensors and plain values, ready for a checkpoint."""
        return {
            "step": self.step, "model": self.model.state_dict(), "optimisation": self.optimisation.state(),
            "replay": self.replay.state(),
        }  # fmt: skip

    def restore(self, state: dict) -> None:
        """Continue from what `state` returned."""
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.optimisation.restore(state["optimisation"])
        self.replay.restore(state["replay"], next(self.model.parameters()).device)


def adversarial(
    build: Callable[[Any], AdversarialModel], objective: Callable[[Any], list[Term]]
) -> Callable[[Any, str], Trainer]:
    """Return the `start` of a method, which makes fresh networks, a function of the seed, and an Adam for each side.

    `objective(config)` returns the generators' terms, functions of model and images; those of weight 0 are left out.
    """

    def start(config: AdversarialConfig, device: torch.device | str = "cpu") -> Trainer:
        torch.manual_seed(config.seed)
        model = build(config).to(device)
        groups = {"generators": model.generators(), "discriminators": list(model.discriminators.parameters())}
        optimisers = {name: adam(parameters, config.learning_rate, config.betas, device) for name, parameters in groups.items()}
        for optimiser in optimisers.values():
            optimiser.param_groups[0]["weight_decay"] = config.weight_decay
        factor = cosine if config.schedule == "cosine" else constant_then_linear
        optimisation = Optimisation(
            optimisers, {"derain": MovingAverage(model.derain, config.ema)},
            lambda step, peak: peak * factor(step, config.steps),
        )  # fmt: skip
        return Trainer(config, model, optimisation, switched_on(objective(config)), Replay(config.replay, config.seed))

    return start


def apart(config: AdversarialConfig) -> list[str]:
    """Return what each of several processes computes from its own images alone."""
    return ["earlier images, as many of them, are drawn from those that it has seen"] * bool(config.replay)


SHARING = Sharing(apart=apart)


def adversarial_term(config: AdversarialConfig) -> Term:
    """Return the term that both methods begin with."""
    return Term("adversarial", config.adversarial_weight, lambda model, images: model.adversarial(images))
