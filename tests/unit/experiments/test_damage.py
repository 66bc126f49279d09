"""Damage of networks, image by image, and the table that a run keeps."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from rainmer_lib.data.test_sets import Pair
from rainmer_lib.experiments.damage import damage_of_run, damage_table
from rainmer_lib.inference.derain import derain
from rainmer_lib.metrics.damage import MEASURES, damage


class Redder(nn.Module):
    """Adds four levels to the red channel of every image."""

    def __init__(self):
        super().__init__()
        self.added = nn.Parameter(torch.tensor([4.0, 0, 0]).view(3, 1, 1) / 255)

    def forward(self, image):
        return image + self.added


@pytest.fixture
def pairs():
    """Two pairs, 24 x 20: streaks of 30 levels, and of none."""
    rng, made = np.random.default_rng(0), []
    for name, rain in (("01", 30), ("2", 0)):
        clean = rng.integers(20, 200, (24, 20, 3), dtype=np.uint8)
        rainy = clean.copy()
        rainy[:, ::4] += np.uint8(rain)
        made.append(Pair(name, rainy, clean))
    return made


def test_a_row_for_each_pair_of_what_is_known_of_the_network(pairs):
    """All rain stays, and dry photos become redder by four levels: a mean square of 16 / 3."""
    table = damage_table(Redder(), pairs)
    assert list(table) == ["image", *MEASURES] and table.image.tolist() == ["01", "2"]
    assert table.rain_left[0] == pytest.approx(1) and math.isnan(table.rain_left[1])
    assert table.tint.tolist() == pytest.approx([4, 4], abs=1e-3)
    assert table.dry_psnr.tolist() == pytest.approx([10 * math.log10(255**2 / (16 / 3))] * 2, abs=1e-3)
    assert table.ribs[0] == 0 and math.isnan(table.ghosts[0]), "nothing is darker, nothing saturated"


def test_the_rainy_and_the_dry_output_are_those_of_the_network(pairs, generator):
    table = damage_table(generator, iter(pairs))
    for pair, row in zip(pairs, table.to_dict("records"), strict=True):
        expected = damage(derain(generator, pair.rainy), derain(generator, pair.clean), pair.rainy, pair.clean)
        assert row == pytest.approx({"image": pair.name} | expected, nan_ok=True)


def test_a_pair_that_cannot_be_measured_is_named(pairs):
    with pytest.raises(ValueError, match="2: expected two RGB images"):
        damage_table(Redder(), [pairs[0], Pair("2", pairs[1].rainy, pairs[1].clean[:-1])])


def test_a_run_is_measured_once_until_pairs_or_measures_change(pairs, given_run, generator):
    run = given_run("ours", 0, generator)
    table = damage_of_run(run, pairs)
    pd.testing.assert_frame_equal(table, damage_table(generator, pairs), rtol=1e-5, atol=1e-6)
    assert table.image.tolist() == ["01", "2"], "names stay text"
    assert damage_of_run(run, pairs).equals(table) and len(run.asked) == 1
    assert (run.folder.path / "damage.csv").is_file()
    with pytest.warns(UserWarning, match="measured again"):
        assert len(damage_of_run(run, pairs[:1])) == 1 and len(run.asked) == 2
    file = run.folder.path / "damage.csv"
    pd.read_csv(file, dtype={"image": str}).drop(columns="ribs").to_csv(file, index=False)
    with pytest.warns(UserWarning, match="measured again"):
        assert list(damage_of_run(run, pairs[:1])) == ["image", *MEASURES] and len(run.asked) == 3
