"""Is an order that a paper claims seen in our runs?"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

VERDICTS = ("seen", "not seen", "not decidable")


def check_order(means: pd.DataFrame, order: list[str], metric: str) -> pd.DataFrame:
    """Compare neighbours of a claimed order, best first, seed by seed.

    `means` has a row for each method and seed (one test set, one protocol), column `metric`.  Runs of one seed share
    initial weights and batches, so differences are taken within a seed.  A row for each neighbouring pair: `better`,
    `worse`, `difference` (mean over seeds), `spread` (its sample standard deviation), `seeds`, and `verdict`: "seen" if
    the difference is positive for every seed and its mean exceeds its spread, "not seen" if it is negative for every
    seed and its mean exceeds its spread likewise, "not decidable" otherwise, or with fewer than three seeds.

    The rule is a weak one: of many comparisons without any difference it finds some, see `by_chance`.
    """
    table = means.pivot(index="seed", columns="method", values=metric)
    rows = []
    for better, worse in zip(order, order[1:], strict=False):
        difference = table[better] - table[worse]
        mean, spread, verdict = difference.mean(), difference.std(), "not decidable"
        if len(difference) >= 3 and abs(mean) > spread:
            verdict = "seen" if (difference > 0).all() else "not seen" if (difference < 0).all() else verdict
        rows.append((better, worse, mean, spread, len(difference), verdict))
    return pd.DataFrame(rows, columns=["better", "worse", "difference", "spread", "seeds", "verdict"])


def by_chance(seeds: int, draws: int = 1_000_000) -> float:
    """The share of comparisons that `check_order` calls "seen", and again "not seen", where there is no difference at all.

    Of `draws` normally distributed differences, the same at every call: 0.106 for three seeds (exactly (1 - 1/sqrt(3)) / 4),
    0.027 for five; 0 for fewer than three.
    """
    if seeds < 3:
        return 0.0
    differences = np.random.default_rng(0).normal(size=(draws, seeds))
    found = (differences.mean(axis=1) > differences.std(axis=1, ddof=1)) & (differences > 0).all(axis=1)
    return float(found.mean())


def verdict_counts(claims: pd.DataFrame, worse: Sequence[str]) -> pd.DataFrame:
    """How often one method was seen to be better than each of `worse`, and how often not: a row for each of these.

    `claims` as `paired.both_verdicts` joins them.  Columns: over what (seeds, images), each verdict.  The comparisons of a row
    share their runs, and so are not independent.
    """
    counts = claims.groupby(["worse", "over", "verdict"]).size().unstack(["over", "verdict"], fill_value=0)
    columns = pd.MultiIndex.from_product([claims.over.unique(), VERDICTS])
    return counts.reindex(index=list(worse), columns=columns, fill_value=0).rename_axis(index=None)


def told(verdicts: Iterable[str]) -> str:
    """How many of each there are, in words: `3 seen, 1 not decidable`; empty without any."""
    counts = Counter(verdicts)
    return ", ".join(f"{counts[name]} {name}" for name in VERDICTS if counts[name])


def check_table(means: pd.DataFrame, printed: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """`check_order` for every test set and both metrics, the order being that of a printed table.

    `printed` is indexed by method and has columns psnr and ssim.  Columns test_set, metric, then those of `check_order`.
    """
    return _everywhere(means, protocol, lambda metric: [list(printed[metric].sort_values(ascending=False).index)])


def check_best(means: pd.DataFrame, best: str, others: list[str], protocol: str) -> pd.DataFrame:
    """Is one method better than each of the others?  Columns as `check_table`."""
    return check_pairs(means, [(best, other) for other in others], protocol)


def check_pairs(means: pd.DataFrame, pairs: list[tuple[str, str]], protocol: str) -> pd.DataFrame:
    """Is the first of each pair better than the second?  Columns as `check_table`."""
    return _everywhere(means, protocol, lambda metric: [list(pair) for pair in pairs])


def _everywhere(means: pd.DataFrame, protocol: str, orders: Callable[[str], list[list[str]]]) -> pd.DataFrame:
    chosen = means[(means.protocol == protocol) & (means.method != "input")]
    parts = []
    for test_set, table in chosen.groupby("test_set", sort=False):
        for metric in ("psnr", "ssim"):
            for order in orders(metric):
                part = check_order(table, order, metric)
                part.insert(0, "test_set", test_set)
                part.insert(1, "metric", metric)
                parts.append(part)
    return pd.concat(parts, ignore_index=True)
