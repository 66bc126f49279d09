"""Images of earlier steps, shown to the critics again."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

CAPACITY = 64  # images of each kind that are kept; CycleGAN's code keeps 50


class Replay:
    """A history of images by kind, real and generated; each step takes part of it along.

    After Shrivastava et al., CVPR 2017, Sec. 2.3, whose history is of generated images only and replaces half of a batch;
    here images of every kind are added to the batch, because a small critic sees too few photos in a small batch.
    """

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.images: dict[str, list[Tensor]] = {}
        self.generator = torch.Generator().manual_seed(seed)

    def extend(self, batch: Mapping[str, Float[Tensor, "b c h w"]]) -> dict[str, Tensor]:
        """The batch of each kind with `count` images of earlier steps behind it (none at the first step).

        The new images then enter the history; once it is full, each takes a random place.
        """
        extended = {}
        for kind, images in batch.items():
            images, kept = images.detach(), self.images.setdefault(kind, [])
            earlier = [kept[i] for i in self._draw(len(kept), self.count)] if kept else []
            extended[kind] = torch.stack([*images, *earlier])
            for image in images:
                if len(kept) < CAPACITY:
                    kept.append(image)
                else:
                    kept[self._draw(CAPACITY, 1)[0]] = image
        return extended

    def _draw(self, below: int, count: int) -> list[int]:
        return torch.randint(below, (count,), generator=self.generator).tolist()

    def state(self) -> dict:
        """Images and random state, for a checkpoint."""
        stacked = {kind: torch.stack(images) for kind, images in self.images.items()}
        return {"images": stacked, "generator": self.generator.get_state()}

    def restore(self, state: dict, device: torch.device | str) -> None:
        """Continue from what `state()` returned."""
        self.images = {kind: list(images.to(device)) for kind, images in state["images"].items()}
        self.generator.set_state(state["generator"].cpu())
