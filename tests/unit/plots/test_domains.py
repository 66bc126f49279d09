"""A sequence of domains: points of each method on each test set, which no line joins."""

import pandas as pd

from rainmer_lib.plots.domains import markers, sequence_figure


def test_points_stand_at_their_sets_and_nothing_joins_them():
    values = {"held-out": (4.0, 5.0), "rain12": (2.0, 3.0), "under rain12": (1.0, 1.0)}
    rows = [(method, seed, name, value + add) for method, add in (("DCD-GAN", 0.0), ("CUT", 9.0))
            for name, found in values.items() for seed, value in enumerate(found)]  # fmt: skip
    rows += [("DCD-GAN adapted", seed, "under rain12", 2.0) for seed in (0, 1)]
    table = pd.DataFrame(rows, columns=["method", "seed", "test_set", "psnr"])
    left = sequence_figure(table, own="held-out", adapted=("DCD-GAN", "adapted")).axes[0]
    points = [line for line in left.lines if line.get_marker() == "o"]
    assert [list(line.get_ydata()) for line in points] == [[4.5, 2.5], [13.5, 11.5]]
    assert {line.get_linestyle() for line in points} == {"None"}, "the sets are no points of one scale"
    places = [[round(x) for x in line.get_xdata()] for line in points]
    assert places == [[0, 1], [0, 1]] and points[0].get_xdata()[0] < points[1].get_xdata()[0]


def test_methods_that_share_a_grey_have_shapes_of_their_own():
    known, others = ["CycleGAN", "CUT", "DCLGAN", "DCD-GAN"], [f"method {i}" for i in range(9)]
    found = markers([*known, *others])
    assert {found[name] for name in known} == {"o"} and "o" not in {found[name] for name in others}
    assert len({found[name] for name in others[:7]}) == 7
