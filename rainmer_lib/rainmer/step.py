"""One training step of Rainmer, top to bottom, and the state that it changes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from rainmer_lib.rainmer.config import RainmerConfig
from rainmer_lib.rainmer.memory_bank import Archive
from rainmer_lib.rainmer.model import Rainmer
from rainmer_lib.rainmer.objective import Outcome, Term, build_objective
from rainmer_lib.rainmer.views import Keys, build_keys
from rainmer_lib.training.ema import MovingAverage
from rainmer_lib.training.trainer_state import common_state, restore_common

# Raised by hand when a change alters the numbers of a run; tests/unit/rainmer/test_rainmer_version.py notices when it should.
METHOD_VERSION = 1

Crop = Float[Tensor, "b 3 crop crop"]
Whole = Float[Tensor, "b 3 view view"]


def cosine_cycles(step: int, steps: int, peak: float, cycles: Sequence[int], floors: Sequence[float]) -> float:
    """Learning rate of the micro-step `step` of 1 to `steps`: in each cycle from `peak` to its floor.

        rate = floor + (peak - floor) (1 + cos(pi (step - start) / length)) / 2

    `cycles` are relative lengths; the last step of a cycle is at its floor.
    """
    ends = [steps * sum(cycles[: i + 1]) / sum(cycles) for i in range(len(cycles))]
    index = next((i for i, end in enumerate(ends) if step <= end), len(ends) - 1)
    start = ends[index - 1] if index else 0.0
    floor = floors[index]
    return floor + (peak - floor) * (1 + math.cos(math.pi * (step - start) / (ends[index] - start))) / 2


@dataclass
class Trainer:
    """Everything that a run changes: networks, optimisers, average, archive, random state, position (`step`)."""

    config: RainmerConfig
    model: Rainmer
    optimisers: dict[str, torch.optim.AdamW]
    averages: dict[str, MovingAverage]
    archive: Archive
    generator: torch.Generator
    objective: list[Term]
    step: int = 0

    @classmethod
    def start(cls, config: RainmerConfig, device: torch.device | str = "cpu") -> "Trainer":
        """Fresh networks and optimisers for `config`."""
        model = Rainmer(config).to(device)
        decays = {"base": config.weight_decay, "encoder": config.encoder_weight_decay}
        optimisers = {
            name: torch.optim.AdamW(parameters, config.learning_rate, config.betas, weight_decay=decays[name])
            for name, parameters in model.groups().items()
        }
        averages = {"derain": MovingAverage(model.derain, config.ema)}
        archive = Archive(config.archive, config.contrasted)
        generator = torch.Generator().manual_seed(config.seed)
        return cls(config, model, optimisers, averages, archive, generator, build_objective(config))

    def train_step(self, rainy: Crop, clean: Crop, rainy_whole: Whole, clean_whole: Whole) -> dict[str, Tensor]:
        """One micro-step on paired crops and the whole images they are from, at view size; returns each term's value.

        Raises ValueError on sizes that are not the configuration's.
        """
        self._check_sizes(rainy, clean, rainy_whole, clean_whole)
        # Positives and negatives: choose from earlier images first, then let this batch take the place of the oldest
        keys = self._keys(rainy_whole, clean_whole, clean)
        self.archive.enter(rainy_whole, clean_whole)
        if self.model.keys is not None:
            self.model.keys.follow(self.model.derain.encoder)
        with torch.autocast(rainy.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16"):
            encoding = self.model.derain.encode(rainy_whole)
            derained = self.model.derain.restore(rainy, encoding.prompts)
            similarities = self.model.compare(encoding, keys)
        outcome = Outcome(derained.float(), clean, similarities)
        terms = {term.name: term.value(outcome) for term in self.objective}
        total = sum(term.weight * terms[term.name] for term in self.objective)
        (total / self.config.accumulate).backward()
        self.step += 1
        if self.step % self.config.accumulate == 0:
            self._update()
        return {name: value.detach() for name, value in (terms | {"total": total}).items()}

    def _keys(self, rainy: Whole, clean: Whole, crop: Crop) -> dict[str, Keys]:
        """None while the archive fills."""
        if not self.archive.full:
            return {}
        c = self.config
        return build_keys(
            rainy, clean, crop, views=c.contrasted, negatives=c.negatives, archive=self.archive,
            detail_negatives=c.detail_negatives, flips=c.flips, generator=self.generator,
        )  # fmt: skip

    def _update(self) -> None:
        """Clip, step both optimisers, and begin to accumulate anew."""
        c, groups = self.config, self.model.groups()
        if c.clip:
            clipped = groups["base"] if c.clip_scope == "base" else [p for group in groups.values() for p in group]
            torch.nn.utils.clip_grad_norm_(clipped, c.clip)
        rate = cosine_cycles(self.step, c.steps, c.learning_rate, c.cycles, c.cycle_floors)
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        for average in self.averages.values():
            average.update(self.step // c.accumulate - 1)

    def _check_sizes(self, *images: Tensor) -> None:
        crop, view = self.config.crop, self.config.view_size
        sides = {"rainy": crop, "clean": crop, "rainy_whole": view, "clean_whole": view}
        for (name, side), image in zip(sides.items(), images, strict=True):
            if image.shape != (len(images[0]), 3, side, side):
                raise ValueError(
                    f"{name}: {tuple(image.shape)}, expected {(len(images[0]), 3, side, side)}; the data must be made for this "
                    f"configuration's crop={crop} and view_size={view}"
                )

    def state(self) -> dict:
        """All of the above as tensors and plain values, for a checkpoint; between updates the gradients too."""
        gradients = {name: p.grad for name, p in self.model.named_parameters() if p.grad is not None}
        own = {"archive": self.archive.state(), "generator": self.generator.get_state(), "gradients": gradients}
        return common_state(self) | own

    def restore(self, state: dict) -> None:
        """Continue from what `state()` returned."""
        restore_common(self, state)
        self.archive.restore(state["archive"], next(self.model.parameters()).device)
        self.generator.set_state(state["generator"].cpu())
        for name, parameter in self.model.named_parameters():
            gradient = state["gradients"].get(name)
            parameter.grad = None if gradient is None else gradient.clone()
