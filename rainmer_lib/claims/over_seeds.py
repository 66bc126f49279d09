"""Test whether our runs reproduce the ranking that a paper reports."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

VERDICTS = ("supported", "contradicted", "inconclusive")
FIXED = -1  # seed of rows without a training run here: the rainy input, and networks with given weights


def check_order(means: pd.DataFrame, order: list[str], metric: str) -> pd.DataFrame:
    """Compare neighbours of a claimed ranking, best first, seed by seed.

    `means` has a row for each method and seed (one test set, one protocol), and a column `metric`.  Runs of one seed share
    initial weights and batches, so differences are taken within a seed.  Returns a row for each neighbouring pair: `better`,
    `worse`, `difference` (mean over seeds), `spread` (its sample standard deviation), `seeds`, and `verdict`: "supported" if
    the difference is positive for every seed and its mean exceeds its spread, "contradicted" if it is negative for every seed
    and its mean exceeds its spread likewise, "inconclusive" otherwise, or with fewer than three seeds.

    The rule is weak: among many comparisons of equivalent methods it finds some differences by chance, see `by_chance`.
    """
    table = means.pivot(index="seed", columns="method", values=metric)
    once, rows = set(means.method[means.repeated]) if "repeated" in means else set(), []
    for better, worse in zip(order, order[1:], strict=False):
        difference = (table[better] - table[worse]).dropna()  # the seeds that both have
        difference = difference[:1] if {better, worse} <= once else difference
        rows.append((better, worse, difference.mean(), difference.std(), len(difference), verdict(difference)))
    return pd.DataFrame(rows, columns=["better", "worse", "difference", "spread", "seeds", "verdict"])


def verdict(differences: pd.Series) -> str:
    """Return the verdict on one difference for each seed, by the rule of `check_order`."""
    if len(differences) < 3 or not abs(differences.mean()) > differences.std():
        return "inconclusive"
    return "supported" if (differences > 0).all() else "contradicted" if (differences < 0).all() else "inconclusive"


def by_chance(seeds: int, draws: int = 1_000_000) -> float:
    """Return the share of comparisons that `check_order` calls "supported" where there is no difference at all.

    As many are called "contradicted".  Estimated from `draws` normally distributed samples, the same at every call: 0.106 for
    three seeds (exactly (1 - 1/sqrt(3)) / 4), 0.027 for five; 0 for fewer than three.
    """
    if seeds < 3:
        return 0.0
    differences = np.random.default_rng(0).normal(size=(draws, seeds))
    found = (differences.mean(axis=1) > differences.std(axis=1, ddof=1)) & (differences > 0).all(axis=1)
    return float(found.mean())


def chance_told(seeds: int) -> str:
    """Return a sentence on what the rule finds where there is nothing, for a notebook to print."""
    if seeds < 3:
        return f"With {seeds} seed{'s' * (seeds != 1)} nothing is supported or contradicted over seeds."
    share = f"{100 * by_chance(seeds):.1f} %"
    return f"With {seeds} seeds, two equivalent methods are 'supported' in {share} of comparisons, 'contradicted' in as many."


def verdict_counts(claims: pd.DataFrame, worse: Sequence[str]) -> pd.DataFrame:
    """Count the verdicts on whether one method is better than each of `worse`, which are the rows.

    `claims` is a table of `over_images.both_verdicts`.  Columns: (seeds or images, verdict).  The comparisons of a row share
    their runs and are therefore not independent.
    """
    counts = claims.groupby(["worse", "over", "verdict"]).size().unstack(["over", "verdict"], fill_value=0)
    columns = pd.MultiIndex.from_product([claims.over.unique(), VERDICTS])
    return counts.reindex(index=list(worse), columns=columns, fill_value=0).rename_axis(index=None)


def told(verdicts: Iterable[str]) -> str:
    """Count the verdicts in words, such as `3 supported, 1 inconclusive`; empty without any."""
    counts = Counter(verdicts)
    return ", ".join(f"{counts[name]} {name}" for name in VERDICTS if counts[name])


def check_table(means: pd.DataFrame, printed: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """Run `check_order` for every test set and both metrics, with the ranking of a printed table.

    `printed` is indexed by method and has columns psnr and ssim.  Columns test_set, metric, then those of `check_order`.
    """
    return _everywhere(means, protocol, lambda metric: [list(printed[metric].sort_values(ascending=False).index)])


def check_best(means: pd.DataFrame, best: str, others: list[str], protocol: str) -> pd.DataFrame:
    """Test whether one method is better than each of the others; columns as in `check_table`."""
    return check_pairs(means, [(best, other) for other in others], protocol)


def check_pairs(means: pd.DataFrame, pairs: list[tuple[str, str]], protocol: str) -> pd.DataFrame:
    """Test whether the first method of each pair is better than the second; columns as in `check_table`."""
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


def each_seed(means: pd.DataFrame) -> pd.DataFrame:
    """Repeat the rows of methods with one seed for every seed, so that others can be compared with them within seeds.

    Such methods have fixed weights (seed -1), or a single training run.  The spread of a difference is then the other's alone.
    Column `repeated` marks them, so that `check_order` counts a difference between two of them once.
    """
    seeds = sorted(set(means.seed) - {FIXED})
    single = means.groupby("method").seed.transform("nunique") == 1
    repeated = (means[single].assign(seed=seed, repeated=True) for seed in seeds)
    return pd.concat([means[~single].assign(repeated=False), *repeated], ignore_index=True)


def check_measures(
    table: pd.DataFrame, better: str, others: Sequence[str], signs: Mapping[str, int], within: str
) -> pd.DataFrame:
    """Test whether one method is better than each of the others by each measure, for each value of the column `within`.

    `table` has a row for each method, seed and value of `within` (a layer, a test set).  `signs`: 1 for a measure that is
    claimed to be higher, -1 for one that is claimed to be lower.  `difference` is sign (better - worse).  Columns `within`,
    measure, then those of `check_order`.  Raises ValueError on another sign, and on a method that is not in the table.
    """
    if set(signs.values()) - {1, -1}:
        raise ValueError(f"signs {dict(signs)}: expected 1 (more is better) or -1 (less is better)")
    if missing := [method for method in (better, *others) if method not in set(table.method)]:
        raise ValueError(f"no rows of {', '.join(missing)}; there are {', '.join(dict.fromkeys(table.method))}")
    parts = []
    for place, rows in table.groupby(within, sort=False):
        for measure, sign in signs.items():
            signed = rows.assign(**{measure: sign * rows[measure]})
            for other in others:
                part = check_order(signed, [better, other], measure)
                part.insert(0, within, place)
                part.insert(1, "measure", measure)
                parts.append(part)
    return pd.concat(parts, ignore_index=True)
