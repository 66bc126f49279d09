"""Gallery: every table and figure of both papers, with the printed numbers, our numbers, and verdicts on the claims."""

import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image

from rainmer_lib import atomic, paths
from rainmer_lib.data.labels import TEST_SET_LABELS
from rainmer_lib.experiments.records import markdown
from rainmer_lib.site.executed import Executed
from rainmer_lib.workflow.catalogue import ITEMS, Item

SCORES = ("psnr", "ssim", "niqe", "brisque")
THUMBNAIL = (480, 320)
INTRODUCTION = """# Gallery

Every table and figure of the two papers, each with its own picture. A picture leads to the executed notebook that makes
it; *to do* means that no notebook has been run for the table or figure yet. The counts are of verdicts on the papers'
claims, one for each claim: [claims](/docs/claims.md) has them all, and the rule.

Our networks, images and budgets differ from the papers', and so does the protocol: compare rankings, not numbers. Our
numbers are printed as in the notebook, mean and standard deviation over seeds, under the protocol that it names: `prenet`
where it compares training runs. Profile `quick` shows that everything runs; its numbers mean nothing.
"""


@dataclass(frozen=True)
class Entry:
    """Table or figure of the catalogue, and the executed notebook that the site shows for it, if there is one."""

    item: Item
    executed: Executed | None

    @property
    def anchor(self) -> str:
        """Anchor of the entry on the page."""
        return f"{self.item.paper} {self.item.label}".lower().replace(".", "").replace(" ", "-")

    @property
    def picture(self) -> str:
        """Path of the entry's thumbnail, from the site's root."""
        return f"thumbnails/{self.anchor}.webp"

    @property
    def state(self) -> str:
        """Profile and verdicts on the claims, or `to do`."""
        if not self.executed:
            return "to do"
        return f"`{self.executed.profile}`" + (f", claims: {self.item.verdicts}" if self.item.verdicts else "")


def entries(notebooks: dict[str, Executed]) -> list[Entry]:
    """Combine the catalogue with the executed notebooks."""
    return [Entry(item, notebooks.get(item.notebook)) for item in ITEMS]


def beside(item: Item, executed: Executed) -> str:
    """Format the paper's numbers and ours as one Markdown table, or as two if their row names differ.

    Rows are ours in their order, then the paper's other rows; a dash means that one side lacks the row.  A published table
    without scores, such as a list of data sets, is shown alone.  Empty if the paper printed no table.
    """
    if not item.published:
        return ""
    paper, ours = _printed(item), _measured(item, executed)
    if not set(SCORES) & {column.split()[-1].lower() for column in paper.columns}:
        return markdown(paper)
    if not set(paper.index) & set(ours.index) or not ours.index.is_unique:
        return markdown(paper) + (f"\n{executed.profile}:\n\n{markdown(ours)}" if len(ours) else "")
    rows = list(ours.index) + [name for name in paper.index if name not in ours.index]
    table = pd.concat({"paper:": paper.reindex(rows), f"{executed.profile}:": ours.reindex(rows)}, axis=1)
    table.columns = [" ".join(column) for column in table.columns]
    return markdown(table.where(table.notna(), "–").rename_axis("row"))


def _printed(item: Item) -> pd.DataFrame:
    """Read a published table as text, digit by digit; row names are the index, columns are test sets and scores."""
    table = pd.read_csv(paths.published_root() / f"{item.published}.csv", dtype=str).fillna("–")
    scores = [name for name in SCORES if name in table]
    names = next((name for name in ("row", "method") if name in table), table.columns[0])
    if "test_set" not in table or names == "test_set":
        shown = table.set_index(names)[scores or [c for c in table.columns if c != names]]
        return shown.rename(columns=lambda name: name.upper() if name in scores else name.replace("_", " "))
    wide = table.pivot(index=names, columns="test_set", values=scores)
    columns = [(score, test_set) for test_set in dict.fromkeys(table.test_set) for score in scores]
    wide = wide.loc[list(dict.fromkeys(table[names])), columns]
    wide.columns = [f"{test_set} {score.upper()}" for score, test_set in columns]
    return wide


def _measured(item: Item, executed: Executed) -> pd.DataFrame:
    """Read the item's table as the notebook prints it, with its first column as the index; empty if there is none."""
    path = executed.path.with_name(f"{item.files}.md")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines if line.strip()]
    if len(cells) < 3:
        return pd.DataFrame()
    names = [" ".join(TEST_SET_LABELS.get(word, word) for word in name.split(" ")) for name in cells[0]]
    return pd.DataFrame(cells[2:], columns=names).set_index(names[0])


def write_thumbnail(entry: Entry, target: Path) -> bool:
    """Write a small picture of the entry, its own; return False if there is none."""
    item, file = entry.item, entry.item.picture_in(entry.executed.path.parent)
    if item.files or item.figure is None:
        found = file.read_bytes() if file else None
    else:
        found = next(iter(entry.executed.pictures()), None)
    if found is None:
        return False
    picture = Image.open(io.BytesIO(found)).convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    flat.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
    atomic.write(target / entry.picture, lambda part: flat.save(part, quality=82))
    return True


def write_page(notebooks: dict[str, Executed], target: Path) -> Path:
    """Write gallery.md and its thumbnails."""
    parts, paper = [INTRODUCTION], None
    for entry in entries(notebooks):
        if entry.item.paper != paper:
            paper = entry.item.paper
            parts.append(f"## {paper}\n\n{{.gallery}}")
        parts[-1] += f"\n- {card(entry, bool(entry.executed) and write_thumbnail(entry, target))}"
    tables = [section(entry) for entry in entries(notebooks) if entry.executed and entry.item.published]
    return atomic.write_text(target / "gallery.md", "\n\n".join([*parts, "## Numbers beside the papers'", *tables]) + "\n")


def card(entry: Entry, pictured: bool) -> str:
    """Format an entry of the list: picture, label, title, state."""
    item = entry.item
    if not entry.executed:
        return f"**{item.label}** {item.title}\n\n  {entry.state}"
    page = f"/{entry.executed.page}.ipynb"
    picture = f"[![{item.label}, {item.title}](/{entry.picture})]({page})\n\n  " if pictured else ""
    numbers = f", [numbers](#{entry.anchor})" if item.published else ""
    return f"{picture}[**{item.label}**]({page}) {item.title}\n\n  {entry.state}{numbers}"


def section(entry: Entry) -> str:
    """Format the numbers of an entry under a heading of their own."""
    item, executed = entry.item, entry.executed
    return (
        f"({entry.anchor})=\n### {item.paper}, {item.label}: {item.title}\n\n{entry.state}; "
        f"[notebook](/{executed.page}.ipynb)\n\n{beside(item, executed)}"
    )
