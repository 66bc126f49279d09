"""Sheets of patches, and patches split by their codes: what is drawn, where, and on which scale."""

import numpy as np

from rainmer_lib.plots.priors import BACKGROUND, RAIN, Coded, patch_sheets, split_patches
from rainmer_lib.plots.style import WIDTH


def test_patches_stand_in_rows_each_on_its_own_scale():
    strong, weak = np.array([2.0, -4.0, 0.0, 1.0]), np.array([0.1, 0.2, 0.0, -0.1])
    figure = patch_sheets({"a": np.stack([strong, weak, strong]), "b": weak[None]}, 2, {"a": ["x", "y"], "b": ["z"]})
    first, second = (np.asarray(axis.images[0].get_array()) for axis in figure.axes)
    assert first.shape == (5, 5) and second.shape == (2, 5)
    np.testing.assert_allclose(first[:2, :2], strong.reshape(2, 2) / 4)
    np.testing.assert_allclose(first[:2, 3:], weak.reshape(2, 2) / 0.2)
    np.testing.assert_allclose(first[3:, :2], strong.reshape(2, 2) / 4)
    assert np.isnan(np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)[3:, 3:]).all(), "no fourth patch"
    assert {axis.images[0].get_clim() for axis in figure.axes} == {(-1, 1)}, "zero is grey"
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["x", "y"]
    assert list(figure.axes[0].get_yticks()) == [0.5, 3.5] and list(figure.axes[1].get_yticks()) == [0.5]
    assert figure.get_figwidth() <= WIDTH


def test_a_patch_is_the_sum_of_what_both_dictionaries_explain():
    atoms = np.eye(4)
    codes = np.array([0.5, 0.0, 0.0, -0.25])
    figure = split_patches({"one": Coded(codes @ atoms, codes), "two": Coded(2 * codes, 2 * codes)}, atoms, background=2)
    patch, bars, background, rain = figure.axes[:4]
    shown = [np.asarray(axis.images[0].get_array()) for axis in (patch, background, rain)]
    np.testing.assert_allclose(shown[0], shown[1] + shown[2])
    np.testing.assert_allclose(shown[1], [[0.5, 0], [0, 0]])
    assert {axis.images[0].get_clim() for axis in (patch, background, rain)} == {(-0.5, 0.5)}
    assert figure.axes[4].images[0].get_clim() == (-1, 1), "a row has a scale of its own"
    heights = {round(bar.get_x() + bar.get_width() / 2): bar.get_height() for bar in bars.patches}
    assert heights == {0: 0.5, 3: -0.25}, "codes that are zero have no bar"
    from matplotlib.colors import to_hex

    assert [to_hex(bar.get_facecolor()).upper() for bar in bars.patches] == [BACKGROUND, RAIN]
    assert [axis.get_ylabel() for axis in figure.axes[::4]] == ["one", "two"]
