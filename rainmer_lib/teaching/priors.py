"""Tools of the walkthrough on methods before networks: small fits, two scenes, and lines that are no rain."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from rainmer_lib.baselines.gmm import Mixture
from rainmer_lib.baselines.prior_based import PriorDerainer
from rainmer_lib.data import photos
from rainmer_lib.data.synthetic_rain import add_streaks, render_streaks
from rainmer_lib.data.test_sets import Pair
from rainmer_lib.data.unpaired import embedded
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.inference.derain import derain
from rainmer_lib.methods import METHODS

SIDE = 160, 240  # pixels of a scene
# Name -> embedded photo, and the upper left corner of the scene in it
SCENES = {"pagoda": ("sklearn/china.jpg", (60, 200)), "rocket": ("skimage/rocket.jpg", (150, 200))}
# Seconds of one core instead of a minute: small patches, few atoms and Gaussians
SMALL = {
    "dsc": {"side": 8, "atoms": 96, "rain_atoms": 32, "nonzero": 4, "rain_nonzero": 3, "stride": 3, "batch": 6, "crop": 96,
            "patches": 1500},
    "gmm": {"components": 20, "rain_components": 5, "stride": 3, "batch": 6, "crop": 96, "patches": 3000},
}  # fmt: skip
BRIGHT, PITCH = 0.2, 14  # light that a line adds; pixels from one line to the next


class Lined(NamedTuple):
    """A plain wall under rain, with lines on its right half, and the light that lines and rain add to it."""

    rainy: UInt8[np.ndarray, "h w 3"]
    lines: Float[np.ndarray, "h w"]
    rain: Float[np.ndarray, "h w"]


def scenes(seed: int) -> dict[str, Pair]:
    """Return the scenes under rendered rain, screen blend, 8-bit."""
    found = {}
    for name, (photo, (top, left)) in SCENES.items():
        clean = photos.load_photo(photo)[top : top + SIDE[0], left : left + SIDE[1]]
        rainy = add_streaks(clean / 255, render_streaks(*SIDE, "rain100l", seed), "screen")
        found[name] = Pair(name, (255 * rainy).round().astype(np.uint8), clean)
    return found


def photos_to_fit() -> UnpairedRain:
    """Return the embedded photos that show no scene, with their streak layers."""
    shown, data = {photo for photo, _ in SCENES.values()}, embedded()
    named = zip(photos.RAINY, data.rainy_photos, strict=True)
    return replace(data, rainy_photos=[photo for file, photo in named if file not in shown])


def fitted(name: str, data: UnpairedRain, steps: int) -> PriorDerainer:
    """Fit the prior of `dsc` or `gmm` at the size `SMALL`; seed 0."""
    config = METHODS[name].at("laptop", **SMALL[name], steps=steps)
    trainer = METHODS[name].start(config, "cpu")
    for step in range(steps):
        trainer.train_step(data.batch(step, config.batch, config.crop, config.seed))
    return trainer.model.eval()


def leading(mixture: Mixture, gaussians: int, directions: int) -> tuple[Float[Tensor, "n pixels"], list[str]]:
    """Return the leading eigenvectors of the covariances with the largest shares, one Gaussian after the other.

    With them a text for each Gaussian: its share, and its standard deviation along the first direction in levels of 255.
    """
    found, texts = [], []
    for k in mixture.shares.argsort(descending=True)[:gaussians].tolist():
        values, vectors = torch.linalg.eigh(mixture.covariances[k])
        found.append(vectors.flip(1)[:, :directions].T)
        texts.append(f"{100 * mixture.shares[k]:.0f} %, {255 * values[-1].sqrt():.0f}")
    return torch.cat(found), texts


def wall(angle: float, seed: int) -> Lined:
    """Return a wall with bright lines on its right half, `angle` degrees from the vertical, under rain of a seed."""
    y, x = np.mgrid[: SIDE[0], : SIDE[1]]
    radians = np.deg2rad(angle)
    across = (x * np.cos(radians) - y * np.sin(radians)) % PITCH - PITCH / 2
    lines = BRIGHT * np.exp(-(across**2) / (2 * 0.9**2)) * (x > SIDE[1] // 2)
    clean = (0.45 + 0.05 * np.sin(x / 70) + lines)[..., None].repeat(3, axis=2)
    rainy = add_streaks(clean, render_streaks(*SIDE, "rain100l", seed), "screen")
    return Lined((255 * rainy).round().astype(np.uint8), lines, (rainy - clean)[..., 0])


def shares_removed(network: nn.Module, image: Lined) -> dict[str, float]:
    """Return the shares of `lines` and of `rain` in what a network removes from the lined half, by least squares.

        rainy - output = a + s_lines lines + s_rain rain

    1: all of it is removed, 0: none.  Twelve pixels along the borders of the half are left out.
    """
    part = np.s_[12:-12, SIDE[1] // 2 + 12 : -12]
    removed = (image.rainy / 255 - derain(network, image.rainy)).mean(axis=2)
    columns = [np.ones(removed[part].size), image.lines[part].ravel(), image.rain[part].ravel()]
    _, of_lines, of_rain = np.linalg.lstsq(np.stack(columns, 1), removed[part].ravel(), rcond=None)[0]
    return {"lines": float(of_lines), "rain": float(of_rain)}


def removed_by_angle(networks: dict[str, nn.Module], angles: Sequence[float], seed: int) -> pd.DataFrame:
    """Measure `shares_removed` of each network for each angle of the lines: columns angle, method, lines, rain."""
    walls = {angle: wall(angle, seed) for angle in angles}
    return pd.DataFrame([
        {"angle": angle, "method": name, **shares_removed(network, image)}
        for name, network in networks.items() for angle, image in walls.items()
    ])  # fmt: skip
