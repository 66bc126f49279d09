"""Map of the papers: section -> module -> notebook, from the tables of the start notebook."""

import re
from pathlib import Path

import nbformat

from rainmer_lib import atomic
from rainmer_lib.site.executed import Executed
from rainmer_lib.workflow.catalogue import ITEMS

COLUMNS = ("paper", "module", "notebook")
START = "00_start_here"
INTRODUCTION = """# From the papers to the code

Modules and notebooks of each section, equation, table and figure. Modules link to the [reference](/api/index.rst), notebooks to
their executed form; a notebook without a link has not been run yet.
"""


def read_maps(notebook: Path) -> dict[str, list[tuple[str, ...]]]:
    """Read every table with the columns paper, module, notebook in a notebook's Markdown: heading -> rows.

    ValueError if there is none, because the start notebook is the only place that holds the map.
    """
    maps: dict[str, list[tuple[str, ...]]] = {}
    heading, inside = "", False
    for cell in nbformat.read(notebook, as_version=4).cells:
        for line in cell.source.splitlines() if cell.cell_type == "markdown" else ():
            heading = line.lstrip("# ") if line.startswith("#") else heading
            cells = tuple(part.strip() for part in line.strip().strip("|").split("|"))
            if cells == COLUMNS:
                inside, maps[heading] = True, []
            elif inside and line.startswith("|"):
                if not set(line) <= set("|-: "):
                    maps[heading].append(cells)
            else:
                inside = False
    if not maps or any(len(row) != len(COLUMNS) for rows in maps.values() for row in rows):
        raise ValueError(f"{notebook}: found no table of the columns {' | '.join(COLUMNS)}, or a row of another length")
    return maps


def module_links(text: str, modules: set[str]) -> str:
    """Link modules in code spans, such as `dcdgan/translation.py`, to their place in the reference; other text stays."""

    def linked(found: re.Match) -> str:
        name = "rainmer_lib." + found[1].replace("/", ".")
        return f"{{py:mod}}`{found[1]}.py <{name}>`" if name in modules else found[0]

    return re.sub(r"`([\w/]+)\.py`", linked, text)


def notebook_links(text: str, notebooks: dict[str, Executed]) -> str:
    """Link notebooks in code spans, such as `ablation_negatives`, to their pages, if they have been executed."""

    def linked(found: re.Match) -> str:
        return f"[`{found[1]}`](/{notebooks[found[1]].page}.ipynb)" if found[1] in notebooks else found[0]

    return re.sub(r"`([\w/]+)`", linked, text)


def page(start: Path, notebooks: dict[str, Executed], modules: set[str]) -> str:
    """Compose the page: the maps of the start notebook, then the tables and figures of both papers from the catalogue."""
    parts = [INTRODUCTION]
    for heading, rows in read_maps(start).items():
        lines = ["| paper | module | notebook |", "|---|---|---|"]
        for place, module, notebook in rows:
            notebook = notebook_links(notebook.replace("this one", f"`{START}`"), notebooks)
            lines.append(f"| {place} | {module_links(module, modules)} | {notebook} |")
        parts.append(f"## {heading}\n\n" + "\n".join(lines))
    for paper in dict.fromkeys(item.paper for item in ITEMS):
        lines = [f"## Tables and figures of {paper}\n", "| table or figure | what | notebook |", "|---|---|---|"]
        for item in (item for item in ITEMS if item.paper == paper):
            lines.append(f"| {item.label} | {item.title} | {notebook_links(f'`{item.notebook}`', notebooks)} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def write_page(start: Path, notebooks: dict[str, Executed], modules: set[str], target: Path) -> Path:
    """Write section_map.md."""
    return atomic.write_text(target / "section_map.md", page(start, notebooks, modules))
