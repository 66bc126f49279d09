"""Catalogue of every table and figure of both papers: the notebook that makes it, its own figure, record and verdicts."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from rainmer_lib import paths
from rainmer_lib.workflow import headlines, judged

PROFILES_SHOWN = ("quick", "laptop", "gpu", "paper")


@dataclass(frozen=True)
class Item:
    """Table or figure of a paper, and the notebook that regenerates it.

    `published`: file of the printed numbers.  `record`: name of the results files if the notebook has several, None if there is
    no number of ours.  `figure`: which of the pictures beside the record is the item's own, `<record>-<figure>`; empty is
    `<record>`, or the first picture in the notebook without a record; None if the item is no picture.
    """

    paper: str
    label: str
    title: str
    notebook: str
    published: str = ""
    record: str | None = ""
    figure: str | None = ""

    @property
    def files(self) -> str:
        """Name of the results files, without suffix; empty if there is no number of ours."""
        return "" if self.record is None else self.record or self.notebook

    @property
    def picture(self) -> str:
        """Name of the file with the item's picture, without suffix; empty if it has none."""
        return "-".join(filter(None, (self.files, self.figure))) if self.files and self.figure is not None else ""

    def picture_in(self, folder: Path) -> Path | None:
        """Return the picture beside an executed notebook in `folder`, a JPEG if it shows photos, else a PNG; None without."""
        return next((p for kind in ("jpg", "png") if (p := folder / f"{self.picture}.{kind}").is_file()), None)

    @property
    def ours(self) -> str:
        """Our number, under the paper's protocol."""
        return headlines.ours(self.files, "rainmer" if self.paper == "Rainmer" else "prenet") if self.files else ""

    @property
    def verdicts(self) -> str:
        """Counts of the verdicts on the claims of this item; empty if the papers claim nothing of it."""
        return judged.counts(self.paper, self.label)

    @property
    def source(self) -> Path:
        """File of the notebook; it may not exist yet."""
        return paths.REPOSITORY / "notebooks" / f"{self.notebook}.ipynb"

    def results(self, folder: Path | None = None) -> list[str]:
        """List the profiles for which the executed notebook is in a folder of results, that of the repository without one."""
        folder = folder or paths.REPOSITORY / "results"
        return [p for p in PROFILES_SHOWN if (folder / p / f"{self.notebook}.ipynb").exists()]


ITEMS = (
    Item("DCD-GAN", "Table 1", "methods on four benchmarks", "benchmarks", "dcdgan_table1"),
    Item("DCD-GAN", "Table 2", "data sets", "benchmarks", "dcdgan_table2", record=None, figure=None),
    Item("DCD-GAN", "Table 3", "real photos, NIQE and BRISQUE", "real_world", "dcdgan_table3"),
    Item("DCD-GAN", "Table 4", "loss terms", "ablation_losses", "dcdgan_table4"),
    Item("DCD-GAN", "Table 5", "internal and external negatives", "ablation_negatives", "dcdgan_table5"),
    Item("DCD-GAN", "Table 6", "backward cycle", "ablation_backward_cycle", "dcdgan_table6"),
    Item("DCD-GAN", "Fig. 1", "unpaired methods on one photo", "benchmarks", figure="rain12"),
    Item("DCD-GAN", "Fig. 2", "architecture", "walkthroughs/04_two_way_translation", record=None),
    Item("DCD-GAN", "Fig. 3", "feature space with and without the CGB", "feature_space"),
    Item("DCD-GAN", "Fig. 4", "synthetic rain, images", "benchmarks", figure="rain100l"),
    Item("DCD-GAN", "Fig. 5", "SPA-Data, images", "benchmarks", figure="raincityscapes60"),
    Item("DCD-GAN", "Fig. 6", "real rain, images", "real_world", figure="mwd-rain136"),
    Item("DCD-GAN", "Fig. 7", "negatives, enlarged crops", "ablation_negatives", figure="crops"),
    Item("DCD-GAN", "Fig. 8", "clean-cue features", "ablation_backward_cycle", record="ablation_backward_cycle-features"),
    Item("DCD-GAN", "Fig. 9", "a sequence of domains", "cross_domain"),
    Item("DCD-GAN", "Fig. 10", "recognition, confidence of rain", "application"),
    Item("DCD-GAN", "Fig. 11", "CycleGAN and DCLGAN", "closely_related", figure="crops"),
    Item("DCD-GAN", "self-training", "rehearsals of removed rain, not in the paper", "self_training"),
    Item("DCD-GAN", "released code", "the objective, printed and released", "paper_versus_code", "dcdgan_released_code"),
    Item("Rainmer", "results table", "mixed training, seven test sets", "rainmer_benchmarks", "rainmer_results"),
    Item("Rainmer", "ablations", "views, prompts, interaction, alignment", "rainmer_ablations"),
    Item("Rainmer", "representations", "embedding maps of the views", "rainmer_representations"),
    Item("Rainmer", "detection", "objects found before and after", "application", record="application-rainmer"),
    Item("Rainmer", "all-in-one", "rain, drops and snow in one model", "all_in_one"),
)


def meant_by(name: str, notebooks: Iterable[str]) -> list[str]:
    """Return the notebooks that a name may mean: a table's or a figure's, such as Table 5, or nearly a notebook's."""
    found = [item.notebook for item in ITEMS if _plain(name) in (_plain(item.label), _plain(item.paper + item.label))]
    by_name = {_plain(known.split("/")[-1]): known for known in notebooks}
    near = [by_name[close] for close in get_close_matches(_plain(name.split("/")[-1]), by_name, n=3, cutoff=0.7)]
    return list(dict.fromkeys(found + near))


def _plain(name: str) -> str:
    letters = re.sub(r"[^a-z0-9]", "", name.lower().removesuffix(".ipynb"))
    return re.sub(r"(?<![a-z])tab(?=\d)", "table", letters.replace("figure", "fig"))


def table(page: Path) -> str:
    """Format the catalogue as a Markdown table; links are relative to the file `page`."""
    titles = ["paper", "table or figure", "what", "results", "the paper prints", "ours", "verdicts on its claims"]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for item in ITEMS:
        name = item.notebook.split("/")[-1]
        notebook = _link(name, item.source, page) if item.source.exists() else f"{name}, to do"
        folder = paths.REPOSITORY / "results"
        done = ", ".join(_link(p, folder / p / f"{item.notebook}.ipynb", page) for p in item.results())
        cells = [item.paper, item.label, item.title, f"{notebook}{': ' + done if done else ''}"]
        lines.append(f"| {' | '.join([*cells, headlines.printed(item.published), item.ours, item.verdicts])} |")
    return "\n".join(lines)


def _link(text: str, path: Path, page: Path) -> str:
    return f"[{text}]({os.path.relpath(path, page.parent)})"
