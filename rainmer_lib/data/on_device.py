"""An unpaired training set that lies on a device: photos and streak layers as uint8; crops are cut and composed there.

On a GPU the loop then waits for no loader and no copy; a step needs some hundred numbers from the CPU.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from rainmer_lib.data.batches import Batch
from rainmer_lib.data.unpaired_rain import GAIN, REAL_SHARE, UnpairedRain


class Window(NamedTuple):
    """Window of an image of an `Album`; `top` and `left` in pixels."""

    image: int
    top: int = 0
    left: int = 0
    mirrored: bool = False


class Album:
    """Images of any sizes, uint8 with 1 or 3 channels, as one tensor of pixels on a device."""

    def __init__(self, images: Sequence[np.ndarray], device: torch.device | str) -> None:
        self.shapes = [image.shape[:2] for image in images]
        channels = 1 if images[0].ndim == 2 else images[0].shape[2]
        flat = np.concatenate([np.asarray(image).reshape(-1, channels) for image in images])
        self.pixels = torch.from_numpy(flat).to(device)
        self.starts = np.cumsum([0, *(height * width for height, width in self.shapes[:-1])])

    def crops(self, windows: Sequence[Window], crop: int) -> Float[Tensor, "b c crop crop"]:
        """Return the windows, `crop` pixels a side, as float32 in [0, 255], in one gathering of pixels."""
        widths = np.array([self.shapes[w.image][1] for w in windows])
        first = self.starts[[w.image for w in windows]] + np.array([w.top for w in windows]) * widths
        first += np.array([w.left + (crop - 1) * w.mirrored for w in windows])
        steps = np.array([-1 if w.mirrored else 1 for w in windows])
        numbers = torch.from_numpy(np.stack([first, widths, steps])).to(self.pixels.device, non_blocking=True)
        first, down, across = numbers[..., None, None]
        line = torch.arange(crop, device=self.pixels.device)
        return self.pixels[first + down * line[:, None] + across * line].permute(0, 3, 1, 2).float()


class DeviceRain:
    """The batches of an `UnpairedRain`, made on a device: the same crops for the same arguments, up to rounding."""

    def __init__(self, source: UnpairedRain, device: torch.device | str) -> None:
        self.source, self.device = source, device
        self.rainy = Album([*source.rainy_photos, *source.real_rainy], device)
        self.clean, self.layers = Album(source.clean_photos, device), Album(source.layers, device)

    def batch(self, step: int, size: int, crop: int, seed: int) -> Batch:
        """Return rainy and clean crops, `UnpairedRain.batch`."""
        rng, rained, clean = np.random.default_rng([seed, step]), [], []
        for _ in range(size):
            real = self.source.real_rainy and rng.random() < REAL_SHARE
            rained.append(self._real(crop, rng) if real else self._rained_on(crop, rng))
            clean.append(self._place(self.clean, 0, len(self.clean.shapes), crop, rng))
        return Batch(self._composed(rained, crop)[0], self.clean.crops(clean, crop) / 255)

    def paired_batch(self, step: int, size: int, crop: int, seed: int) -> Batch:
        """Return rainy crops and the same crops without rain, `UnpairedRain.paired_batch`."""
        rng = np.random.default_rng([seed, step])
        return Batch(*self._composed([self._rained_on(crop, rng) for _ in range(size)], crop))

    def real_batch(self, step: int, size: int, crop: int, seed: int) -> Tensor:
        """Return crops of real rainy photos, of the rainy images where there are none, `UnpairedRain.real_batch`."""
        rng, draw = np.random.default_rng([seed, step, 1]), self._real if len(self.source.real_rainy) else self._rained_on
        return self._composed([draw(crop, rng) for _ in range(size)], crop)[0]

    def _rained_on(self, crop: int, rng: np.random.Generator) -> tuple[Window, Window, float]:
        """Draw a photo's window, that of the layer on it, and the layer's gain, in the order of `UnpairedRain`."""
        photo = self._place(self.rainy, 0, len(self.source.rainy_photos), crop, rng)
        return photo, self._place(self.layers, 0, len(self.layers.shapes), crop, rng), rng.uniform(*GAIN)

    def _real(self, crop: int, rng: np.random.Generator) -> tuple[Window, Window, float]:
        count = len(self.source.real_rainy)
        return self._place(self.rainy, len(self.source.rainy_photos), count, crop, rng), Window(0), 0.0

    def _place(self, album: Album, first: int, count: int, crop: int, rng: np.random.Generator) -> Window:
        image = first + int(rng.integers(count))
        return Window(image, *self.source.place(album.shapes[image], crop, rng))

    def _composed(self, drawn: Sequence[tuple[Window, Window, float]], crop: int) -> tuple[Tensor, Tensor]:
        photos, layers, gains = zip(*drawn, strict=True)
        background = self.rainy.crops(photos, crop)
        gain = torch.tensor(gains, dtype=torch.float32).to(self.device, non_blocking=True)[:, None, None, None]
        return (background + gain * self.layers.crops(layers, crop)).clamp(0, 255) / 255, background / 255


def on_device(data: Any, device: torch.device | str) -> Any:
    """Return training data that makes its batches on a device, where the data can; else the same data.

    Nothing changes on a CPU.  Sets of photos on disk and those that transform their layers make batches on the CPU; data
    that wrap a set say how they follow it by a method `on_device`.
    """
    if torch.device(device).type == "cpu":
        return data
    if type(data) is UnpairedRain:  # a subclass draws its crops in another way
        return DeviceRain(data, device)
    own = getattr(data, "on_device", None)
    return own(device) if own else data
