"""Compare methods on real rain: runs and fixed networks in one table, their change of the scores, and verdicts."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pandas as pd

from rainmer_lib.claims.over_seeds import check_order, each_seed
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.experiments.compare import Comparison
from rainmer_lib.experiments.experiment import Rows
from rainmer_lib.experiments.fixed_methods import fixed_on
from rainmer_lib.experiments.real_rain import (
    BLUR,
    CONTROL,
    KEPT,
    STAND_IN,
    Image,
    blurred,
    derained,
    metrics_of,
    photos,
    quality_of_input,
    quality_of_model,
    quality_of_run,
    real_sets,
)
from rainmer_lib.experiments.runs import train_rows
from rainmer_lib.experiments.settings import Settings
from rainmer_lib.inference.device import device
from rainmer_lib.pretrained.models import MODELS, load_model

METRICS = ("niqe", "brisque")
# photos for figures, chosen by their content: visible streaks, not squashed, no people, no watermark
SHOWN = {KEPT: ("17", "107"), "mwd": ("rain136",), STAND_IN: ("china-left-0", "china-right-1")}


class RealComparison(Comparison):
    """Finished runs and their scores on photos without ground truth; `scores`: method, seed, test_set, image, niqe, brisque."""

    def means(self) -> pd.DataFrame:
        """Mean over the photos: a row for each method, seed and test set, with the number of photos."""
        metrics = [name for name in METRICS if name in self.scores]
        groups = self.scores.groupby(["method", "seed", "test_set"], sort=False)
        return groups[metrics].mean().assign(images=groups.size()).reset_index()


def compare_real(rows: Rows, settings: Settings, say: Callable[[str], None] = print) -> RealComparison:
    """Train each row for each seed (or find its run) and score it on the real photos, beside the input and its blur.

    The methods of `fixed_methods.WEIGHTS` are included on the sets for which they have an entry; missing weights are reported
    through `say`.
    """
    settings = replace(settings, test_sets=real_sets(settings.data))
    metrics_of(settings.data)  # report a missing file before training, not after it
    runs = train_rows(rows, settings, say)
    tables = []
    for test_set in settings.test_sets:
        tables += [quality_of_input(test_set, settings.data), quality_of_input(test_set, settings.data, BLUR)]
        tables += [quality_of_run(run, test_set, settings.data) for run in runs]
    for method, test_set, model in fixed_on(settings.test_sets):
        table = quality_of_model(model, test_set, settings)
        if table is None:
            say(f"{method} on {test_set}: left out, because the weights of {model} are not on the data root")
        else:
            tables.append(table.assign(method=method))
    return RealComparison(runs, pd.concat(tables, ignore_index=True), settings)


def shown_photos(comparison: RealComparison) -> Iterator[tuple[str, str, dict[str, Image]]]:
    """Yield the photos of `SHOWN` under every method, first seed: test set, photo, and the images by name, rainy first."""
    settings = comparison.settings
    for test_set in settings.test_sets:
        for name, rainy in photos(test_set, settings.data):
            if name in SHOWN[test_set]:
                images = {"rainy": rainy, CONTROL: blurred(rainy, BLUR)}
                images |= {run.label: derained(run.network(), rainy) for run in comparison.runs if run.seed == 0}
                for method, _, model in fixed_on((test_set,)):
                    if MODELS[model].present:
                        images[method] = derained(load_model(model).to(device()), rainy)
                yield test_set, name, images


def captions(images: dict[str, Image], data: UnpairedRain) -> dict[str, str]:
    """Format the scores of each image as captions of a figure, a line for each: side by side they are wider than a window."""
    names = {"niqe": "NIQE", "brisque": "BRISQUE"}
    measured_by = metrics_of(data)
    scores = {name: zip(measured_by.metrics, measured_by.measure(image), strict=True) for name, image in images.items()}
    return {name: "\n".join(f"{names[metric]} {value:.1f}" for metric, value in row) for name, row in scores.items()}


def changes(means: pd.DataFrame) -> pd.DataFrame:
    """Subtract the rainy input's score on the same photos from each mean score; negative is lower, hence better."""
    metrics = [name for name in METRICS if name in means]
    joined = means[means.method != "input"].merge(means[means.method.eq("input")], on="test_set", suffixes=("", "_input"))
    return joined.assign(**{name: joined[name] - joined[f"{name}_input"] for name in metrics})


def check_lower(means: pd.DataFrame, pairs: list[tuple[str, str]]) -> pd.DataFrame:
    """Test for each pair whether its first method scores lower than its second, by test set and metric.

    Columns are those of `claims.over_seeds.check_table`; `difference` is positive if the first method is lower.  A pair is
    skipped on test sets that lack one of its methods.
    """
    rows = []
    for test_set, table in each_seed(means).groupby("test_set", sort=False):
        for metric in [name for name in METRICS if name in means]:
            for pair in pairs:
                if set(pair) <= set(table.method):
                    part = check_order(table.assign(**{metric: -table[metric]}), list(pair), metric)
                    rows.append(part.assign(test_set=test_set, metric=metric)[["test_set", "metric", *part.columns]])
    return pd.concat(rows, ignore_index=True)


def quality_table(means: pd.DataFrame, methods: list[str]) -> pd.DataFrame:
    """Return a table: rows input, control, methods; columns (test set, NIQE | BRISQUE): mean over seeds, +- deviation."""
    cells = {}
    for name in dict.fromkeys(means.test_set):
        for metric in [m for m in METRICS if m in means]:
            column = cells.setdefault((name, metric.upper()), [])
            for method in ("input", CONTROL, *methods):
                values = means[(means.method.eq(method)) & (means.test_set == name)][metric]
                spread = f" ± {values.std():.3f}" if len(values) > 1 else ""
                column.append(f"{values.mean():.3f}{spread}" if len(values) else "not run")
    return pd.DataFrame(cells, index=["input", CONTROL, *methods]).rename_axis("method")
