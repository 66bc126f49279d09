"""Semi-supervised training: pairs, and real rainy photos of which no clean version exists."""

from abc import abstractmethod
from dataclasses import dataclass

from torch import Tensor

from rainmer_lib.baselines.supervised import Pairs, Trainer
from rainmer_lib.data.batches import SemiSupervisedBatch
from rainmer_lib.data.real_photos import with_real_photos
from rainmer_lib.data.unpaired_rain import UnpairedRain

SUPERVISION = "semi-supervised"  # a `Method` of this supervision takes pairs and real photos


@dataclass
class SemiSupervisedTrainer(Trainer):
    """Trainer whose loss is a weighted sum of terms on pairs and on real rainy crops; a method says which."""

    def train_step(self, batch: SemiSupervisedBatch) -> dict[str, Tensor]:
        """Update the network once; return the terms of the loss before their weights."""
        self.optimisation.set_rates(self.step)
        terms, total = self.objective(batch)
        self.optimisation.update(["network"], total)
        self.optimisation.follow(self.step)
        self.step += 1
        return {name: value.detach() for name, value in terms.items()}

    @abstractmethod
    def objective(self, batch: SemiSupervisedBatch) -> tuple[dict[str, Tensor], Tensor]:
        """Return the terms, and their weighted sum."""


@dataclass(frozen=True)
class PairsWithRealRain(Pairs):
    """Pairs of a training set, and crops of real rainy photos, or of its own rainy ones in their place."""

    remarks: tuple[str, ...]

    def batch(self, step: int, size: int, crop: int, seed: int) -> SemiSupervisedBatch:
        """Return pairs of crops and as many real rainy crops, a function of seed and step alone."""
        pairs = self.source.paired_batch(step, size, crop, seed)
        return SemiSupervisedBatch(*pairs, self.source.real_batch(step, size, crop, seed))

    def summary(self) -> dict[str, int]:
        """Return counts for a notebook to print."""
        return self.source.summary()


def pairs_and_real_rain_of(source: UnpairedRain, profile: str, keep: bool = True) -> PairsWithRealRain:
    """Return the training data of a semi-supervised method: the `data` of its `Method`; errors of `with_real_photos`."""
    with_real, said = with_real_photos(source)
    return PairsWithRealRain(with_real, (said,))
