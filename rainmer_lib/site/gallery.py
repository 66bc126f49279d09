"""The gallery: every table and figure of both papers, what was printed, what was measured here, what became of the claims."""

import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image

from rainmer_lib import atomic, paths
from rainmer_lib.claims.over_seeds import told
from rainmer_lib.experiments.records import markdown
from rainmer_lib.site.executed import Executed
from rainmer_lib.workflow.catalogue import ITEMS, Item

SCORES = ("psnr", "ssim", "niqe", "brisque")
THUMBNAIL = (480, 320)
INTRODUCTION = """# Gallery

Every table and figure of the two papers. A picture leads to the executed notebook that makes it; *to do* means that no
notebook has been run for the item yet.

**How to read the verdicts.** A paper's claim is an order of rows. *Seen*: our runs show the order with every seed, of at
least three, and by more than its spread; *not seen*: the opposite order likewise; *not decidable*: anything else, and whatever
has fewer than three seeds. Our networks, images and budgets are others than the papers', and so is the protocol: compare
orders, not numbers. Of two rows without any difference, three seeds make *seen* one time in ten, and *not seen* as often: among
many comparisons, expect some of either. *Over images* asks whether other images would say the same of these runs, not whether
other runs would. Ours stand as the notebook prints them, mean and standard deviation over seeds, under the protocol that it
names: `prenet` where it compares training runs. Profile `quick` shows that everything runs; its numbers mean nothing.
"""


@dataclass(frozen=True)
class Entry:
    """An item of the catalogue and the executed notebook that the site shows for it, if there is one."""

    item: Item
    executed: Executed | None

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return f"{self.item.paper} {self.item.label}".lower().replace(".", "").replace(" ", "-")

    @property
    def picture(self) -> str:
        """Its thumbnail, from the site's root."""
        return f"thumbnails/{self.anchor}.webp"

    @property
    def state(self) -> str:
        """Profile and verdicts, or `to do`."""
        if not self.executed:
            return "to do"
        verdicts = told(claim["verdict"] for claim in (self.executed.record() or {}).get("claims", []))
        return f"`{self.executed.profile}`" + (f", comparisons: {verdicts}" if verdicts else "")


def entries(notebooks: dict[str, Executed]) -> list[Entry]:
    """The catalogue, with the notebooks that are there."""
    return [Entry(item, notebooks.get(item.notebook)) for item in ITEMS]


def beside(item: Item, executed: Executed) -> str:
    """The paper's numbers and ours in one Markdown table; two tables where their rows do not have the same names.

    Rows are ours in their order, then the paper's others; a dash means that one side has no such row.  A published table
    without scores, such as a list of data sets, stands alone.  Empty where the paper printed none.
    """
    if not item.published:
        return ""
    paper, ours = _printed(item), _measured(executed)
    if not set(SCORES) & {column.split()[-1].lower() for column in paper.columns}:
        return markdown(paper)
    if not set(paper.index) & set(ours.index) or not ours.index.is_unique:
        return markdown(paper) + (f"\n{executed.profile}:\n\n{markdown(ours)}" if len(ours) else "")
    rows = list(ours.index) + [name for name in paper.index if name not in ours.index]
    table = pd.concat({"paper:": paper.reindex(rows), f"{executed.profile}:": ours.reindex(rows)}, axis=1)
    table.columns = [" ".join(column) for column in table.columns]
    return markdown(table.where(table.notna(), "–").rename_axis("row")).replace(" ± ", "\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}")


def _printed(item: Item) -> pd.DataFrame:
    """A published table as text, digit by digit; its names as the index, a column for each test set and score."""
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


def _measured(executed: Executed) -> pd.DataFrame:
    """Our table, as the notebook prints it; its first column as the index.  Empty if there is none."""
    path = executed.path.with_suffix(".md")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines if line.strip()]
    return pd.DataFrame(cells[2:], columns=cells[0]).set_index(cells[0][0]) if len(cells) > 2 else pd.DataFrame()


def write_thumbnail(entry: Entry, target: Path) -> bool:
    """A small picture of the item: for a figure the notebook's further pictures first, for a table its plot.

    False if there is none.
    """
    main = entry.executed.path.with_suffix(".png")
    figures = [path for path in (main, *sorted(main.parent.glob(f"{main.stem}-*.png"))) if path.exists()]
    if entry.item.label.startswith("Fig") and len(figures) > 1:
        figures = figures[1:]
    found = figures[0].read_bytes() if figures else next(iter(entry.executed.pictures()), None)
    if found is None:
        return False
    picture = Image.open(io.BytesIO(found)).convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    flat.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
    atomic.write(target / entry.picture, lambda part: flat.save(part, quality=82))
    return True


def write_page(notebooks: dict[str, Executed], target: Path) -> Path:
    """gallery.md and its thumbnails."""
    parts, paper = [INTRODUCTION], None
    for entry in entries(notebooks):
        if entry.item.paper != paper:
            paper = entry.item.paper
            parts.append(f"## {paper}\n\n{{.gallery}}")
        parts[-1] += f"\n- {card(entry, bool(entry.executed) and write_thumbnail(entry, target))}"
    tables = [section(entry) for entry in entries(notebooks) if entry.executed and entry.item.published]
    return atomic.write_text(target / "gallery.md", "\n\n".join([*parts, "## Numbers beside the papers'", *tables]) + "\n")


def card(entry: Entry, pictured: bool) -> str:
    """An item of the list: picture, label, title, state."""
    item = entry.item
    if not entry.executed:
        return f"**{item.label}** {item.title}\n\n  {entry.state}"
    page = f"/{entry.executed.page}.ipynb"
    picture = f"[![{item.label}, {item.title}](/{entry.picture})]({page})\n\n  " if pictured else ""
    numbers = f", [numbers](#{entry.anchor})" if item.published else ""
    return f"{picture}[**{item.label}**]({page}) {item.title}\n\n  {entry.state}{numbers}"


def section(entry: Entry) -> str:
    """The numbers of an item under a heading of their own."""
    item, executed = entry.item, entry.executed
    return (
        f"({entry.anchor})=\n### {item.paper}, {item.label}: {item.title}\n\n{entry.state}; "
        f"[notebook](/{executed.page}.ipynb)\n\n{beside(item, executed)}"
    )
