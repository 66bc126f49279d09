"""Verdicts on the claims of the papers, from the records in `results/`, each at the largest profile that has its record."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from rainmer_lib import paths
from rainmer_lib.claims import summary
from rainmer_lib.claims.over_seeds import VERDICTS
from rainmer_lib.experiments.profiles import profile
from rainmer_lib.experiments.registry import EXPERIMENTS
from rainmer_lib.pretrained.models import read_config, read_json
from rainmer_lib.workflow.stated import CLAIMS, Stated

SIZES = ("paper", "laptop")  # in this order; `gpu` has one seed, and numbers at `quick` mean nothing
NOT_TESTED = "not tested"
NOT_RUN = "not run yet"


@dataclass(frozen=True)
class Record:
    """One record: where it is, at which profile, and its comparisons (`summary.compared`)."""

    name: str
    profile: str
    path: Path
    table: pd.DataFrame

    @property
    def earlier(self) -> bool:
        """Return whether its runs were trained with an earlier setting of the profile than today's."""
        content = json.loads(self.path.read_text(encoding="utf-8"))
        name = self.name if self.name in EXPERIMENTS else self.name.partition("-")[0]
        rows = EXPERIMENTS[name].rows(profile(self.profile)) if name in EXPERIMENTS else {}
        runs, folder = [run for run in content["runs"] if run["method"] in rows], self.path.parent / "runs"
        return any(_differs(rows[run["method"]], folder / run["run"]) for run in runs if (folder / run["run"]).exists())


def _differs(row, folder: Path) -> bool:
    stored = read_json(folder)
    if (stored["method"], stored["version"]) != (row.method.name, row.method.version):
        return True
    return replace(read_config(folder), seed=row.config.seed) != row.config


def deciding(table: pd.DataFrame, claim: Stated) -> pd.DataFrame:
    """Return the comparisons of a table (`summary.compared`) that decide a claim."""
    pairs = pd.Series(list(zip(table.better, table.worse, strict=True)), index=table.index, dtype=object)
    return table[pairs.isin(claim.pairs) & table.measure.isin(claim.measures)]


class Words(str):
    """Text in Markdown that a notebook shows as such."""

    def _repr_markdown_(self) -> str:
        return str(self)


def in_words(name: str, claims: pd.DataFrame, size: str = "") -> Words:
    """Return the verdicts on the claims that a record decides, from its table of verdicts, as a list in Markdown.

    For the notebook that makes the record `name`, below its tables of verdicts, and for its page.  `size`: profile of the
    table; at one whose numbers mean nothing, the words say so first.  Empty if no claim is decided.
    """
    table, lines = summary.compared(claims), []
    for claim in (claim for claim in CLAIMS if claim.record == name):
        rows = deciding(table, claim)
        if len(rows):
            lines.append(f"- **{summary.one_verdict(rows)}**: {claim.says}. {' '.join(summary.in_words(rows))}")
    if lines and size and size not in SIZES:
        lines = [f"At `{size}` these verdicts mean nothing; they show what the larger profiles print.", "", *lines]
    return Words("\n".join(lines))


def record(name: str, sizes: Sequence[str] = SIZES) -> Record | None:
    """Read a record at the first of the profiles that has one; None without any."""
    for size in sizes:
        path = paths.REPOSITORY / "results" / size / f"{name}.json"
        if path.exists():
            claims = json.loads(path.read_text(encoding="utf-8"))["claims"]
            return Record(name, size, path, summary.compared(pd.DataFrame(claims)))
    return None


@dataclass(frozen=True)
class Judged:
    """A claim, its record if there is one, and the comparisons that decide it."""

    claim: Stated
    record: Record | None
    table: pd.DataFrame

    @property
    def verdict(self) -> str:
        """One of `VERDICTS`, `not tested` or `not run yet`."""
        if self.claim.untested:
            return NOT_TESTED
        return NOT_RUN if self.record is None else summary.one_verdict(self.table)

    @property
    def seeds(self) -> int:
        """Number of training runs of each row; 0 without a record."""
        return 0 if self.record is None else int(self.table.seeds.max())


def judge(claim: Stated) -> Judged:
    """Find what decides a claim.  ValueError if its record has none of the comparisons."""
    found = record(claim.record) if claim.record else None
    table = pd.DataFrame() if found is None else deciding(found.table, claim)
    if found is not None and table.empty:
        raise ValueError(f"{found.path}: no comparison of {claim.pairs} by {claim.measures}, which {claim.says!r} needs")
    return Judged(claim, found, table)


def judged() -> list[Judged]:
    """Judge every claim, in the order of `stated.CLAIMS`."""
    return [judge(claim) for claim in CLAIMS]


def counts(paper: str, item: str) -> str:
    """Count the verdicts on the claims of a table or figure, such as `2 supported, 1 not tested`; empty without a claim."""
    return told(judge(claim).verdict for claim in CLAIMS if (claim.paper, claim.item) == (paper, item))


def told(verdicts: Iterable[str]) -> str:
    """Count verdicts on claims in words, `not tested` and `not run yet` among them; empty without any."""
    found = Counter(verdicts)
    return ", ".join(f"{found[name]} {name}" for name in (*VERDICTS, NOT_TESTED, NOT_RUN) if found[name])


def apart() -> list[tuple[Record, list[str]]]:
    """Return what each record compares besides the claims (controls, other methods) in words, where there is anything."""
    found = []
    for name in dict.fromkeys(claim.record for claim in CLAIMS if claim.record):
        here = record(name)
        if here is None:
            continue
        counted = pd.concat([deciding(here.table, claim) for claim in CLAIMS if claim.record == name])
        rest = here.table.drop(counted.index)
        rest.attrs = here.table.attrs
        if len(rest):
            found.append((here, summary.in_words(rest)))
    return found
