"""Figure of a sequence of domains: each method's gain on its own rain and on other rain (DCD-GAN, Fig. 9)."""

from itertools import cycle

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rainmer_lib.data.labels import TEST_SET_LABELS
from rainmer_lib.plots.style import colours

LABEL = "PSNR gain over rainy input (dB)"


def sequence_figure(gains: pd.DataFrame, own: str, adapted: tuple[str, str]) -> Figure:
    """Plot each method's gain on each test set, with the spread over seeds (left), and the effect of adaptation (right).

    No line joins the test sets: they are no points of one scale.

    `gains` (columns method, seed, test_set, psnr) of one protocol; test sets named `under <preset>` are new domains, `own`
    is the training domain.  `adapted` = (method, suffix): rows `method suffix` exist on the new domains.
    """
    method, suffix = adapted
    new = [name for name in gains.test_set.unique() if name.startswith("under ")]
    sequence = [own, *(name for name in gains.test_set.unique() if name not in (own, *new))]
    lines = [name for name in gains.method.unique() if name != f"{method} {suffix}"]
    palette, shapes = colours(lines), markers(lines)
    if len(sequence) == 1:  # no further test sets: the new domains are the sequence
        sequence += new
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.1), width_ratios=(1.55, 1))
    for i, name in enumerate(lines):
        spread = gains[gains.method.eq(name)].groupby("test_set").psnr.agg(["mean", "std"]).reindex(sequence)
        places = [k + min(0.11, 0.75 / len(lines)) * (i - (len(lines) - 1) / 2) for k in range(len(sequence))]
        left.errorbar(places, spread["mean"], yerr=spread["std"].fillna(0), fmt=shapes[name], ms=4, lw=1.1, capsize=2,
                      color=palette[name], label=name)  # fmt: skip
    _finish(left, [f"{TEST_SET_LABELS.get(s, s)}{' (own)' if s == own else ''}" for s in sequence])
    _before_and_after(right, gains, new, method, suffix, palette[method])
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def markers(methods: list[str]) -> dict[str, str]:
    """Return a round marker for each method with a colour of its own, and other shapes for those that share a grey."""
    palette, others = colours(methods), cycle("sD^v<>P")
    shared = [colour for colour in palette.values() if list(palette.values()).count(colour) > 1]
    return {name: next(others) if colour in shared else "o" for name, colour in palette.items()}


def _before_and_after(axis: Axes, gains: pd.DataFrame, new: list[str], method: str, suffix: str, colour: str) -> None:
    for offset, (name, label, alpha) in enumerate(((method, "as trained", 0.35), (f"{method} {suffix}", suffix, 0.85))):
        ours = gains[gains.method.eq(name)]
        for k, test_set in enumerate(new):
            values, place = ours[ours.test_set == test_set].psnr, k + 0.36 * (offset - 0.5)
            axis.bar(place, values.mean(), width=0.34, color=colour, alpha=alpha, label=label if k == 0 else None)
            axis.plot([place] * len(values), values, "o", ms=3.2, color="0.15", mec="white", mew=0.4)
    _finish(axis, new)
    axis.set_title(f"{method} in new domains", fontsize=9)
    axis.legend(fontsize=7.5)


def _finish(axis: Axes, names: list[str]) -> None:
    axis.axhline(0, color="0.2", lw=0.8)
    axis.set_xticks(range(len(names)), [name.replace(" ", "\n", 1) for name in names], fontsize=7.5)
    axis.set_ylabel(LABEL)
