"""Is an order that a paper claims seen in our runs?"""

import pandas as pd


def check_order(means: pd.DataFrame, order: list[str], metric: str) -> pd.DataFrame:
    """Compare neighbours of a claimed order, best first, seed by seed.

    `means` has a row for each method and seed (one test set, one protocol), column `metric`.  Runs of one seed share
    initial weights and batches, so differences are taken within a seed.  A row for each neighbouring pair: `better`,
    `worse`, `difference` (mean over seeds), `spread` (sample standard deviation, of at least two seeds), `seeds`,
    and `verdict`: "seen" if the difference is positive for every seed, "not seen" if negative for every seed,
    "not decidable" otherwise or with a single seed.
    """
    table = means.pivot(index="seed", columns="method", values=metric)
    rows = []
    for better, worse in zip(order, order[1:], strict=False):
        difference = table[better] - table[worse]
        verdict = "not decidable"
        if len(difference) > 1 and (difference > 0).all():
            verdict = "seen"
        elif len(difference) > 1 and (difference < 0).all():
            verdict = "not seen"
        rows.append((better, worse, difference.mean(), difference.std(), len(difference), verdict))
    return pd.DataFrame(rows, columns=["better", "worse", "difference", "spread", "seeds", "verdict"])


def check_table(means: pd.DataFrame, printed: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """`check_order` for every test set and both metrics, the order being that of a printed table.

    `printed` is indexed by method and has columns psnr and ssim.  Columns test_set, metric, then those of `check_order`.
    """
    chosen = means[(means.protocol == protocol) & (means.method != "input")]
    parts = []
    for test_set, table in chosen.groupby("test_set", sort=False):
        for metric in ("psnr", "ssim"):
            order = list(printed[metric].sort_values(ascending=False).index)
            part = check_order(table, order, metric)
            part.insert(0, "test_set", test_set)
            part.insert(1, "metric", metric)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)
