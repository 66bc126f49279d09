"""Tables of the papers' claims and our verdicts, for docs/claims.md and the README; every number is read from the records."""

import os
from pathlib import Path

from rainmer_lib import paths
from rainmer_lib.claims.over_seeds import chance_told
from rainmer_lib.claims.summary import counted, numbers
from rainmer_lib.workflow import judged
from rainmer_lib.workflow.judged import Judged

OURS = "Questions of this project"


def tables(page: Path) -> str:
    """Return the tables of all claims, a line each, then what else was compared; links are relative to the file `page`."""
    found, parts = judged.judged(), []
    for title in ("DCD-GAN", "Rainmer", OURS):
        lines = [f"## {title}", "", "| claim | where | verdict | size | over seeds | over images | numbers | notebook |"]
        lines += ["|---|---|---|---|---|---|---|---|"]
        lines += [_line(each, page) for each in found if (OURS if each.claim.ours else each.claim.paper) == title]
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, _chances(found), apart(page)])


def headlines(page: Path) -> str:
    """Return the table of the few claims that the README shows, and the counts of all; links are relative to `page`."""
    lines, found = ["| claim | verdict | where it was tested |", "|---|---|---|"], judged.judged()
    for each in (each for each in found if each.claim.headline):
        lines.append(f"| {each.claim.paper}: {each.claim.says} | {each.verdict}{_size(each, ', ')} | {notebook(each, page)} |")
    told = judged.told(each.verdict for each in found if not each.claim.ours)
    where = "of DCD-GAN's text and of Rainmer's abstract and project page"
    return "\n".join(lines) + f"\n\nAll claims that we list, {where}: {told}."


def _line(each: Judged, page: Path) -> str:
    claim = each.claim
    if each.record is None:
        words = claim.untested or "its notebook has not been run at a size whose numbers mean anything"
        cells = ["", "", "", words]
    else:
        rows = ", ".join(dict.fromkeys(f"{row.better} against {row.worse}" for row in each.table.itertuples()))
        cells = [_size(each), counted(each.table, "seeds"), counted(each.table, "images"), f"{rows}: {numbers(each.table)}"]
    return " | ".join([f"| {claim.says}", claim.where, f"**{each.verdict}**", *cells, f"{notebook(each, page)} |"])


def _size(each: Judged, before: str = "") -> str:
    """Name the profile and the number of seeds; say where the runs were trained with an earlier setting of that profile."""
    if each.record is None:
        return ""
    earlier = ", earlier setting" if each.record.earlier else ""
    return f"{before}`{each.record.profile}`, {each.seeds} seed{'s' * (each.seeds != 1)}{earlier}"


def notebook(each: Judged, page: Path) -> str:
    """Link the executed notebook, or the notebook itself if it has not been executed; empty if no notebook tests the claim."""
    name = each.claim.notebook
    if not name:
        return ""
    folder = paths.REPOSITORY / (f"results/{each.record.profile}" if each.record else "notebooks")
    return f"[{name}]({os.path.relpath(folder / f'{name}.ipynb', page.parent)})"


def _chances(found: list[Judged]) -> str:
    seeds = sorted({each.seeds for each in found if each.seeds})
    return "\n".join(chance_told(number) for number in seeds)


def apart(page: Path) -> str:
    """Return what the notebooks compare besides the claims: controls, and methods that the papers do not compare."""
    lines = ["## Beside the claims", "", "Controls, other methods, other measures. They are not counted above.", ""]
    for record, sentences in judged.apart():
        link = os.path.relpath(record.path.parent / f"{record.name.partition('-')[0]}.ipynb", page.parent)
        lines += [f"- [{record.name}]({link})", *(f"  - {sentence}" for sentence in sentences)]
    return "\n".join(lines)


