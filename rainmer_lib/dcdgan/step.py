"""One training step of DCD-GAN, top to bottom as in the paper, and the state that it changes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch

from rainmer_lib.data.batches import Batch
from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.dcdgan.model import DCDGAN
from rainmer_lib.dcdgan.objective import build_objective, discriminators_objective, on_both
from rainmer_lib.dcdgan.translation import Cycles, float32_images
from rainmer_lib.losses.adversarial import logits_total
from rainmer_lib.training.compiled import compiled
from rainmer_lib.training.ema import MovingAverage
from rainmer_lib.training.objective import Term, evaluate
from rainmer_lib.training.optimisation import Optimisation, adam
from rainmer_lib.training.rehearsal import Rehearsal
from rainmer_lib.training.replay import Replay
from rainmer_lib.training.schedule import constant_then_linear, cosine

# Raised by hand whenever a change alters the numbers of a run; tests/unit/dcdgan/test_version.py fails when it should be.
METHOD_VERSION = 2


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
    return Optimisation(optimisers, averages, lambda step, peak: peak * rate(step, config))


def rate(step: int, config: DCDGANConfig) -> float:
    """Return the factor on the learning rates: the schedule, which starts anew after a warm-up of the discriminators."""
    if step < config.warm_up:
        return constant_then_linear(step, config.warm_up)
    schedule = cosine if config.schedule == "cosine" else constant_then_linear
    return schedule(step - config.warm_up, config.steps - config.warm_up)


def autocast(config: DCDGANConfig, device: torch.device | str) -> torch.autocast:
    """Return the context in which the networks run at the configuration's precision."""
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=config.precision == "bfloat16")


def _trial(config: DCDGANConfig, device: torch.device | str, translate: Callable[..., Cycles]) -> None:
    """Run the translation forwards and backwards on grey images in the shapes of a step, and leave no gradient."""
    grey = torch.full((config.batch, 3, config.crop, config.crop), 0.5, device=device)
    with autocast(config, device):
        cycles = float32_images(translate(grey, grey))
        reached = [x for x in vars(cycles).values() if isinstance(x, torch.Tensor) and x.requires_grad]
    networks = translate.parameters()
    torch.autograd.grad(sum(image.mean() for image in reached), list(networks), allow_unused=True)


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
    rehearsal: Rehearsal | None = None
    step: int = 0

    @classmethod
    def start(cls, config: DCDGANConfig, device: torch.device | str = "cpu") -> "Trainer":
        """Create fresh networks and optimisers for `config`."""
        model = DCDGAN(config).to(device)
        if config.channels_last:
            model = model.to(memory_format=torch.channels_last)
        generator = torch.Generator().manual_seed(config.seed)
        translate = model.translation
        if config.compile:
            translate = compiled(translate, partial(_trial, config, device), config.graphs)
        replay = Replay(config.discriminator_replay, config.seed) if config.discriminator_replay else None
        optimisation = build_optimisation(model, config, device)
        rehearsal = Rehearsal(config.seed) if config.rehearsals else None
        objective = build_objective(config, generator)
        return cls(config, model, optimisation, generator, objective, translate, replay, rehearsal)

    @property
    def averages(self) -> dict[str, MovingAverage]:
        """Moving averages of both generators; that of `derain` is evaluated."""
        return self.optimisation.averages

    @property
    def crops(self) -> int:
        """Crops of each kind in the next batch: more in a warm-up, and those of the rehearsals."""
        config = self.config
        if self.step < config.warm_up:
            return config.warm_up_batch
        return config.batch + config.rehearsals * config.rehearsal_crops

    def train_step(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Update discriminators, then generators and heads, on one batch of unpaired crops; return each term's value."""
        self.optimisation.set_rates(self.step)
        if self.step < self.config.warm_up:
            return self._warm_up(batch)
        batch, spare = Batch(*(x[: self.config.batch] for x in batch)), batch.clean[self.config.batch :]
        if self.config.graphs:
            torch.compiler.cudagraph_mark_step_begin()  # what the graphs of the step before returned may be overwritten
        with autocast(self.config, batch.rainy.device):
            # Forward cycle R -> N_R -> R*, backward cycle N -> R_N -> N*, with the features on the way
            cycles = float32_images(self.translate(batch.rainy, batch.clean))
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
            terms |= {"discriminators": discriminators, "total": total} | self._rehearse(cycles, spare)
        self.optimisation.follow(self.step - self.config.warm_up)
        self.step += 1
        return {name: value.detach() for name, value in terms.items()}

    def _warm_up(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Update the clean discriminator on clean against rainy images; at the end, make the rainy one its opposite."""
        t, mode = self.model.translation, self.config.adversarial_loss
        with autocast(self.config, batch.rainy.device):
            loss = on_both(t.clean_discriminator, batch.clean, batch.rainy, mode)
            self.optimisation.update(["discriminators"], loss)
        self.step += 1
        if self.step == self.config.warm_up:
            t.rainy_discriminator.become_opposite_of(t.clean_discriminator, logits_total(mode))
            self.optimisation.optimisers["discriminators"].state.clear()  # both go on alike
        return {"discriminators": loss.detach()}

    def _rehearse(self, cycles: Cycles, clean: torch.Tensor) -> dict[str, torch.Tensor]:
        """Update `derain` on clean crops under rain that it has removed itself; return the last error."""
        if self.rehearsal is None:
            return {}
        self.rehearsal.remember(cycles.rainy, cycles.derained)
        for part in clean.split(self.config.rehearsal_crops):
            error = (self.model.translation.derain(self.rehearsal.put_on(part)).float() - part).abs().mean()
            self.optimisation.update(["generators"], self.config.rehearsal_weight * error)
        return {"rehearsal": error}

    def _with_earlier(self, cycles: Cycles) -> Cycles:
        """Return the cycles with images of earlier steps and with untouched ones, if the configuration asks for them."""
        kinds = ("rainy", "clean", "derained", *(["rerained"] if cycles.rerained is not None else []))
        images = {kind: getattr(cycles, kind) for kind in kinds}
        if self.replay is not None:
            images = self.replay.extend(images)
        if self.config.discriminator_originals:
            originals = {"derained": cycles.rainy, "rerained": cycles.clean}
            images |= {k: torch.cat([images[k].detach(), originals[k]]) for k in originals if k in images}
        return replace(cycles, **images)

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
            **({"rehearsal": self.rehearsal.state()} if self.rehearsal else {}),
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
        if self.rehearsal is not None:
            self.rehearsal.restore(state["rehearsal"], next(self.model.parameters()).device)
