"""Earlier training images, from which the most foreign light and rain are taken as negatives."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Image = Float[Tensor, "b 3 h w"]

SIDE = 32  # pixels a side of the residual whose singular values describe rain


def residual(rainy: Image, clean: Image) -> Image:
    """R = clip(I - B, 0, 1): what rain has brightened."""
    return (rainy - clean).clamp(0, 1)


def colour(image: Image) -> Float[Tensor, "b 3"]:
    """c: the mean of each channel."""
    return image.mean(dim=(2, 3))


def singular_values(rain: Image) -> Float[Tensor, "b 3 s"]:
    """s: singular values of each channel of a residual, sampled (nearest) to at most 32 x 32."""
    side = min(SIDE, *rain.shape[2:])
    return torch.linalg.svdvals(F.interpolate(rain.float(), (side, side), mode="nearest"))


class Archive:
    """The last `capacity` samples as whole images at view size: residuals R, their singular values s, mean colours c.

    It lives in the space of images; MoCo's queue holds features instead.  Of a batch the negatives are chosen first, and only
    then does the batch take the places of the oldest samples, so no image is its own negative.  The places are counted one
    by one, and nothing is chosen before the archive is full: the authors' code fills whole batches into rows of zeros, and rows
    that stay zero are extreme, hence chosen again and again (D21).
    Views that are off keep nothing: R and s serve degradation, c serves illumination.
    """

    def __init__(self, capacity: int, views: Sequence[str]) -> None:
        self.capacity, self.entered = capacity, 0
        kinds = {"degradation": ("residuals", "spectra"), "illumination": ("colours",)}
        self.kinds = [kind for view in kinds if view in views for kind in kinds[view]]
        self.rows: dict[str, Tensor] = {}

    @property
    def full(self) -> bool:
        """Whether negatives can be chosen; always where no view needs any."""
        return not self.kinds or self.entered >= self.capacity

    def enter(self, rainy: Image, clean: Image) -> None:
        """Put a batch in the places of the oldest samples."""
        rain = residual(rainy, clean)
        values = {
            "residuals": lambda: rain, "spectra": lambda: singular_values(rain), "colours": lambda: colour(rainy),
        }  # fmt: skip
        places = (torch.arange(len(rainy), device=rainy.device) + self.entered) % self.capacity
        for kind in self.kinds:
            new = values[kind]()
            if kind not in self.rows:
                self.rows[kind] = new.new_zeros(self.capacity, *new.shape[1:])
            self.rows[kind][places] = new
        self.entered += len(rainy)

    def foreign_colours(self, own: Float[Tensor, "b 3"], count: int) -> Float[Tensor, "b n 3"]:
        """The `count` mean colours with the largest sum_c |c - c_j|, for each sample."""
        return self.rows["colours"][self._farthest("colours", own, count)]

    def foreign_rain(self, own: Float[Tensor, "b 3 s"], count: int) -> Float[Tensor, "b n 3 h w"]:
        """The `count` residuals with the largest sum |s - s_j|, for each sample."""
        return self.rows["residuals"][self._farthest("spectra", own, count)]

    def _farthest(self, kind: str, own: Tensor, count: int) -> Tensor:
        if not self.full:
            raise RuntimeError(f"the archive holds {self.entered} of {self.capacity} samples: fill it before choosing from it")
        distances = (own[:, None] - self.rows[kind]).abs().flatten(2).sum(dim=2)
        return distances.topk(count, dim=1).indices

    def state(self) -> dict:
        """Rows and position, for a checkpoint."""
        return {"entered": self.entered, "rows": self.rows}

    def restore(self, state: dict, device: torch.device | str) -> None:
        """Continue from what `state()` returned."""
        self.entered = state["entered"]
        self.rows = {kind: rows.to(device, copy=True) for kind, rows in state["rows"].items()}
