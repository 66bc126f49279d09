"""Select the executed notebooks that the site shows: each notebook at the largest profile for which it was run."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import nbformat

from rainmer_lib import atomic
from rainmer_lib.site.links import Pages, rewrite
from rainmer_lib.workflow.catalogue import PROFILES_SHOWN

PICTURES = ("image/png", "image/jpeg")


@dataclass(frozen=True)
class Executed:
    """One executed notebook: its name in the catalogue, its profile, its file."""

    stem: str
    profile: str
    path: Path

    @property
    def page(self) -> str:
        """Page of the notebook on the site, without suffix."""
        return f"notebooks/{self.stem}"

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
    return found


def best(results: Path) -> dict[str, Executed]:
    """Return the variant of each notebook at the largest profile, by the notebook's name."""
    largest = {each.stem: each for each in variants(results)}
    return {stem: largest[stem] for stem in sorted(largest)}


def write_page(executed: Executed, target: Path, pages: Pages) -> None:
    """Copy a notebook below `target`, with a line under its title on how it was run, and links that work on the site."""
    notebook = _read(executed.path)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = rewrite(cell.source, pages.source_of(executed.stem), pages)
    head, _, rest = notebook.cells[0].source.partition("\n")
    if notebook.cells[0].cell_type != "markdown" or not head.startswith("# "):
        raise ValueError(f"{executed.path}: the first cell must begin with a title, `# ...`; found {head!r}")
    notebook.cells[0].source = f"{head}\n\n{_how(executed, pages)}\n{rest}"
    atomic.write_text(target / f"{executed.page}.ipynb", nbformat.writes(notebook) + "\n")


def _how(executed: Executed, pages: Pages) -> str:
    """Describe how a notebook was run; `{.executed}` gives the paragraph its style (docs/_static/site.css)."""
    record = executed.record() or {}
    facts = {"commit": record.get("commit"), "torch": record.get("versions", {}).get("torch"), "device": record.get("device")}
    known = "".join(f", {name} {value}" for name, value in facts.items() if value)
    files = [executed.path.with_suffix(suffix) for suffix in (".csv", ".json")]
    links = [pages.link(path.suffix[1:], path) for path in files if path.exists()]
    words = f"{{.executed}}\nExecuted at profile `{executed.profile}`{known}."
    return words + (f" Data: {', '.join(links)}." if links else "")


def _read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)
