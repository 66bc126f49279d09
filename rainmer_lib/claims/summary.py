"""One verdict from many comparisons, and verdicts in words: what a notebook, the README and the site say of a claim."""

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from rainmer_lib.claims.over_seeds import VERDICTS, verdict

COLUMNS = ["place", "measure", "better", "worse", "over", "difference", "spread", "seeds", "verdict"]
PLACES = {"test_set": "sets", "tap": "layers", "view": "views"}  # column that says where it was compared -> its plural
# Measure -> its name, its digits, its unit
MEASURES = {
    "psnr": ("PSNR", 2, " dB"), "ssim": ("SSIM", 3, ""), "niqe": ("NIQE", 2, ""), "brisque": ("BRISQUE", 1, ""),
    "map": ("mAP", 3, ""), "f1": ("F1", 3, ""), "confidence": ("P(rain)", 3, ""), "log_odds": ("log odds of rain", 2, ""),
    "gain kept": ("gain kept on other test sets", 2, " dB"), "remaining": ("distance left between derained and clean", 2, ""),
    "auc_derained": ("AUC, derained or clean", 2, ""), "auc_rainy": ("AUC, rainy or clean", 2, ""),
    "cues_derained": ("clean cues of the output", 2, ""), "cues_gained": ("clean cues gained", 2, ""),
}  # fmt: skip


def compared(claims: pd.DataFrame) -> pd.DataFrame:
    """Bring any table of verdicts into one form, a row for each comparison; a table of this form is returned as it is.

    Columns `COLUMNS` and others: `over` is seeds or images, a positive `difference` is as claimed.  A table without verdicts
    holds each seed's gain over the input on each test set in dB; it is judged over its seeds.  In `attrs["places"]` stands the
    plural of what the places are.
    """
    if "place" in claims:
        return claims
    if claims.empty:
        return pd.DataFrame(columns=COLUMNS)
    if "verdict" not in claims:
        claims = _judged_gains(claims)
    column = next((name for name in PLACES if name in claims), None)
    table = claims.rename(columns={column: "place", "metric": "measure"})
    table = table.assign(over=table.get("over", "seeds"), place=table.get("place", ""))
    table.attrs["places"] = PLACES.get(column, "places")
    return table


def _judged_gains(gains: pd.DataFrame) -> pd.DataFrame:
    groups = gains.groupby("test_set", sort=False).difference
    found = groups.agg(difference="mean", spread="std", seeds="size", verdict=verdict).reset_index()
    return found.assign(metric="psnr", better="full", worse="input")


def one_verdict(table: pd.DataFrame) -> str:
    """Return one verdict for all comparisons of a claim (`compared`).

    Over seeds: "supported" if more than half of the comparisons are and none is contradicted, "contradicted" if more than half
    are and none is supported, else "inconclusive".  Likewise over images, where they were compared; the two must agree, or
    the claim is "inconclusive".  ValueError without a comparison.
    """
    if table.empty:
        raise ValueError("there is no comparison to judge: check the rows, measures and sets that the claim names")
    found = {_most(rows.verdict) for _, rows in table.groupby("over")}
    return found.pop() if len(found) == 1 else "inconclusive"


def _most(verdicts: Iterable[str]) -> str:
    counts = Counter(verdicts)
    for name, opposite in (("supported", "contradicted"), ("contradicted", "supported")):
        if counts[name] > counts.total() / 2 and not counts[opposite]:
            return name
    return "inconclusive"


def in_words(claims: pd.DataFrame) -> list[str]:
    """Return a sentence for each measure and pair of a table of verdicts.

    Such as `PSNR, both against internal: supported on 3 of 5 sets, inconclusive on 2; over images supported on 5 of 5.`
    """
    table, sentences = compared(claims), []
    for (measure, better, worse), rows in table.groupby(["measure", "better", "worse"], sort=False):
        told = [_places_told(part.verdict, table.attrs["places"]) for _, part in _by_over(rows)]
        names = [over for over, _ in _by_over(rows)]
        told = [text if name == "seeds" else f"over {name} {text}" for name, text in zip(names, told, strict=True)]
        sentences.append(f"{name_of(measure)}, {better} against {worse}: {'; '.join(told)}.")
    return sentences


def _by_over(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return sorted(rows.groupby("over"), key=lambda group: group[0] != "seeds")


def _places_told(verdicts: pd.Series, places: str) -> str:
    counts = Counter(verdicts)
    if counts.total() == 1:
        return verdicts.iloc[0]
    parts = [f"{name} on {counts[name]}" for name in VERDICTS if counts[name]]
    head, *rest = parts
    return ", ".join([f"{head} of {counts.total()} {places}", *rest])


def counted(table: pd.DataFrame, over: str) -> str:
    """Count the verdicts of comparisons over seeds or images, such as `3 of 5, 1 against`: supported, and contradicted."""
    counts = Counter(table[table.over == over].verdict)
    if not counts:
        return ""
    against = f", {counts['contradicted']} against" if counts["contradicted"] else ""
    return f"{counts['supported']} of {counts.total()}{against}"


def numbers(table: pd.DataFrame) -> str:
    """Return the mean differences that decide, over seeds where there are any: for each measure the least and the largest.

    Positive is as claimed.  A single comparison has its spread over the seeds instead, such as `PSNR +0.53 ± 0.34 dB`.
    """
    _, chosen = _by_over(table)[0]
    return "; ".join(_range(measure, rows) for measure, rows in chosen.groupby("measure", sort=False))


def _range(measure: str, rows: pd.DataFrame) -> str:
    _, least, unit = MEASURES.get(measure, ("", 2, ""))
    low, high = rows.difference.min(), rows.difference.max()
    spread = rows["spread"].iloc[0] if len(rows) == 1 and "spread" in rows else float("nan")
    digits = digits_that_tell([low, high, spread], least)
    if len(rows) == 1:
        shown = f"{low:+.{digits}f}" + (f" ± {spread:.{digits}f}" if pd.notna(spread) else "")
    else:
        shown = f"{low:+.{digits}f} to {high:+.{digits}f}"
    return f"{name_of(measure)} {shown}{unit}"


def digits_that_tell(values: Iterable[float], least: int) -> int:
    """Return the number of decimals, at least `least`, at which no value but 0 reads as 0 and different sizes read differently.

    At most three more than `least`; a value that is not a number does not count.
    """
    most = least + 3
    sizes = {round(abs(value), most) for value in values if pd.notna(value)} | {0}
    return next(digits for digits in range(least, most + 1) if len({f"{size:.{digits}f}" for size in sizes}) == len(sizes))


def name_of(measure: str) -> str:
    """Return the name of a measure as text prints it."""
    return MEASURES.get(measure, (measure,))[0]
