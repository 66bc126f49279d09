"""The groups of Table 1 of DCD-GAN side by side: which method is of which, what a group learns from, what it gains."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from rainmer_lib.data.labels import TEST_SET_LABELS
from rainmer_lib.experiments.compare import Comparison, Example
from rainmer_lib.experiments.fixed_methods import PRENET, fixed_on
from rainmer_lib.plots import by_test_set
from rainmer_lib.plots.ablation import gains
from rainmer_lib.plots.families import family_crops
from rainmer_lib.plots.panels import streak_box
from rainmer_lib.plots.quality_cost import kind_colours, kind_legend, quality_cost_figure
from rainmer_lib.pretrained.models import MODELS
from rainmer_lib.training.method import KINDS


def kinds_of(comparison: Comparison, models: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the group of every method of a comparison by its label, those with fixed weights included.

    `models`: label -> name in `pretrained.models.MODELS`; None for those of `fixed_on` on the comparison's test sets.
    """
    if models is None:
        models = {name: model for name, _, model in fixed_on(comparison.settings.test_sets)}
    return {run.label: run.method.kind for run in comparison.runs} | {n: MODELS[m].method().kind for n, m in models.items()}


def with_kinds(table: pd.DataFrame, kinds: Mapping[str, str]) -> pd.DataFrame:
    """Return a table of methods by (test set, measure) with their kinds as its first column; empty where there is none."""
    column = pd.DataFrame({("kind", ""): [kinds.get(name, "") for name in table.index]}, index=table.index)
    return pd.concat([column, table], axis=1)


def family_table(means: pd.DataFrame, kinds: Mapping[str, str], protocol: str) -> pd.DataFrame:
    """Return a row for each group: what it learns from, its methods, and its gains in PSNR (dB) over the input by test set.

    `means` as of `Comparison.means`; `kinds` as of `kinds_of`.  A cell is the gain of the method that gains most, whose name
    is behind it, and before it that of the one that gains least if there are several; both are means over the seeds.
    """
    chosen = gains(means[means.protocol == protocol])
    averages = chosen.groupby(["method", "test_set"], sort=False).psnr.mean().reset_index()
    rows = {}
    for kind, learns_from in KINDS.items():
        own = averages[averages.method.map(kinds) == kind]
        if len(own):
            names = ", ".join(dict.fromkeys(own.method))
            cells = {TEST_SET_LABELS.get(s, s): _range(own[own.test_set == s]) for s in dict.fromkeys(means.test_set)}
            rows[kind] = {"learns from": learns_from, "methods": names} | cells
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("group")


def _range(own: pd.DataFrame) -> str:
    if not len(own):
        return "not run"
    least, most, best = own.psnr.min(), own.psnr.max(), own.method[own.psnr.idxmax()]
    return f"{least:+.2f} to {most:+.2f} ({best})" if len(own) > 1 else f"{most:+.2f}"


def family_figure(example: Example, kinds: Mapping[str, str], title: str = "", size: int = 80) -> Figure:
    """Plot an example of a comparison by groups (`plots.families.family_crops`), in the window where streaks are seen best."""
    box = streak_box(example.images["rainy"], example.images["clean"], size)
    return family_crops(example.images, example.captions, kinds, box, title)


def gain_figure(gained: pd.DataFrame, kinds: Mapping[str, str]) -> Figure:
    """Plot the gains over the input by test set, in the colour of each kind, without those of PReNet's published weights,
    which make other bars short.

    `gained`: of one protocol, with the columns of `plots.ablation.gains`; the methods stand in its order.
    """
    drawn = [name for name in dict.fromkeys(gained.method) if name != PRENET]
    labels = {"psnr": "PSNR, gain (dB)", "ssim": "SSIM, gain"}
    title = f"gain over the input, prenet; colour: kind; dots: seeds; {PRENET}: table"
    return by_test_set.change_figure(gained, drawn, labels, title, kind_colours(kinds))


def quality_figure(changed: pd.DataFrame, kinds: Mapping[str, str], labels: Mapping[str, str], title: str) -> Figure:
    """Plot changes of scores from the input (`plots.by_test_set.change_figure`) in the colour of each kind, with its legend."""
    drawn = [name for name in dict.fromkeys(changed.method) if name in kinds]
    figure = by_test_set.change_figure(changed, drawn, labels, title, kind_colours(kinds))
    kind_legend(figure, kinds)
    return figure


def cost_figure(gained: pd.DataFrame, cost: pd.DataFrame, test_set: str, highlighted: str) -> Figure:
    """Plot the mean gain in PSNR on a test set against each cost (`experiments.cost.costs`)."""
    quality = gained[gained.test_set == test_set].groupby("method").psnr.mean()
    return quality_cost_figure(quality, cost, f"PSNR, gain on {TEST_SET_LABELS.get(test_set, test_set)} (dB)", highlighted)
