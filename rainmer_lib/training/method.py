"""Interface of a deraining method, as the training loop, the experiments and the command line use it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn

from rainmer_lib.networks.derainer import Derainer
from rainmer_lib.training.ema import MovingAverage
from rainmer_lib.training.run import RunIdentity
from rainmer_lib.training.sharing import Sharing

# Groups of Table 1 of DCD-GAN, in its order, and what a method of each learns from
KINDS: Mapping[str, str] = {
    "prior-based": "photos, for a prior; then each image on its own",
    "supervised": "pairs",
    "semi-supervised": "pairs, and real rainy photos",
    "unpaired": "rainy photos and clean ones of other scenes",
}


class Trainer(Protocol):
    """A training run in progress."""

    step: int
    crops: int  # crops of each kind that the next step takes
    model: nn.Module
    averages: dict[str, MovingAverage]  # "derain" is what a finished run exports

    def train_step(self, batch: Any) -> dict[str, Tensor]:
        """Update on one batch (named fields, see `data.batches`); return the value of each loss term."""

    def state(self) -> dict:
        """Return the trainer's state as tensors and plain values, ready for a checkpoint."""

    def restore(self, state: dict) -> None:
        """Continue from what `state` returned."""


@dataclass(frozen=True)
class Size:
    """Changes that a profile makes to a method's configuration.

    `changes`: fields of the configuration.  `scaled`: factors on fields, applied to the value that a preset or an ablation
    sets.  `epochs`: if above 0, how often the rainy photos of a chosen training set are seen; `steps` in `changes` is for the
    profile's own.  For methods that train on rendered domains, `images`: rendered pairs of the smallest domain, and `held`:
    held-out pairs of each domain at most, 0 for one of each held-out photo.
    """

    changes: Mapping[str, Any] = field(default_factory=dict)
    scaled: Mapping[str, float] = field(default_factory=dict)
    duration: str = ""
    log_every: int = 50
    save_every: int = 500
    epochs: int = 0
    images: int = 0
    held: int = 0


def counted(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes of a configuration in which a number of steps ends the run, unless they name minutes besides."""
    return ({"minutes": 0.0} if "steps" in changes else {}) | dict(changes)


@dataclass(frozen=True)
class Method:
    """A deraining method.

    name         first part of the name of a run's folder
    title        name in tables
    version      raised by hand when a change alters the numbers of a run
    config       frozen dataclass whose defaults are the paper's, with the fields seed, steps, batch and crop
    network      configuration -> untrained `Derainer`
    start        (configuration, device) -> `Trainer`
    supervision  unpaired | paired | semi-supervised: pairs, and real photos without partners
    sizes        profile -> `Size`
    presets      name -> fields that differ from the defaults of `config`; "paper" is the default
    data         (photos and streak layers, profile) -> training data
    describe     configuration -> the network in words
    load_published  file of the authors' weights -> `Derainer`; None if there are none
    prior_based  a prior is fitted without gradients, and every image is solved under it
    sharing      how several processes share a training
    """

    name: str
    title: str
    version: int
    config: type
    network: Callable[[Any], Derainer]
    start: Callable[[Any, str], Trainer]
    supervision: str
    family: str
    citation: str
    sizes: Mapping[str, Size]
    data: Callable[..., Any]
    describe: Callable[[Any], str]
    differs: str = ""
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"paper": {}})
    load_published: Callable[[Path], Derainer] | None = None
    prior_based: bool = False
    sharing: Sharing = Sharing()

    @property
    def kind(self) -> str:
        """Return the method's group in Table 1 of DCD-GAN, one of `KINDS`.

        `supervision` says which data a training takes, which for a prior are those of an unpaired method.
        """
        if self.prior_based:
            return "prior-based"
        return "supervised" if self.supervision == "paired" else self.supervision

    def at(self, profile: str, preset: str = "paper", **changes: Any) -> Any:
        """Return the configuration at a profile's size.

        The defaults are overridden by the size's changes, these by the preset's, these by `changes`; the size's factors are
        applied last.  Steps among `changes` take the place of a size's minutes.  Raises ValueError if the method has no such
        profile or preset.
        """
        if preset not in self.presets:
            raise ValueError(f"{self.name} has no preset {preset!r}: choose one of {', '.join(self.presets)}")
        if profile not in self.sizes:
            raise ValueError(f"{self.name} has no size {profile!r}: choose one of {', '.join(self.sizes)}")
        size = self.sizes[profile]
        config = self.config(**size.changes | self.presets[preset] | counted(changes))
        return replace(config, **{name: factor * getattr(config, name) for name, factor in size.scaled.items()})

    def lasting(self, config: Any, profile: str, photos: int) -> Any:
        """Return `config` with the steps of the size's epochs over `photos` rainy photos; unchanged if either number is 0."""
        epochs = self.sizes[profile].epochs
        return replace(config, steps=max(1, epochs * photos // config.batch)) if epochs and photos else config

    def identity(self, config: Any, fingerprint: str, processes: int = 1) -> RunIdentity:
        """Return the identity of the run of a configuration on data with this fingerprint.

        The number of processes is part of it where a step is no mean over its batch (`Sharing.apart`).
        """
        return RunIdentity(self.name, config, fingerprint + self.sharing.origin(config, processes), self.version)
