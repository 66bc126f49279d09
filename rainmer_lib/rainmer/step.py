"""One training step of Rainmer, top to bottom, and the state that it changes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rainmer_lib.data.batches import PairedBatch
from rainmer_lib.rainmer.config import RainmerConfig
from rainmer_lib.rainmer.memory_bank import MemoryBank
from rainmer_lib.rainmer.model import Rainmer
from rainmer_lib.rainmer.objective import Outcome, build_objective
from rainmer_lib.rainmer.views import Keys, build_keys
from rainmer_lib.training.ema import MovingAverage
from rainmer_lib.training.objective import Term, evaluate
from rainmer_lib.training.optimisation import Optimisation

# Raised by hand when a change alters the numbers of a run; tests/unit/rainmer/test_version.py fails when it should be.
METHOD_VERSION = 1


def cosine_cycles(step: int, steps: int, peak: float, cycles: Sequence[int], floors: Sequence[float]) -> float:
    """Return the learning rate of the micro-step `step` of 1 to `steps`, which falls from `peak` to a floor in each cycle.

        rate = floor + (peak - floor) (1 + cos(pi (step - start) / length)) / 2

    `cycles` are relative lengths; the last step of a cycle is at its floor.
    """
    ends = [steps * sum(cycles[: i + 1]) / sum(cycles) for i in range(len(cycles))]
    index = next((i for i, end in enumerate(ends) if step <= end), len(ends) - 1)
    start = ends[index - 1] if index else 0.0
    floor = floors[index]
    return floor + (peak - floor) * (1 + math.cos(math.pi * (step - start) / (ends[index] - start))) / 2


def build_optimisation(model: Rainmer, config: RainmerConfig) -> Optimisation:
    """Return an AdamW for the base and one for the encoder, if any, in cosine cycles, and the average of `derain`."""
    decays = {"base": config.weight_decay, "encoder": config.encoder_weight_decay}
    optimisers = {
        name: torch.optim.AdamW(parameters, config.learning_rate, config.betas, weight_decay=decays[name])
        for name, parameters in model.groups().items()
    }
    return Optimisation(
        optimisers, {"derain": MovingAverage(model.derain, config.ema)},
        lambda step, peak: cosine_cycles(step, config.steps, peak, config.cycles, config.cycle_floors),
        config.clip, ("base",) if config.clip_scope == "base" else None,
    )  # fmt: skip


@dataclass
class Trainer:
    """State of a training run: networks, optimisers, average, memory bank, random state, position (`step`)."""

    config: RainmerConfig
    model: Rainmer
    optimisation: Optimisation
    memory_bank: MemoryBank
    generator: torch.Generator
    objective: list[Term]
    step: int = 0

    @classmethod
    def start(cls, config: RainmerConfig, device: torch.device | str = "cpu") -> "Trainer":
        """Create fresh networks and optimisers for `config`."""
        model = Rainmer(config).to(device)
        memory_bank = MemoryBank(config.memory_bank, config.contrasted)
        generator = torch.Generator().manual_seed(config.seed)
        return cls(config, model, build_optimisation(model, config), memory_bank, generator, build_objective(config))

    @property
    def crops(self) -> int:
        """Pairs in the next batch."""
        return self.config.batch

    @property
    def averages(self) -> dict[str, MovingAverage]:
        """Moving average of `derain`, which is evaluated."""
        return self.optimisation.averages

    def train_step(self, batch: PairedBatch) -> dict[str, Tensor]:
        """Make one micro-step on paired crops and the whole images they are from, at view size; return each term's value.

        Raises ValueError if sizes are not those of the configuration.
        """
        self._check_sizes(batch)
        # Positives and negatives: choose from earlier images first, then let this batch replace the oldest
        keys = self._keys(batch)
        self.memory_bank.enqueue(batch.rainy_whole, batch.clean_whole)
        if self.model.keys is not None:
            self.model.keys.follow(self.model.derain.encoder)
        with torch.autocast(batch.rainy.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16"):
            encoding = self.model.derain.encode(batch.rainy_whole)
            derained = self.model.derain.restore(batch.rainy, encoding.prompts)
            similarities = self.model.compare(encoding, keys)
        terms, total = evaluate(self.objective, Outcome(derained.float(), batch.clean, similarities))
        (total / self.config.accumulate).backward()
        self.step += 1
        if self.step % self.config.accumulate == 0:
            self.optimisation.set_rates(self.step)
            self.optimisation.apply()
            self.optimisation.follow(self.step // self.config.accumulate - 1)
        return {name: value.detach() for name, value in (terms | {"total": total}).items()}

    def _keys(self, batch: PairedBatch) -> dict[str, Keys]:
        """Return positives and negatives of each view; none while the memory bank fills."""
        if not self.memory_bank.full:
            return {}
        c = self.config
        return build_keys(
            batch.rainy_whole, batch.clean_whole, batch.clean, views=c.contrasted, negatives=c.negatives,
            memory_bank=self.memory_bank, detail_negatives=c.detail_negatives, flips=c.flips, generator=self.generator,
        )  # fmt: skip

    def _check_sizes(self, batch: PairedBatch) -> None:
        crop, view = self.config.crop, self.config.view_size
        sides = {"rainy": crop, "clean": crop, "rainy_whole": view, "clean_whole": view}
        for name, side in sides.items():
            image, expected = getattr(batch, name), (len(batch.rainy), 3, side, side)
            if image.shape != expected:
                raise ValueError(
                    f"{name}: {tuple(image.shape)}, expected {expected}; the data must be made for this "
                    f"configuration's crop={crop} and view_size={view}"
                )

    def state(self) -> dict:
        """Return the trainer's state as tensors and plain values, ready for a checkpoint; between updates with gradients."""
        return {
            "step": self.step,
            "model": self.model.state_dict(),
            "optimisation": self.optimisation.state(),
            "memory_bank": self.memory_bank.state(),
            "generator": self.generator.get_state(),
            "gradients": {name: p.grad for name, p in self.model.named_parameters() if p.grad is not None},
        }

    def restore(self, state: dict) -> None:
        """Continue from what `state` returned."""
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.optimisation.restore(state["optimisation"])
        self.memory_bank.restore(state["memory_bank"], next(self.model.parameters()).device)
        self.generator.set_state(state["generator"].cpu())
        for name, parameter in self.model.named_parameters():
            gradient = state["gradients"].get(name)
            parameter.grad = None if gradient is None else gradient.clone()
