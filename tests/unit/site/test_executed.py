"""Executed notebooks as pages: which profile is shown, how it was run, links that hold."""

import base64
import io

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from rainmer_lib.site import executed
from rainmer_lib.site.links import Pages


def test_of_each_notebook_the_largest_profile_is_shown(results):
    found = executed.best(results)
    assert {stem: each.profile for stem, each in found.items()} == {
        "ablation_negatives": "laptop", "walkthroughs/02_measuring_deraining": "quick",
    }  # fmt: skip
    assert found["walkthroughs/02_measuring_deraining"].record() is None


def test_a_page_says_how_it_was_run_and_its_links_hold(results, tmp_path, write_notebook):
    shown = executed.best(results)["ablation_negatives"]
    write_notebook(shown.path, "# Negatives\n\nSee [the card](../card.md), [here](#here).")
    (results.parent / "card.md").write_text("card")
    executed.write_page(shown, tmp_path / "site", Pages(results.parent, tmp_path / "site"))
    page = nbformat.read(tmp_path / "site" / "notebooks" / "ablation_negatives.ipynb", 4)
    title, _, _, how, _, rest, _, verdicts, _, *told = page.cells[0].source.split("\n")
    assert verdicts == "**Verdicts**, computed from the record:" and [line.split(":")[0] for line in told] == [
        "- **supported**", "- **inconclusive**"
    ]  # fmt: skip
    assert told[0].endswith("PSNR, both against internal: supported. PSNR, internal against external: supported.")
    assert title == "# Negatives" and rest == "See {download}`the card </files/card.md>`, [here](#here)."
    assert how.startswith("Executed at profile `laptop`, commit abc, torch 2.13, device cpu. Data: {download}`csv <")
    assert (tmp_path / "site" / "files" / "results" / "laptop" / "ablation_negatives.csv").exists()
    assert len(page.cells[1].outputs) == 1


def test_every_profile_has_its_own_page(results, tmp_path):
    shown = {each.profile: each for each in executed.variants(results) if each.stem == "ablation_negatives"}
    assert [each.page for each in shown.values()] == ["quick/ablation_negatives", "notebooks/ablation_negatives"]
    pages = Pages(results.parent, tmp_path, {each.path: f"{each.page}.ipynb" for each in shown.values()})
    for profile, other in (("quick", "laptop"), ("laptop", "quick")):
        executed.write_page(shown[profile], tmp_path, pages)
        page = nbformat.read(tmp_path / f"{shown[profile].page}.ipynb", 4)
        assert f"The same at [{other}](/{shown[other].page}.ipynb)." in page.cells[0].source
        assert page.metadata.get("orphan", False) == page.metadata.get("nosearch", False) == (profile == "quick")
        picture = Image.open(io.BytesIO(base64.b64decode(page.cells[1].outputs[0].data["image/png"])))
        assert (picture.mode, picture.size) == ("P" if profile == "quick" else "RGB", (600, 300))
        assert ("**Verdicts**" in page.cells[0].source) == (profile == "laptop"), "numbers at quick mean nothing"


def test_solutions_of_exercises_are_folded(results, tmp_path):
    shown = executed.best(results)["walkthroughs/02_measuring_deraining"]
    tags = (["exercise-setup"], ["exercise"], ["nbval-check-output", "check"], [])
    cells = [new_code_cell("a", metadata={"tags": each}) for each in tags]
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title"), *cells]), shown.path)
    executed.write_page(shown, tmp_path, Pages(results.parent, tmp_path))
    page = nbformat.read(tmp_path / f"{shown.page}.ipynb", 4)
    assert ["hide-input" in cell.metadata.get("tags", []) for cell in page.cells[1:]] == [False, True, True, False]


def test_imports_and_injected_parameters_are_folded(results, tmp_path):
    """What a cell of imports shows stays, and so do the imports of an exercise."""
    shown = executed.best(results)["ablation_negatives"]
    cells = [new_code_cell("a: int = 1", metadata={"tags": ["parameters"]}),
             new_code_cell("a = 2", metadata={"tags": ["injected-parameters"]}), new_code_cell("import math\n\nprepare()"),
             new_code_cell("import torch", metadata={"tags": ["exercise-setup"]}),
             new_code_cell("from a import b\n\nprint(b)", outputs=[new_output("stream", text="b\n")])]  # fmt: skip
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title"), *cells]), shown.path)
    executed.write_page(shown, tmp_path, Pages(results.parent, tmp_path))
    page = nbformat.read(tmp_path / f"{shown.page}.ipynb", 4)
    assert ["hide-input" in cell.metadata.get("tags", []) for cell in page.cells[1:]] == [False, True, True, False, False]


def test_logs_are_folded_and_tables_have_the_papers_names(results, tmp_path):
    shown = executed.best(results)["ablation_negatives"]
    log = new_output("stream", text="both, seed 0: step 300/1200  adversarial 0.3\n")
    table = new_output("display_data", {"text/html": "<td>rain100l</td><th>rain12</th><td>rain100l.csv</td>"})
    cells = [new_code_cell("a", outputs=[log]), new_code_cell("b", outputs=[new_output("stream", text="3 photos\n")]),
             new_code_cell("c", outputs=[log, table]), new_code_cell("d", outputs=[])]  # fmt: skip
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title"), *cells]), shown.path)
    executed.write_page(shown, tmp_path, Pages(results.parent, tmp_path))
    page = nbformat.read(tmp_path / f"{shown.page}.ipynb", 4)
    assert [cell.metadata.get("tags", []) for cell in page.cells[1:]] == [["hide-output"], [], [], []]
    assert page.cells[3].outputs[1].data["text/html"] == "<td>Rain100L</td><th>Rain12</th><td>rain100l.csv</td>"


def test_a_notebook_without_a_title_is_named(results, tmp_path, write_notebook):
    write_notebook(results / "laptop" / "ablation_negatives.ipynb", "no title")
    with pytest.raises(ValueError, match="ablation_negatives.ipynb: the first cell must begin with a title"):
        executed.write_page(executed.best(results)["ablation_negatives"], tmp_path, Pages(results.parent, tmp_path))
