"""The same generator trained with pairs: what the pairs are worth, and what they cost in another domain."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rainmer_lib.data.unpaired import UnpairedRain
from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.translation import Generator
from rainmer_lib.experiments.compare import Run, find_or_train
from rainmer_lib.experiments.profiles import Profile
from rainmer_lib.training.ema import MovingAverage
from rainmer_lib.training.run import RunIdentity
from rainmer_lib.training.schedule import constant_then_linear

# What the run takes over from a configuration.
TAKEN = (
    "width", "blocks", "antialias", "global_residual", "learning_rate", "betas", "steps", "batch", "crop", "ema", "seed",
)  # fmt: skip
METHOD_VERSION = 1  # raised by hand whenever a change alters the numbers of a run


@dataclass
class Trainer:
    """The network, its optimiser and average, and the position of one supervised run: loss |derain(R) - B|_1."""

    config: DCDGANConfig
    model: Generator
    optimiser: torch.optim.Adam
    averages: dict[str, MovingAverage]
    step: int = 0

    @classmethod
    def start(cls, config: DCDGANConfig, device: torch.device | str = "cpu") -> "Trainer":
        """A fresh network of the configuration's size; of its values those of sizes and of `derain`'s optimiser count."""
        torch.manual_seed(config.seed)
        model = Generator(config.width, config.blocks, config.antialias, config.global_residual).to(device)
        optimiser = torch.optim.Adam(model.parameters(), config.learning_rate, config.betas)
        return cls(config, model, optimiser, {"derain": MovingAverage(model, config.ema)})

    def train_step(self, rainy: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """One update on a batch of pairs."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.learning_rate * constant_then_linear(self.step, self.config.steps)
        loss = F.l1_loss(self.model(rainy)[0], clean)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.averages["derain"].update(self.step)
        self.step += 1
        return {"distance": loss.detach()}

    def state(self) -> dict:
        """For a checkpoint."""
        return {"step": self.step, "model": self.model.state_dict(), "optimiser": self.optimiser.state_dict(),
                "average": self.averages["derain"].state()}  # fmt: skip

    def restore(self, state: dict) -> None:
        """Continue from what `state()` returned."""
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.averages["derain"].restore(state["average"])


@dataclass(frozen=True)
class Pairs:
    """An unpaired training set that gives its pairs away."""

    data: UnpairedRain

    def batch(self, step: int, size: int, crop: int, seed: int) -> tuple[Tensor, Tensor]:
        """Rainy crops and their own clean ones."""
        return self.data.paired_batch(step, size, crop, seed)


def train_supervised(label: str, config: DCDGANConfig, data: UnpairedRain, profile: Profile, say=print) -> Run:
    """One finished supervised run on the rainy photos of `data`: the network, steps, batches and rate of `config`."""
    taken = {name: getattr(config, name) for name in TAKEN}
    config = DCDGANConfig(taps=("down1", "down2"), **taken)  # taps that exist at any depth; nothing is tapped here
    identity = RunIdentity("supervised", config, data.fingerprint, METHOD_VERSION)
    return find_or_train(label, identity, Trainer.start, Pairs(data), profile, say)
