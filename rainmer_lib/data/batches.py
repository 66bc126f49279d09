"""Batches of training images, with named fields."""

from typing import NamedTuple, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor


class Batch(NamedTuple):
    """Batch of rainy and clean crops, RGB in [0, 1].

    Both show the same locations of one photo in paired training, and different photos in unpaired training.
    """

    rainy: Float[Tensor, "b 3 crop crop"]
    clean: Float[Tensor, "b 3 crop crop"]


class PairedBatch(NamedTuple):
    """Batch of rainy and clean crops at the same locations, with the whole images around them; RGB in [0, 1]."""

    rainy: Float[Tensor, "b 3 crop crop"]
    clean: Float[Tensor, "b 3 crop crop"]
    rainy_whole: Float[Tensor, "b 3 view view"]
    clean_whole: Float[Tensor, "b 3 view view"]


class SemiSupervisedBatch(NamedTuple):
    """Batch of rainy and clean crops at the same locations, and of crops of real rainy photos; RGB in [0, 1]."""

    rainy: Float[Tensor, "b 3 crop crop"]
    clean: Float[Tensor, "b 3 crop crop"]
    real: Float[Tensor, "b 3 crop crop"]


AnyBatch = TypeVar("AnyBatch", Batch, PairedBatch, SemiSupervisedBatch)


def to_device(batch: AnyBatch, device: torch.device | str) -> AnyBatch:
    """Return the same batch on a device."""
    return type(batch)(*(images.to(device) for images in batch))
