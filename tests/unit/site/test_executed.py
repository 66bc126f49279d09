"""Executed notebooks as pages: which profile is shown, how it was run, links that hold."""

import nbformat
import pytest

from rainmer_lib.site import executed
from rainmer_lib.site.links import Pages


def test_of_each_notebook_the_largest_profile_is_shown(results):
    found = executed.best(results)
    assert {stem: each.profile for stem, each in found.items()} == {
        "ablation_negatives": "laptop", "walkthroughs/08_measuring_deraining": "quick",
    }  # fmt: skip
    assert found["walkthroughs/08_measuring_deraining"].record() is None


def test_a_page_says_how_it_was_run_and_its_links_hold(results, tmp_path, write_notebook):
    shown = executed.best(results)["ablation_negatives"]
    write_notebook(shown.path, "# Negatives\n\nSee [the card](../card.md), [here](#here).")
    (results.parent / "card.md").write_text("card")
    executed.write_page(shown, tmp_path / "site", Pages(results.parent, tmp_path / "site"))
    page = nbformat.read(tmp_path / "site" / "notebooks" / "ablation_negatives.ipynb", 4)
    title, _, _, how, _, rest = page.cells[0].source.split("\n")
    assert title == "# Negatives" and rest == "See {download}`the card </files/card.md>`, [here](#here)."
    assert how.startswith("Executed at profile `laptop`, commit abc, torch 2.13, device cpu. Data: {download}`csv <")
    assert (tmp_path / "site" / "files" / "results" / "laptop" / "ablation_negatives.csv").exists()
    assert len(page.cells[1].outputs) == 1


def test_a_notebook_without_a_title_is_named(results, tmp_path, write_notebook):
    write_notebook(results / "laptop" / "ablation_negatives.ipynb", "no title")
    with pytest.raises(ValueError, match="ablation_negatives.ipynb: the first cell must begin with a title"):
        executed.write_page(executed.best(results)["ablation_negatives"], tmp_path, Pages(results.parent, tmp_path))
