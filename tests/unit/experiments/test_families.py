"""Groups of methods: which method is of which, and what each group gains."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from rainmer_lib.experiments.compare import Comparison, Example
from rainmer_lib.experiments.families import (
    cost_figure,
    family_figure,
    family_table,
    gain_figure,
    kinds_of,
    quality_figure,
    with_kinds,
)
from rainmer_lib.experiments.fixed_methods import PRENET
from rainmer_lib.methods import METHODS
from rainmer_lib.plots.ablation import gains
from rainmer_lib.plots.panels import streak_box

KINDS = {"DSC": "prior-based", "GMM": "prior-based", "PReNet": "supervised", PRENET: "supervised", "DCD-GAN": "unpaired"}


def means(*rows):
    table = pd.DataFrame(rows, columns=["method", "seed", "test_set", "psnr"])
    return table.assign(protocol="prenet", ssim=0.5)


def test_labels_of_runs_and_of_fixed_weights_have_a_group(quick):
    names = ("dsc", "rescan", "sirr", "cyclegan")
    runs = [SimpleNamespace(label=f"a {name}", method=METHODS[name]) for name in names]
    found = kinds_of(Comparison(runs, pd.DataFrame(), quick(None, ("held-out", "rain12"))))
    assert found == {
        "a dsc": "prior-based", "a rescan": "supervised", "a sirr": "semi-supervised", "a cyclegan": "unpaired",
        "PReNet (published)": "supervised", "dcdgan-small": "unpaired",
    }  # fmt: skip


def test_given_models_stand_in_place_of_those_of_the_test_sets(quick):
    found = kinds_of(Comparison([], pd.DataFrame(), quick(None, ("held-out", "rain12"))), {"PReNet (ours)": "prenet-rain1400"})
    assert found == {"PReNet (ours)": "supervised"}


def test_a_table_names_the_kind_of_each_method_and_none_of_the_input():
    table = with_kinds(pd.DataFrame({("mwd", "NIQE"): [4.0, 3.0]}, index=["input", "DSC"]), KINDS)
    assert list(table.columns) == [("kind", ""), ("mwd", "NIQE")] and table["kind", ""].tolist() == ["", "prior-based"]


def test_changes_are_drawn_for_methods_of_a_kind_alone():
    rows = [("blurred input", 2.0), ("DSC", 0.5), ("DCD-GAN", -1.0)]
    changed = pd.DataFrame([(*row, 0, "mwd") for row in rows], columns=["method", "niqe", "seed", "test_set"])
    figure = quality_figure(changed, KINDS, {"niqe": "NIQE, change"}, "title")
    assert [bar.get_width() for bar in figure.axes[0].patches] == [0.5, -1.0]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["prior-based", "supervised", "unpaired"]
    plt.close("all")


def test_each_group_has_its_range_and_names_its_best():
    table = family_table(
        means(("input", -1, "rain12", 30.0), ("input", -1, "mwd", 20.0),
              ("DCD-GAN", 0, "rain12", 31.0), ("DCD-GAN", 1, "rain12", 32.0), ("DCD-GAN", 0, "mwd", 19.0),
              ("DSC", 0, "rain12", 29.5), ("GMM", 0, "rain12", 30.25), ("DSC", 0, "mwd", 21.0), ("GMM", 0, "mwd", 20.5),
              ("PReNet", -1, "rain12", 36.0)),
        KINDS, "prenet",
    )  # fmt: skip
    assert list(table.index) == ["prior-based", "supervised", "unpaired"] and table.index.name == "group"
    assert table["Rain12"].tolist() == ["-0.50 to +0.25 (GMM)", "+6.00", "+1.50"]
    assert table["MWD"].tolist() == ["+0.50 to +1.00 (DSC)", "not run", "-1.00"]
    assert table.methods.tolist() == ["DSC, GMM", "PReNet", "DCD-GAN"]
    assert table.loc["supervised", "learns from"] == "pairs"


def test_another_protocol_does_not_enter():
    table = means(("input", -1, "rain12", 30.0), ("DSC", 0, "rain12", 31.0))
    both = pd.concat([table, table.assign(protocol="rgb", psnr=[30.0, 40.0])], ignore_index=True)
    assert family_table(both, KINDS, "prenet")["Rain12"].tolist() == ["+1.00"]
    assert family_table(both, KINDS, "rgb")["Rain12"].tolist() == ["+10.00"]


def test_bars_and_points_of_every_method_but_published_weights_whose_gain_stands_in_the_table():
    gained = gains(means(("input", -1, "rain12", 30.0), ("DSC", 0, "rain12", 31.0), ("DCD-GAN", 0, "rain12", 33.0),
                         (PRENET, -1, "rain12", 36.0)))  # fmt: skip
    bars = gain_figure(gained, KINDS).axes[0]
    assert [bar.get_width() for bar in bars.patches] == [1.0, 3.0]
    assert [label.get_text() for label in bars.get_yticklabels()] == ["DSC", "DCD-GAN"]
    cost = pd.DataFrame({"kind": ["prior-based", "unpaired"], "parameters": [1, 2], "GMAC": [1, 2], "seconds": [1, 2]},
                        index=["DSC", "DCD-GAN"])  # fmt: skip
    panel = cost_figure(gained, cost, "rain12", highlighted="DCD-GAN").axes[0]
    assert [tuple(dots.get_offsets()[0]) for dots in panel.collections] == [(1, 1.0), (2, 3.0)]
    assert panel.get_ylabel() == "PSNR, gain on Rain12 (dB)"
    plt.close("all")


def test_the_window_is_the_one_with_the_most_streaks():
    rng = np.random.default_rng(0)
    images = {name: rng.integers(0, 256, (40, 60, 3), np.uint8) for name in ("rainy", "DSC", "clean")}
    top, left, size = streak_box(images["rainy"], images["clean"], 12)
    figure = family_figure(Example(None, images, {"DSC": "30.00 dB"}), KINDS, "title", size=12)
    shown = next(axis for axis in figure.axes if axis.get_title() == "DSC\n30.00 dB")
    window = images["DSC"][top : top + size, left : left + size]
    assert np.array_equal(np.asarray(shown.images[0].get_array()), window) and figure.get_suptitle() == "title"
    with pytest.raises(ValueError, match="no group for DSC"):
        family_figure(Example(None, images, {}), {}, size=12)
    plt.close("all")
