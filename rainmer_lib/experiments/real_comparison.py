"""Methods compared on real rain: runs and fixed networks in one table, what they change, and which claims that bears out."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pandas as pd

from rainmer_lib.claims.over_seeds import check_order
from rainmer_lib.data.unpaired import UnpairedRain
from rainmer_lib.dcdgan.config import DCDGANConfig
from rainmer_lib.experiments.compare import Comparison, device, train_run
from rainmer_lib.experiments.fixed_methods import each_seed, fixed_on
from rainmer_lib.experiments.real_rain import (
    BLUR,
    CONTROL,
    STAND_IN,
    Image,
    blurred,
    derained,
    photos,
    quality_of_input,
    quality_of_model,
    quality_of_run,
    real_sets,
    rulers,
)
from rainmer_lib.pretrained.models import MODELS, load_model
from rainmer_lib.workflow.parameters import Settings

METRICS = ("niqe", "brisque")
# photos shown, chosen by what is on them: streaks to be seen, not squashed, no people, no watermark
SHOWN = {"real147": ("114", "115"), "mwd": ("rain136",), STAND_IN: ("china-left-0", "china-right-1")}


class RealComparison(Comparison):
    """Finished runs and their scores on photos without truth; `scores`: method, seed, test_set, image, niqe, brisque."""

    def means(self) -> pd.DataFrame:
        """Mean over the photos: a row for each method, seed and test set, with the number of photos."""
        metrics = [name for name in METRICS if name in self.scores]
        groups = self.scores.groupby(["method", "seed", "test_set"], sort=False)
        return groups[metrics].mean().assign(images=groups.size()).reset_index()


def compare_real(methods: dict[str, DCDGANConfig], settings: Settings, say: Callable[[str], None] = print) -> RealComparison:
    """Train each method for each seed (or find it), measure it on the real photos; the input and its blur beside it.

    The methods of `fixed_methods.WEIGHTS` are there where they have an entry for a set; what has no weights is said.
    """
    settings = replace(settings, test_sets=real_sets(settings.data))
    rulers(settings.data)  # a missing file must not wait until training is over
    runs = [
        train_run(method, replace(config, seed=seed), settings.data, settings.profile, say)
        for seed in range(settings.seeds)
        for method, config in methods.items()
    ]
    tables = []
    for test_set in settings.test_sets:
        tables += [quality_of_input(test_set, settings.data), quality_of_input(test_set, settings.data, BLUR)]
        tables += [quality_of_run(run, test_set, settings.data) for run in runs]
    for method, test_set, model in fixed_on(settings.test_sets):
        table = quality_of_model(model, test_set, settings)
        if table is None:
            say(f"{method} on {test_set}: left out, no weights of {model} on the data root")
        else:
            tables.append(table.assign(method=method))
    return RealComparison(runs, pd.concat(tables, ignore_index=True), settings)


def shown_photos(comparison: RealComparison) -> Iterator[tuple[str, str, dict[str, Image]]]:
    """The photos of `SHOWN` under every method, first seed: test set, photo, and the images by name, rainy first."""
    settings = comparison.settings
    for test_set in settings.test_sets:
        for name, rainy in photos(test_set, settings.data):
            if name in SHOWN[test_set]:
                images = {"rainy": rainy, CONTROL: blurred(rainy, BLUR)}
                images |= {run.method: derained(run.generator(), rainy) for run in comparison.runs if run.seed == 0}
                for method, _, model in fixed_on((test_set,)):
                    if MODELS[model].present:
                        images[method] = derained(load_model(model).to(device()), rainy)
                yield test_set, name, images


def captions(images: dict[str, Image], data: UnpairedRain) -> dict[str, str]:
    """The scores of each image, for a figure."""
    names = {"niqe": "NIQE", "brisque": "BRISQUE"}
    measured_by = rulers(data)
    scores = {name: zip(measured_by.metrics, measured_by.measure(image), strict=True) for name, image in images.items()}
    return {name: ", ".join(f"{names[metric]} {value:.1f}" for metric, value in row) for name, row in scores.items()}


def changes(means: pd.DataFrame) -> pd.DataFrame:
    """Each mean score minus that of the input on the same photos; negative is lower, hence better."""
    metrics = [name for name in METRICS if name in means]
    joined = means[means.method != "input"].merge(means[means.method == "input"], on="test_set", suffixes=("", "_input"))
    return joined.assign(**{name: joined[name] - joined[f"{name}_input"] for name in metrics})


def check_lower(means: pd.DataFrame, pairs: list[tuple[str, str]]) -> pd.DataFrame:
    """Does the first method of each pair score lower than the second?  By test set and metric, as `claims.check_table`.

    `difference` is by how much it is lower.  Pairs of which a test set lacks one are not judged there.
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
    """Rows input, control and methods, columns (test set, NIQE | BRISQUE): mean over seeds, +- standard deviation."""
    cells = {}
    for name in dict.fromkeys(means.test_set):
        for metric in [m for m in METRICS if m in means]:
            column = cells.setdefault((name, metric.upper()), [])
            for method in ("input", CONTROL, *methods):
                values = means[(means.method == method) & (means.test_set == name)][metric]
                spread = f" ± {values.std():.3f}" if len(values) > 1 else ""
                column.append(f"{values.mean():.3f}{spread}" if len(values) else "not run")
    return pd.DataFrame(cells, index=["input", CONTROL, *methods]).rename_axis("method")
