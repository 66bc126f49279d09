"""Varied rain for supervised training: streak layers of many sizes, directions and strengths on each crop, and dry crops.

A network that is to derain unknown photos must not learn one family of streaks.  Rain100L differs from the layers of Garg and
Nayar, and real rain differs from both.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from rainmer_lib.data import photos
from rainmer_lib.data.synthetic_rain import render_streaks
from rainmer_lib.data.unpaired_rain import UnpairedRain

RECIPE = 1  # part of the fingerprint; increase it whenever drawn crops change (a test detects that)
DRY = 0.2  # share of crops without rain, which must stay what they are
PLAIN = 0.5  # share of the other crops with one untransformed layer, as in the base set
SCREENED = 0.2  # share of the rest where rain covers the scene, 1 - (1 - B)(1 - S), instead of being added to it
LAYERS = (0.7, 0.2, 0.1)  # probabilities of one, two and three layers
ENLARGEMENT = (0.7, 1.6)  # of a layer, drawn log-uniformly
ROTATION = 12.0  # standard deviation in degrees
STRENGTH = 0.4  # standard deviation of the logarithm of a layer's strength
RENDERED = {"rain100l": 48, "rain12": 24, "rain100h": 24, "light": 24, "medium": 24, "drizzle": 16}  # preset -> layers
SIDE = 256  # pixels a side of a rendered layer


@dataclass(frozen=True)
class VariedRain(UnpairedRain):
    """Training set with plain rainy crops, dry ones, and crops under transformed layers.

    These have one to three layers S_i, each rotated, enlarged and strengthened by s_i at random:

        I = B + sum s_i S_i    or, on a share of them,    I = 1 - (1 - B)(1 - sum s_i S_i)
    """

    def _rained_on(self, crop: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        drawn = rng.random()
        if drawn > DRY and drawn < DRY + (1 - DRY) * PLAIN:
            return super()._rained_on(crop, rng)
        background = self._crop(self.rainy_photos, crop, rng).astype(np.float32)
        if drawn <= DRY:
            return background, background
        count = 1 + rng.choice(len(LAYERS), p=LAYERS)
        streaks = sum(np.exp(rng.normal(0, STRENGTH)) * self._layer(crop, rng) for _ in range(count))[..., None]
        if rng.random() < SCREENED:
            return 255 - (255 - background) * (1 - np.clip(streaks / 255, 0, 1)), background
        return np.clip(background + streaks, 0, 255), background

    def _layer(self, crop: int, rng: np.random.Generator) -> np.ndarray:
        """Return a window (crop, crop) of a random layer, rotated and enlarged about a random point."""
        layer = self.layers[rng.integers(len(self.layers))]
        height, width = layer.shape
        scale, angle = np.exp(rng.uniform(*np.log(ENLARGEMENT))), np.deg2rad(rng.normal(0, ROTATION))
        cosine, sine, half = np.cos(angle) / scale, np.sin(angle) / scale, (crop - 1) / 2
        reach = half * (abs(cosine) + abs(sine)) + 1  # so that the window stays within the layer where the layer suffices
        x, y = (rng.uniform(min(reach, side / 2), max(side - 1 - reach, side / 2)) for side in (width, height))
        mirror = -1 if rng.random() < 0.5 else 1
        across, down = (mirror * cosine, -sine), (mirror * sine, cosine)  # steps in the layer for one step in the window
        affine = (*across, x - half * sum(across), *down, y - half * sum(down))
        window = Image.fromarray(layer).transform((crop, crop), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
        return np.asarray(window, dtype=np.float32)


@cache  # the same for every base; a comparison asks for them for each of its rows
def rendered_layers(preset: str, count: int) -> tuple[UInt8[np.ndarray, "h w"], ...]:
    """Render layers of one preset, of seeds from 0 on."""
    return tuple((255 * render_streaks(SIDE, SIDE, preset, seed)).round().astype(np.uint8) for seed in range(count))


def varied(base: UnpairedRain) -> VariedRain:
    """Return `base` with varied rain: its own layers and rendered ones, on all its training photos; for training with pairs.

    Raises ValueError on a set whose photos have rain of their own.
    """
    base.require_layers()
    rendered = [layer for preset, count in RENDERED.items() for layer in rendered_layers(preset, count)]
    return VariedRain(
        f"{base.name}-varied", [*base.rainy_photos, *base.clean_photos], [], [*base.layers, *rendered], base.held_out,
        photos.fingerprint([], [*rendered, np.frombuffer(f"{base.fingerprint} {RECIPE}".encode(), np.uint8)]), base.flip,
    )  # fmt: skip
