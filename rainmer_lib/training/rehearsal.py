"""Self-training on a network's own rain: layers that it has removed, put on other photos, to be removed again."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

CAPACITY = 64  # layers that are kept
STRENGTH = (0.5, 3.0)  # factor on a layer, because early layers are faint
ZOOM = 2.2  # largest enlargement, because early layers hold only the cores of streaks

Layers = Float[Tensor, "b 1 h w"]


class Rehearsal:
    """History of rain layers that the network removed from rainy images.  No ground truth enters it."""

    def __init__(self, seed: int) -> None:
        self.layers: list[Tensor] = []
        self.generator = torch.Generator().manual_seed(seed)

    def remember(self, rainy: Float[Tensor, "b 3 h w"], derained: Float[Tensor, "b 3 h w"]) -> None:
        """Keep the grey, non-negative part of what was removed; once the history is full, each replaces a random layer."""
        for layer in (rainy - derained).detach().mean(1, keepdim=True).clamp(min=0):
            if len(self.layers) < CAPACITY:
                self.layers.append(layer)
            else:
                self.layers[self._draw(CAPACITY, 1)[0]] = layer

    def put_on(self, clean: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Return each clean image under a layer of its own, mirrored or not, enlarged and strengthened at random."""
        layers = torch.stack([self.layers[i] for i in self._draw(len(self.layers), len(clean))])
        layers = layers.flip(3) if self._uniform(1).item() < 0.5 else layers
        strength = STRENGTH[0] + (STRENGTH[1] - STRENGTH[0]) * self._uniform(len(clean))
        return (clean + strength.view(-1, 1, 1, 1).to(clean) * self._enlarged(layers)).clamp(0, 1)

    def _enlarged(self, layers: Layers) -> Layers:
        side = layers.shape[-1]
        part = max(8, round(side / (1 + (ZOOM - 1) * self._uniform(1).item())))
        top, left = self._draw(side - part + 1, 2)
        window = layers[..., top : top + part, left : left + part]
        return F.interpolate(window, size=(side, side), mode="bilinear", align_corners=False)

    def _draw(self, below: int, count: int) -> list[int]:
        return torch.randint(below, (count,), generator=self.generator).tolist()

    def _uniform(self, count: int) -> Tensor:
        return torch.rand(count, generator=self.generator)

    def state(self) -> dict:
        """Return layers and random state, ready for a checkpoint."""
        return {"layers": torch.stack(self.layers) if self.layers else None, "generator": self.generator.get_state()}

    def restore(self, state: dict, device: torch.device | str) -> None:
        """Continue from what `state` returned."""
        self.layers = [] if state["layers"] is None else list(state["layers"].to(device))
        self.generator.set_state(state["generator"].cpu())
