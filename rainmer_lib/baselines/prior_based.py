"""Methods before deep learning: a prior is fitted without gradients, and the network solves each image under the prior."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from rainmer_lib.data.batches import Batch
from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.training.config import check_ranges, check_types
from rainmer_lib.training.ema import MovingAverage
from rainmer_lib.training.sharing import Sharing

ONE_PROCESS = Sharing(refused="a prior is fitted without gradients, which is what processes would share")
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601

Plane = Float[Tensor, "h w"]
Patches = Float[Tensor, "n pixels"]


@dataclass(frozen=True)
class PriorConfig:
    """Configuration of every fit of a prior; a method's own adds the prior and the solver."""

    side: int = 8  # of a patch, pixels
    patches: int = 10_000  # of a batch, at most, that a step of the fit takes
    steps: int = 1000
    minutes: float = 0.0  # above 0, the budget of a fit in place of `steps`
    batch: int = 16
    crop: int = 64
    seed: int = 0

    def __post_init__(self) -> None:
        """Validate the configuration; each error names the field and its allowed values."""
        check_types(self)
        check_ranges(self, {
            "1 or more": ("side", "patches", "steps", "batch", "crop"), "0 or more": ("minutes",),
            "0 or more, below 2**63": ("seed",),
        })  # fmt: skip
        if self.crop < self.side:
            raise ValueError(f"crop={self.crop}: smaller than a patch, side={self.side}")


class PriorDerainer(Derainer):
    """Network that solves the luminance of each image on its own; its colours stay.  No gradient passes through it.

    (b, 3, h, w) in [0, 1] -> the same shape, at least a patch a side; `rounds` splits one plane.
    """

    def forward(self, rainy: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Return the derained images."""
        return self.stages(rainy)[-1]

    def stages(self, image: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b 3 h w"]]:
        """Return the derained images as they are after every round of the solver, the result last."""
        with torch.no_grad():
            planes = luminance(image)
            found = zip(*(self.rounds(plane) for plane in planes), strict=True)
            return [image + (torch.stack(layers) - planes)[:, None] for layers in found]

    @abstractmethod
    def rounds(self, rainy: Plane) -> Iterator[Plane]:
        """Yield the luminance without its rain, as it is after each round."""


def luminance(images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
    """Return the luminance of RGB images, in their range."""
    return torch.einsum("c,bchw->bhw", images.new_tensor(LUMA), images)


def patches_of(plane: Plane, side: int, stride: int = 1) -> Patches:
    """Return the patches at every `stride` pixels, the last row and column always among them."""
    rows, columns = places(plane.shape, side, stride)
    windows = plane.unfold(0, side, 1).unfold(1, side, 1)
    return windows[rows][:, columns].reshape(-1, side * side)


def averaged(patches: Patches, shape: tuple[int, int], side: int, stride: int = 1) -> Plane:
    """Put patches back where `patches_of` took them and return the mean where they overlap."""
    rows, columns = places(shape, side, stride)
    total, count = patches.new_zeros(shape), patches.new_zeros(shape)
    parts = patches.view(len(rows), len(columns), side, side)
    for y in range(side):  # one pixel of all patches at a time
        for x in range(side):
            where = (rows[:, None] + y, columns[None, :] + x)
            total[where] += parts[:, :, y, x]
            count[where] += 1
    return total / count


def places(shape: tuple[int, ...], side: int, stride: int) -> tuple[Tensor, Tensor]:
    """Return the first rows and the first columns of the patches of a plane."""
    return tuple(torch.unique(torch.tensor([*range(0, size - side, stride), size - side])) for size in shape)


def drawn(planes: Float[Tensor, "b h w"], side: int, count: int, generator: torch.Generator) -> Patches:
    """Return at most `count` patches of planes, drawn at random without replacement."""
    found = F.unfold(planes[:, None], side).transpose(1, 2).reshape(-1, side * side)
    return found[torch.randperm(len(found), generator=generator)[:count].to(found.device)]


def centred(patches: Patches) -> tuple[Patches, Float[Tensor, "n 1"]]:
    """Return patches of mean zero, and their means."""
    means = patches.mean(1, keepdim=True)
    return patches - means, means


@dataclass
class PriorTrainer:
    """State of the fit of a prior: the network, what the prior is computed from, random state, position (`step`)."""

    config: PriorConfig
    model: PriorDerainer
    statistics: dict[str, Tensor] = field(default_factory=dict)
    step: int = 0
    generator: torch.Generator = field(init=False)
    averages: dict[str, MovingAverage] = field(init=False)

    def __post_init__(self) -> None:
        """Draw patches by a generator of the seed; the prior itself is exported, not an average."""
        self.generator = torch.Generator().manual_seed(self.config.seed)
        self.averages = {"derain": MovingAverage(self.model, 0.0)}

    @property
    def crops(self) -> int:
        """Crops of each kind in the next batch."""
        return self.config.batch

    @torch.no_grad()
    def train_step(self, batch: Batch) -> dict[str, Tensor]:
        """Move the prior towards the patches of one batch; return what is left to explain."""
        values = self.fit(batch)
        for average in self.averages.values():
            average.update(self.step)
        self.step += 1
        return values

    @abstractmethod
    def fit(self, batch: Batch) -> dict[str, Tensor]:
        """Update statistics and prior."""

    def state(self) -> dict:
        """Return the trainer's state as tensors and plain values, ready for a checkpoint."""
        return {
            "step": self.step, "model": self.model.state_dict(), "statistics": dict(self.statistics),
            "averages": {name: average.state() for name, average in self.averages.items()},
            "generator": self.generator.get_state(),
        }  # fmt: skip

    def restore(self, state: dict) -> None:
        """Continue from what `state` returned."""
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        self.statistics = dict(state["statistics"])
        for name, average in self.averages.items():
            average.restore(state["averages"][name])
        self.generator.set_state(state["generator"].cpu())


def fitted(network: Callable[[Any], PriorDerainer], trainer: type[PriorTrainer]) -> Callable[[Any, str], PriorTrainer]:
    """Return the `start` of a method, which makes a fresh prior, a function of the seed."""

    def start(config: PriorConfig, device: torch.device | str = "cpu") -> PriorTrainer:
        torch.manual_seed(config.seed)
        return trainer(config, network(config).to(device))

    return start


def followed(before: Mapping[str, Tensor], now: Mapping[str, Tensor], rate: float) -> dict[str, Tensor]:
    """Return statistics moved towards those of a batch: (1 - rate) before + rate now; `now` where there are none yet."""
    return {name: value.lerp(now[name], rate) for name, value in before.items()} if before else dict(now)
