"""Headline number of each table or figure, ours and the paper's, read from the files."""

from pathlib import Path

import pandas as pd

from rainmer_lib import paths
from rainmer_lib.data.labels import TEST_SET_LABELS
from rainmer_lib.workflow.judged import SIZES

OURS = ("full", "both", "DCD-GAN", "paper", "Rainmer", "all weathers")  # names of the method in the comparisons
PREFERRED = ("rain100l", "real147")  # test sets for headlines, where a table has them
METRICS = ("psnr", "niqe")


def ours(record: str, protocol: str = "prenet") -> str:
    """Return the method's mean over seeds on one test set, and the rainy input's; "" without results or without scores.

    `record`: name of the results files.  `protocol`: the one whose scores are printed, if a table has several.
    """
    for size in SIZES:
        path = paths.REPOSITORY / "results" / size / f"{record}.csv"
        if path.exists():
            return _score(path, protocol)
    return ""


def printed(name: str) -> str:
    """Return the paper's number for its own method on the first test set that it lists; "" if it printed none."""
    path = paths.published_root() / f"{name}.csv"
    if not name or not path.exists():
        return ""
    table = pd.read_csv(path)
    label, metric = next((c for c in ("row", "method") if c in table), None), _metric(table)
    if not metric:
        return ""
    row = table[table[label].isin(OURS)].iloc[0] if label else table.iloc[0]
    where = f" ({row.test_set})" if "test_set" in table else ""
    return f"{_number(row[metric], metric)}{where}"


def _score(path: Path, protocol: str) -> str:
    table = pd.read_csv(path)
    metric = _metric(table)
    if not metric or not {"method", "test_set"} <= set(table.columns):
        return ""
    if "protocol" in table:
        table = table[table.protocol == protocol]
    test_set = next((name for name in PREFERRED if name in set(table.test_set)), table.test_set.iloc[0])
    means = table[table.test_set == test_set].groupby("method")[metric].mean()
    name = next((m for m in OURS if m in means), None)
    where = TEST_SET_LABELS.get(test_set, test_set)
    return "" if name is None else f"{_number(means[name], metric)}, rainy input {means['input']:.2f} ({where})"


def _metric(table: pd.DataFrame) -> str | None:
    return next((metric for metric in METRICS if metric in table.columns), None)


def _number(value: float, metric: str) -> str:
    return f"{value:.2f} dB" if metric == "psnr" else f"{metric.upper()} {value:.2f}"
