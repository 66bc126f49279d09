"""One training step of DCD-GAN, top to bottom as in the paper, and the state that it changes."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.model import DCDGAN
from rainmer_lib.dcdgan.objective import Term, build_objective, critics_objective
from rainmer_lib.dcdgan.translation import Cycles, float32_images
from rainmer_lib.training.ema import MovingAverage
from rainmer_lib.training.replay import Replay
from rainmer_lib.training.schedule import constant_then_linear
from rainmer_lib.training.trainer_state import common_state, restore_common

# Raised by hand whenever a change alters the numbers of a run; tests/unit/dcdgan/test_version.py notices when it should.
METHOD_VERSION = 1


def learning_rates(config: DCDGANConfig) -> dict[str, float]:
    """Rate of each optimiser before the schedule's factor."""
    return {
        "generators": config.learning_rate, "critics": config.critics_learning_rate, "heads": config.heads_learning_rate,
    }  # fmt: skip


@dataclass
class Trainer:
    """Everything that a run changes: networks, optimisers, moving averages, random state, position (`step`)."""

    config: DCDGANConfig
    model: DCDGAN
    optimisers: dict[str, torch.optim.Adam]
    averages: dict[str, MovingAverage]
    patch_generator: torch.Generator
    objective: list[Term]
    translate: Callable[..., Cycles]
    replay: Replay | None = None
    step: int = 0

    @classmethod
    def start(cls, config: DCDGANConfig, device: torch.device | str = "cpu") -> "Trainer":
        """Fresh networks and optimisers for `config`."""
        model = DCDGAN(config).to(device)
        if config.channels_last:
            model = model.to(memory_format=torch.channels_last)
        groups = model.groups()
        rates, fused = learning_rates(config), torch.device(device).type == "cuda"
        optimisers = {
            name: torch.optim.Adam(
                parameters, rates[name], config.heads_betas if name == "heads" else config.betas, fused=fused
            )
            for name, parameters in groups.items()
        }
        translation = model.translation
        averages = {name: MovingAverage(getattr(translation, name), config.ema) for name in ("derain", "rerain")}
        generator = torch.Generator().manual_seed(config.seed)
        translate = torch.compile(translation) if config.compile else translation
        objective = build_objective(config, generator)
        replay = Replay(config.critic_replay, config.seed) if config.critic_replay else None
        return cls(config, model, optimisers, averages, generator, objective, translate, replay)

    def train_step(self, rainy: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """Update critics, then generators and heads, on one batch of unpaired crops; returns each term's value."""
        self._set_learning_rates()
        with torch.autocast(rainy.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16"):
            # Forward cycle R -> N_R -> R*, backward cycle N -> R_N -> N*, with the features on the way
            cycles = float32_images(
                self.translate(rainy, clean, self.config.taps, self.config.backward_cycle, self.config.one_sided)
            )
            # D maximises Eq. (4)
            critics = critics_objective(self.model, self._with_earlier(cycles), self.config.adversarial_loss)
            self._update("critics", critics)
            # G and H minimise Eq. (6); the critics only pass the gradient on
            self._freeze_critics(True)
            terms = {term.name: term.value(self.model, cycles) for term in self.objective}
            total = sum(term.weight * terms[term.name] for term in self.objective)
            self._update(("generators", "heads"), total)
            self._freeze_critics(False)
        for average in self.averages.values():
            average.update(self.step)
        self.step += 1
        return {name: value.detach() for name, value in (terms | {"critics": critics, "total": total}).items()}

    def _with_earlier(self, cycles: Cycles) -> Cycles:
        """What the critics see: the step's images, and some of earlier steps where the configuration asks for them."""
        if self.replay is None:
            return cycles
        kinds = ("rainy", "clean", "derained", *(["rerained"] if cycles.rerained is not None else []))
        return replace(cycles, **self.replay.extend({kind: getattr(cycles, kind) for kind in kinds}))

    def _update(self, names: str | tuple[str, ...], loss: Tensor) -> None:
        optimisers = [self.optimisers[name] for name in ([names] if isinstance(names, str) else names)]
        for optimiser in optimisers:
            optimiser.zero_grad(set_to_none=True)
        loss.backward()
        for optimiser in optimisers:
            optimiser.step()

    def _freeze_critics(self, frozen: bool) -> None:
        for critic in (self.model.translation.clean_critic, self.model.translation.rainy_critic):
            critic.requires_grad_(not frozen)

    def _set_learning_rates(self) -> None:
        factor = constant_then_linear(self.step, self.config.steps)
        for name, rate in learning_rates(self.config).items():
            for group in self.optimisers[name].param_groups:
                group["lr"] = rate * factor

    def state(self) -> dict:
        """All of the above as tensors and plain values, for a checkpoint."""
        own = {"patch_generator": self.patch_generator.get_state(), "torch_random_state": torch.get_rng_state()}
        replay = {"replay": self.replay.state()} if self.replay else {}
        return common_state(self) | own | replay

    def restore(self, state: dict) -> None:
        """Continue from what `state()` returned."""
        restore_common(self, state)
        # random states live on the CPU, wherever the checkpoint was loaded to
        self.patch_generator.set_state(state["patch_generator"].cpu())
        torch.set_rng_state(state["torch_random_state"].cpu())
        if self.replay is not None:
            self.replay.restore(state["replay"], next(self.model.parameters()).device)
