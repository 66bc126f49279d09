"""Plots with a palette: smaller, and the same to the eye."""

import io

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from rainmer_lib.plots import compact
from rainmer_lib.plots.compact import with_palette


def png(image):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(float)


def test_a_plot_takes_half_the_bytes_and_looks_the_same(tmp_path):
    figure, axis = plt.subplots()
    for number in range(6):
        axis.plot(np.sin(np.arange(40) / (number + 2)), marker="o", label=f"row {number}")
    axis.legend()
    figure.savefig(tmp_path / "plot.png")
    plt.close(figure)
    drawn = (tmp_path / "plot.png").read_bytes()
    reduced = with_palette(drawn)
    assert 2 * len(reduced) < len(drawn) and Image.open(io.BytesIO(reduced)).mode == "P"
    assert np.sqrt(((pixels(reduced) - pixels(drawn)) ** 2).mean()) <= compact.INVISIBLE
    assert with_palette(reduced) == reduced, "once is enough"


def test_what_a_palette_would_change_or_not_shorten_stays():
    noise = png(np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8))
    point = png(np.zeros((1, 1, 3), np.uint8))
    assert with_palette(noise) == noise and with_palette(point) == point
