"""Memory bank of recent training images; the entries least similar in lighting or rain become negatives."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

Image = Float[Tensor, "b 3 h w"]

SIDE = 32  # pixels a side of the residual whose singular values describe rain


def residual(rainy: Image, clean: Image) -> Image:
    """Return S = clip(I - B, 0, 1), the light that rain has added."""
    return (rainy - clean).clamp(0, 1)


def colour(image: Image) -> Float[Tensor, "b 3"]:
    """Return c, the mean of each channel."""
    return image.mean(dim=(2, 3))


def singular_values(rain: Image) -> Float[Tensor, "b 3 s"]:
    """Return the singular values of each channel of a residual that is sampled (nearest) to at most 32 x 32."""
    side = min(SIDE, *rain.shape[2:])
    return torch.linalg.svdvals(F.interpolate(rain.float(), (side, side), mode="nearest"))


class MemoryBank:
    """Memory bank of the last `capacity` samples at view size: residuals S, their singular values, mean colours c.

    The bank holds images; MoCo's queue holds features instead.  A batch first chooses its negatives and only then replaces the
    oldest samples, so no image is its own negative.  Rows are counted one by one, and nothing is chosen before the bank is
    full.  The authors' code fills whole batches into rows of zeros; rows that stay zero are the least similar and are therefore
    chosen again and again (D21).
    Nothing is kept for views that are off: S and its singular values serve degradation, c serves illumination.
    """

    def __init__(self, capacity: int, views: Sequence[str]) -> None:
        self.capacity, self.enqueued = capacity, 0
        kinds = {"degradation": ("residuals", "spectra"), "illumination": ("colours",)}
        self.kinds = [kind for view in kinds if view in views for kind in kinds[view]]
        self.rows: dict[str, Tensor] = {}

    @property
    def full(self) -> bool:
        """Whether negatives can be chosen; always true if no view needs any."""
        return not self.kinds or self.enqueued >= self.capacity

    def enqueue(self, rainy: Image, clean: Image) -> None:
        """Replace the oldest samples with a batch."""
        rain = residual(rainy, clean)
        values = {
            "residuals": lambda: rain, "spectra": lambda: singular_values(rain), "colours": lambda: colour(rainy),
        }  # fmt: skip
        places = (torch.arange(len(rainy), device=rainy.device) + self.enqueued) % self.capacity
        for kind in self.kinds:
            new = values[kind]()
            if kind not in self.rows:
                self.rows[kind] = new.new_zeros(self.capacity, *new.shape[1:])
            self.rows[kind][places] = new
        self.enqueued += len(rainy)

    def least_similar_colours(self, own: Float[Tensor, "b 3"], count: int) -> Float[Tensor, "b n 3"]:
        """Return, for each sample, the `count` mean colours with the largest sum_c |c - c_j|."""
        return self.rows["colours"][self._farthest("colours", own, count)]

    def least_similar_rain(self, own: Float[Tensor, "b 3 s"], count: int) -> Float[Tensor, "b n 3 h w"]:
        """Return, for each sample, the `count` residuals with the largest sum |s - s_j|."""
        return self.rows["residuals"][self._farthest("spectra", own, count)]

    def _farthest(self, kind: str, own: Tensor, count: int) -> Tensor:
        if not self.full:
            raise RuntimeError(f"the memory bank holds {self.enqueued} of {self.capacity} samples: fill it first")
        distances = (own[:, None] - self.rows[kind]).abs().flatten(2).sum(dim=2)
        return distances.topk(count, dim=1).indices

    def state(self) -> dict:
        """Return rows and position, ready for a checkpoint."""
        return {"enqueued": self.enqueued, "rows": self.rows}

    def restore(self, state: dict, device: torch.device | str) -> None:
        """Continue from what `state()` returned."""
        self.enqueued = state["enqueued"]
        self.rows = {kind: rows.to(device, copy=True) for kind, rows in state["rows"].items()}
