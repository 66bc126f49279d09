"""Pictures of a model card: which pairs, what they show, and how large their files are."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from rainmer_lib.data.test_sets import Pair
from rainmer_lib.metrics.protocols import evaluate
from rainmer_lib.plots.removed_rain import coloured, end_of_scale
from rainmer_lib.pretrained import pictures


class Darker(nn.Module):
    """Takes a tenth of every value away."""

    def __init__(self):
        super().__init__()
        self.kept = nn.Parameter(torch.tensor(0.9))

    def forward(self, image):
        return self.kept * image


@pytest.fixture(autouse=True)
def no_figures():
    """Other tests leave figures open."""
    plt.close("all")


@pytest.fixture
def pairs():
    """Four pairs of noise, 40 x 50, each with a bright stripe at another place."""
    made = []
    for seed in range(4):
        clean = np.random.default_rng(seed).integers(0, 200, (40, 50, 3), dtype=np.uint8)
        rainy = clean.copy()
        rainy[:, 10 * seed : 10 * seed + 5] += 40 + 5 * seed
        made.append(Pair(f"p{seed}", rainy, clean))
    return made


def test_the_largest_the_median_and_the_smallest_gain_are_chosen():
    assert pictures.chosen([1.0, 4.0, -2.0, 3.0, 2.0]) == {
        1: "the largest gain", 4: "the median gain", 2: "the smallest gain",
    }  # fmt: skip
    assert pictures.chosen([1.0]) == {0: "the largest gain"}
    assert pictures.chosen([1.0, 2.0]) == {1: "the largest gain", 0: "the median gain"}


def test_pictures_are_of_the_pairs_by_their_gain_over_the_rainy_input(pairs, tmp_path):
    """Gains of 3, 1, 2 and -1 dB, whatever the PSNR itself is."""
    before = [evaluate(pair.rainy, pair.clean, "prenet")[0] for pair in pairs]
    written = pictures.draw_pictures(Darker(), pairs, [a + b for a, b in zip(before, (3, 1, 2, -1), strict=True)], tmp_path)
    assert written == {
        "held-out-p0.png": "Photo p0, the largest gain of 4: +3.00 dB",
        "held-out-p1.png": "Photo p1, the median gain of 4: +1.00 dB",
        "held-out-p3.png": "Photo p3, the smallest gain of 4: -1.00 dB",
    }
    assert {path.name for path in tmp_path.iterdir()} == set(written)
    for name in written:
        assert Image.open(tmp_path / name).format == "PNG" and (tmp_path / name).stat().st_size < 150_000
    assert not plt.get_fignums(), "figures are closed"


def test_a_picture_shows_the_four_images_and_the_window_of_the_most_rain(pairs):
    pair = pairs[2]
    figure = pictures.picture(Darker(), pair, {"rainy": "1 dB"})
    whole, windows = [axis for axis in figure.axes[:4]], figure.axes[4:]
    shown = [axis.images[0].get_array() for axis in whole]
    removed = 255 * (0.1 * pair.rainy.astype(np.float32) / 255).mean(axis=2)
    top = end_of_scale([removed])
    expected = (pair.rainy, (0.9 * pair.rainy.astype(np.float32)).astype(np.uint8), coloured(removed, top), pair.clean)
    for image, right in zip(shown, expected, strict=True):
        assert np.abs(image.astype(int) - right).max() <= 1, "rounding"
    assert [axis.get_title() for axis in whole] == ["rainy\n1 dB", "derained\n", f"removed\n±{top:.0f} levels", "clean\n"]
    assert all(axis.images[0].get_array().shape == (40, 40, 3) for axis in windows), "no larger than the photo"
    plt.close(figure)


def noisy_figure():
    figure = plt.figure(figsize=(2, 2))
    figure.set_layout_engine("none")
    figure.add_axes((0, 0, 1, 1)).imshow(np.random.default_rng(0).random((200, 200, 3)))
    return figure


def test_a_file_that_would_be_too_large_has_fewer_pixels(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "LARGEST", 35_000)
    pictures.save_small(noisy_figure(), tmp_path / "a.png")
    chosen = Image.open(tmp_path / "a.png").width
    sizes = [2 * dpi for dpi in pictures.RESOLUTIONS]
    assert sizes[0] > chosen > sizes[-1] - 10 and (tmp_path / "a.png").stat().st_size < 35_000
    monkeypatch.setattr(pictures, "LARGEST", 1000)
    with pytest.raises(ValueError, match="b.png: larger than 1000 bytes"):
        pictures.save_small(noisy_figure(), tmp_path / "b.png")
    assert not (tmp_path / "b.png").exists() and not plt.get_fignums()
