"""Catalogue of every table and figure of both papers: the notebook that makes it, and the profiles with results.

`python -m rainmer_lib.workflow.catalogue README.md` writes the table in README.md from this catalogue.
"""

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from rainmer_lib import atomic, paths
from rainmer_lib.workflow import headlines

PROFILES_SHOWN = ("quick", "laptop", "paper")
BEGIN, END = "<!-- catalogue: begin, generated -->", "<!-- catalogue: end -->"


@dataclass(frozen=True)
class Item:
    """Table or figure of a paper, and the notebook that regenerates it.

    `published`: file of the printed numbers.  `record`: name of the results files if the notebook has several, None if there is
    no number of ours.
    """

    paper: str
    label: str
    title: str
    notebook: str
    published: str = ""
    record: str | None = ""

    @property
    def ours(self) -> str:
        """Our number, under the paper's protocol."""
        if self.record is None:
            return ""
        return headlines.ours(self.record or self.notebook, "rainmer" if self.paper == "Rainmer" else "prenet")

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
    Item("DCD-GAN", "Table 2", "data sets", "benchmarks", "dcdgan_table2", record=None),
    Item("DCD-GAN", "Table 3", "real photos, NIQE and BRISQUE", "real_world", "dcdgan_table3"),
    Item("DCD-GAN", "Table 4", "loss terms", "ablation_losses", "dcdgan_table4"),
    Item("DCD-GAN", "Table 5", "internal and external negatives", "ablation_negatives", "dcdgan_table5"),
    Item("DCD-GAN", "Table 6", "backward cycle", "ablation_backward_cycle", "dcdgan_table6"),
    Item("DCD-GAN", "Fig. 1", "unpaired methods on one photo", "benchmarks"),
    Item("DCD-GAN", "Fig. 2", "architecture", "walkthroughs/02_two_way_translation"),
    Item("DCD-GAN", "Fig. 3", "feature space with and without the CGB", "feature_space"),
    Item("DCD-GAN", "Fig. 4", "synthetic rain, images", "benchmarks"),
    Item("DCD-GAN", "Fig. 5", "SPA-Data, images", "benchmarks"),
    Item("DCD-GAN", "Fig. 6", "real rain, images", "real_world"),
    Item("DCD-GAN", "Fig. 7", "negatives, enlarged crops", "ablation_negatives"),
    Item("DCD-GAN", "Fig. 8", "clean-cue features", "ablation_backward_cycle", record="ablation_backward_cycle-features"),
    Item("DCD-GAN", "Fig. 9", "a sequence of domains", "cross_domain"),
    Item("DCD-GAN", "Fig. 10", "recognition, confidence of rain", "application"),
    Item("DCD-GAN", "Fig. 11", "CycleGAN and DCLGAN", "closely_related"),
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


def table() -> str:
    """Format the catalogue as a Markdown table."""
    lines = ["| paper | table or figure | what | results | the paper prints | ours |", "|---|---|---|---|---|---|"]
    for item in ITEMS:
        name = item.notebook.split("/")[-1]
        notebook = f"[{name}](notebooks/{item.notebook}.ipynb)" if item.source.exists() else f"{name}, to do"
        done = ", ".join(f"[{p}](results/{p}/{item.notebook}.ipynb)" for p in item.results())
        numbers = f"{headlines.printed(item.published)} | {item.ours}"
        lines.append(f"| {item.paper} | {item.label} | {item.title} | {notebook}{': ' + done if done else ''} | {numbers} |")
    return "\n".join(lines)


def with_table(text: str) -> str:
    """Replace the part of `text` between the two marks by the current table."""
    head, _, rest = text.partition(BEGIN)
    _, found, tail = rest.partition(END)
    if not found:
        raise ValueError(f"the text lacks the marks {BEGIN} and {END}")
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    atomic.write_text(target, with_table(target.read_text(encoding="utf-8")))
