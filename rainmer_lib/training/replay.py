"""Replay of images of earlier steps, which the discriminators see again."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

CAPACITY = 64  # images of each kind that are kept; CycleGAN's code keeps 50


class Replay:
    """History of real and generated images by kind; each step adds some of them to its batch.

    After Shrivastava et al., CVPR 2017, Sec. 2.3, whose history holds generated images only and replaces half of a batch;
    here images of every kind are added to the batch, because a small discriminator sees too few photos in a small batch.
    """

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.images: dict[str, list[Tensor]] = {}
        self.generator = torch.Generator().manual_seed(seed)

    def extend(self, batch: Mapping[str, Float[Tensor, "b c h w"]]) -> dict[str, Tensor]:
        """Return the batch of each kind, followed by `count` images of earlier steps (none at the first step).

        The new images are then added to the history; once it is full, each replaces a random image.
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
        """Return images and random state, ready for a checkpoint."""
        stacked = {kind: torch.stack(images) for kind, images in self.images.items()}
        return {"images": stacked, "generator": self.generator.get_state()}

    def restore(self, state: dict, device: torch.device | str) -> None:
        """Continue from what `state()` returned."""
        self.images = {kind: list(images.to(device)) for kind, images in state["images"].items()}
        self.generator.set_state(state["generator"].cpu())
