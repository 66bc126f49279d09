"""Figures of ablations: gain over the rainy input, every seed as a dot, the mean as a bar."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from rainmer_lib.data.labels import TEST_SET_LABELS
from rainmer_lib.plots.style import colours

METRIC_LABELS = {"psnr": "PSNR gain over rainy input (dB)", "ssim": "SSIM gain over rainy input"}


def gains(means: pd.DataFrame) -> pd.DataFrame:
    """Subtract the rainy input's mean score from each run's, on the same test set and under the same protocol."""
    keys = ["test_set", "protocol"]
    joined = means[means.method != "input"].merge(means[means.method.eq("input")], on=keys, suffixes=("", "_input"))
    return joined.assign(psnr=joined.psnr - joined.psnr_input, ssim=joined.ssim - joined.ssim_input)


def gain_figure(means: pd.DataFrame, methods: list[str], protocol: str, title: str = "") -> Figure:
    """Plot PSNR and SSIM gains, a panel for each: groups are test sets, bars are means over seeds, dots are seeds."""
    table = gains(means)
    table = table[table.protocol == protocol]
    sets, palette = list(dict.fromkeys(table.test_set)), colours(methods)
    step = 0.78 / max(3, len(methods))
    rows = -(-len(methods) // 3)
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 2.7 + 0.2 * rows))
    for axis, metric in zip(axes, METRIC_LABELS, strict=True):
        for i, method in enumerate(methods):
            ours = table[table.method.eq(method)]
            places = [k + (i - (len(methods) - 1) / 2) * step for k in range(len(sets))]
            averages = [ours[ours.test_set == s][metric].mean() for s in sets]
            axis.bar(places, averages, width=0.85 * step, color=palette[method], alpha=0.45, label=method)
            for place, name in zip(places, sets, strict=True):
                values = ours[ours.test_set == name][metric]
                axis.plot([place] * len(values), values, "o", ms=3.5, color=palette[method], mec="white", mew=0.4)
        axis.axhline(0, color="0.2", lw=0.8)
        slanted = {"rotation": 25, "ha": "right", "rotation_mode": "anchor"} if len(sets) > 2 else {}
        axis.set_xticks(range(len(sets)), [TEST_SET_LABELS.get(s, s) for s in sets], **slanted)
        axis.set_ylabel(METRIC_LABELS[metric])
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=min(3, len(methods)),
                  title=f"{title + ', ' if title else ''}protocol {protocol}; dots: seeds")  # fmt: skip
    return figure
