"""The executed notebooks as pages: each at the largest profile of its executions, and at the others beside it."""

import base64
import io
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
import pandas as pd
from PIL import Image

from rainmer_lib import atomic
from rainmer_lib.data.labels import TEST_SET_LABELS
from rainmer_lib.site.links import Pages, rewrite
from rainmer_lib.workflow import judged
from rainmer_lib.workflow.catalogue import PROFILES_SHOWN

PICTURES = ("image/png", "image/jpeg")
LOG = re.compile(r": step \d+/\d+")  # a line of a training log
FOLDED = "hide-output"  # tag of cells whose output is folded away
HIDDEN = "hide-input"  # tag of cells whose source is folded away
SOLVED = {"exercise", "check"}  # cells that hold solutions: a reader opens them after a try
INJECTED = "injected-parameters"  # tag of the cell that the runner adds; how a notebook was run stands under its title
_SETS = {name: label for name, label in TEST_SET_LABELS.items() if label.lower() == name}  # names in another case
_NAME_IN_CELL = re.compile(rf"(<t[dh][^>]*>\s*)({'|'.join(_SETS)})(?=\s*</t[dh]>)")


@dataclass(frozen=True)
class Executed:
    """One executed notebook: its name in the catalogue, its profile, its file, and whether no larger profile has one."""

    stem: str
    profile: str
    path: Path
    largest: bool = True

    @property
    def page(self) -> str:
        """Page of the notebook on the site, without suffix."""
        return f"notebooks/{self.stem}" if self.largest else f"{self.profile}/{self.stem}"

    def record(self) -> dict | None:
        """Read the record beside the notebook; None for walkthroughs, which have none."""
        path = self.path.with_suffix(".json")
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def pictures(self) -> list[bytes]:
        """Return the pictures among the notebook's outputs, in order."""
        bundles = [output.get("data", {}) for cell in _read(self.path).cells for output in cell.get("outputs", [])]
        found = (next((bundle[kind] for kind in PICTURES if kind in bundle), None) for bundle in bundles)
        return [base64.b64decode(picture) for picture in found if picture]


def variants(results: Path) -> list[Executed]:
    """List the executed notebooks of all profiles, except those run with changed parameters and interrupted ones."""
    found = []
    for profile in PROFILES_SHOWN:
        for path in sorted((results / profile).rglob("*.ipynb")):
            inside = path.relative_to(results / profile)
            usual = "__" not in inside.name and not any(part.startswith(".") for part in inside.parts)
            if usual and inside.parts[0] != "runs" and not path.name.endswith(".partial.ipynb"):
                found.append(Executed(inside.with_suffix("").as_posix(), profile, path))
    last = {each.stem: each for each in found}
    return [replace(each, largest=each == last[each.stem]) for each in found]


def best(results: Path) -> dict[str, Executed]:
    """Return the variant of each notebook at the largest profile, by the notebook's name."""
    largest = {each.stem: each for each in variants(results) if each.largest}
    return {stem: largest[stem] for stem in sorted(largest)}


def write_page(executed: Executed, target: Path, pages: Pages) -> None:
    """Copy a notebook below `target`, for the site.

    Under its title stands how it was run, at the end of that cell the verdicts on its claims.  Links work, test sets have
    their papers' names in tables, training logs are folded.  A page that is not of the largest profile is in neither the
    contents nor the search.  Solutions of exercises, imports and injected parameters are folded.
    """
    notebook = _read(executed.path)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = rewrite(cell.source, pages.source_of(executed.stem), pages)
        else:
            _tidy(cell)
    head, _, rest = notebook.cells[0].source.partition("\n")
    if notebook.cells[0].cell_type != "markdown" or not head.startswith("# "):
        raise ValueError(f"{executed.path}: the first cell must begin with a title, `# ...`; found {head!r}")
    notebook.cells[0].source = "\n".join([head, "", _how(executed, pages), rest, _verdicts(executed)]).rstrip("\n")
    if not executed.largest:
        notebook.metadata |= {"orphan": True, "nosearch": True}
        for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = fewer_colours(output.data["image/png"])
    atomic.write_text(target / f"{executed.page}.ipynb", nbformat.writes(notebook) + "\n")


def _tidy(cell: nbformat.NotebookNode) -> None:
    """Fold solutions, imports and outputs that are training logs; in tables, write test sets as papers name them."""
    tags = cell.metadata.get("tags", [])
    if {*SOLVED, INJECTED} & set(tags) or _imports(cell):
        cell.metadata["tags"] = [*tags, HIDDEN]
    outputs = cell.get("outputs", [])
    if outputs and all(output.output_type == "stream" for output in outputs) and LOG.search("".join(o.text for o in outputs)):
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), FOLDED]
    for output in outputs:
        if "text/html" in output.get("data", {}):
            output.data["text/html"] = paper_names(output.data["text/html"])


def _imports(cell: nbformat.NotebookNode) -> bool:
    """Return whether a cell is a beginning of imports that shows nothing; not that of an exercise, which stands alone."""
    begins = cell.source.startswith(("import ", "from "))
    return begins and not cell.get("outputs") and "exercise-setup" not in cell.metadata.get("tags", [])


def fewer_colours(picture: str) -> str:
    """Return a PNG in base64 with a palette of 64 colours, a third of its size: for pages whose numbers mean nothing."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB").quantize(64).save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()


def paper_names(table: str) -> str:
    """Write names of test sets in the cells of an HTML table as papers do: `rain100l` becomes `Rain100L`."""
    return _NAME_IN_CELL.sub(lambda found: found[1] + _SETS[found[2]], table)


def _verdicts(executed: Executed) -> str:
    """Return the verdicts on the notebook's claims, from its records; empty at a profile whose numbers mean nothing."""
    if executed.profile not in judged.SIZES:
        return ""
    records = sorted(executed.path.parent.glob(f"{executed.path.stem}-*.json"))
    told = [_told(path) for path in (executed.path.with_suffix(".json"), *records) if path.exists()]
    found = "\n".join(filter(None, told))
    return f"\n**Verdicts**, computed from the record:\n\n{found}\n" if found else ""


def _told(record: Path) -> str:
    return judged.in_words(record.stem, pd.DataFrame(json.loads(record.read_text(encoding="utf-8"))["claims"]))


def _how(executed: Executed, pages: Pages) -> str:
    """Describe how a notebook was run; `{.executed}` gives the paragraph its style (docs/_static/site.css)."""
    record = executed.record() or {}
    facts = {"commit": record.get("commit"), "torch": record.get("versions", {}).get("torch"), "device": record.get("device")}
    known = "".join(f", {name} {value}" for name, value in facts.items() if value)
    files = [executed.path.with_suffix(suffix) for suffix in (".csv", ".json")]
    links = [pages.link(path.suffix[1:], path) for path in files if path.exists()]
    also = [pages.link(name, path) for name, path in _others(executed, pages).items()]
    words = f"{{.executed}}\nExecuted at profile `{executed.profile}`{known}."
    words += f" Data: {', '.join(links)}." if links else ""
    return words + (f" The same at {', '.join(also)}." if also else "")


def _others(executed: Executed, pages: Pages) -> dict[str, Path]:
    """Return the other profiles at which the notebook has a page, and its file there."""
    results = executed.path.parents[executed.stem.count("/") + 1]
    found = {name: results / name / f"{executed.stem}.ipynb" for name in PROFILES_SHOWN if name != executed.profile}
    return {name: path for name, path in found.items() if path in pages.of}


def _read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)
