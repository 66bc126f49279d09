"""One training step of DCD-GAN, top to bottom as in the paper, and the state that it changes."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from rainmer_lib.data.batches import Batch
from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.model import DCDGAN
from rainmer_lib.dcdgan.objective import build_objective, discriminators_objective
from rainmer_lib.dcdgan.translation import Cycles, float32_images
from rainmer_lib.training.ema import MovingAverage
from rainmer_lib.training.objective import Term, evaluate
from rainmer_lib.training.optimisation import Optimisation, adam
from rainmer_lib.training.replay import Replay
from rainmer_lib.training.schedule import constant_then_linear

# Raised by hand whenever a change alters the numbers of a run; tests/unit/dcdgan/test_version.py fails when it should be.
METHOD_VERSION = 1


def build_optimisation(model: DCDGAN, config: DCDGANConfig, device: torch.device | str) -> Optimisation:
    """Return an Adam each for generators, discriminators and heads, and the moving averages of both generators."""
    rates = {
        "generators": config.learning_rate, "discriminators": config.discriminators_learning_rate,
        "heads": config.heads_learning_rate,
    }  # fmt: skip
    betas = {"heads": config.heads_betas}
    optimisers = {
        name: adam(parameters, rates[name], betas.get(name, config.betas), device)
        for name, parameters in model.groups().items()
    }
    averages = {name: MovingAverage(getattr(model.translation, name), config.ema) for name in ("derain", "rerain")}
    return Optimisation(optimisers, averages, lambda step, peak: peak * constant_then_linear(step, config.steps))


@dataclass
class Trainer:
    """State of a training run: networks, optimisers, moving averages, random state, position (`step`)."""

    config: DCDGANConfig
    model: DCDGAN
    optimisation: Optimisation
    patch_generator: torch.Generator
    objective: list[Term]
    translate: Callable[..., Cycles]
    replay: Replay | None = None
    step: int = 0

    @classmethod
    def start(cls, config: DCDGANConfig, device: torch.device | str = "cpu") -> "Trainer":
        """Create fresh networks and optimisers for `config`."""
        model = DCDGAN(config).to(device)
        if config.channels_last:
            model = model.to(memory_format=torch.channels_last)
        generator = torch.Generator().manual_seed(config.seed)
        translate = torch.compile(model.translation) if config.compile else model.translation
        replay = Replay(config.discriminator_replay, config.seed) if config.discriminator_replay else None
        optimisation = build_optimisation(model, config, device)
        return cls(config, model, optimisation, generator, build_objective(config, generator), translate, replay)

    @property
    def averages(self) -> dict[str, MovingAverage]:
        """Moving averages of both generators; that of `derain` is evaluated."""
        return self.optimisation.averages

    def train_step(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Update discriminators, then generators and heads, on one batch of unpaired crops; return each term's value."""
        self.optimisation.set_rates(self.step)
        with torch.autocast(batch.rainy.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16"):
            # Forward cycle R -> N_R -> R*, backward cycle N -> R_N -> N*, with the features on the way
            cycles = float32_images(self.translate(
                batch.rainy, batch.clean, self.config.taps, self.config.backward_cycle, self.config.one_sided
            ))  # fmt: skip
            # D maximises Eq. (4)
            discriminators = discriminators_objective(
                self.model, self._with_earlier(cycles), self.config.adversarial_loss
            )
            self.optimisation.update(["discriminators"], discriminators)
            # G and H minimise Eq. (6); the discriminators only pass the gradient on
            self._freeze_discriminators(True)
            terms, total = evaluate(self.objective, self.model, cycles)
            self.optimisation.update(["generators", "heads"], total)
            self._freeze_discriminators(False)
        self.optimisation.follow(self.step)
        self.step += 1
        return {name: value.detach() for name, value in (terms | {"discriminators": discriminators, "total": total}).items()}

    def _with_earlier(self, cycles: Cycles) -> Cycles:
        """Return the cycles followed by images of earlier steps if the configuration asks for a replay."""
        if self.replay is None:
            return cycles
        kinds = ("rainy", "clean", "derained", *(["rerained"] if cycles.rerained is not None else []))
        return replace(cycles, **self.replay.extend({kind: getattr(cycles, kind) for kind in kinds}))

    def _freeze_discriminators(self, frozen: bool) -> None:
        translation = self.model.translation
        for discriminator in (translation.clean_discriminator, translation.rainy_discriminator):
            discriminator.requires_grad_(not frozen)

    def state(self) -> dict:
        """Return the trainer's state as tensors and plain values, ready for a checkpoint."""
        return {
            "step": self.step,
            "model": self.model.state_dict(),
            "optimisation": self.optimisation.state(),
            "patch_generator": self.patch_generator.get_state(),
            "torch_random_state": torch.get_rng_state(),
            **({"replay": self.replay.state()} if self.replay else {}),
        }

    def restore(self, state: dict) -> None:
        """Continue from what `state` returned."""
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.optimisation.restore(state["optimisation"])
        # random states live on the CPU, wherever the checkpoint was loaded to
        self.patch_generator.set_state(state["patch_generator"].cpu())
        torch.set_rng_state(state["torch_random_state"].cpu())
        if self.replay is not None:
            self.replay.restore(state["replay"], next(self.model.parameters()).device)
