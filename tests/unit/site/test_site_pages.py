"""The generators of the site: which notebooks, which numbers and verdicts, links that hold, docstrings that survive."""

import base64
import io
import json

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from rainmer_lib import paths
from rainmer_lib.site import executed, gallery, reference, section_map
from rainmer_lib.site.__main__ import main
from rainmer_lib.site.links import Pages, rewrite
from rainmer_lib.workflow.catalogue import ITEMS, Item

TABLE_5 = next(item for item in ITEMS if item.label == "Table 5")
FIG_7 = next(item for item in ITEMS if item.label == "Fig. 7")


def png(colour):
    buffer = io.BytesIO()
    Image.new("RGB", (600, 300), colour).save(buffer, "PNG")
    return buffer.getvalue()


def write_notebook(path, text="# Title\n\nwords", colour="red"):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = new_output("display_data", {"image/png": base64.b64encode(png(colour)).decode()})
    cells = [new_markdown_cell(text), new_code_cell("1", outputs=[picture], execution_count=1)]
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture
def results(tmp_path):
    """ablation_negatives at two profiles, one walkthrough, and notebooks that are no results."""
    folder = tmp_path / "repository" / "results"
    for profile in ("quick", "laptop"):
        path = write_notebook(folder / profile / "ablation_negatives.ipynb", text=f"# Negatives\n\nat {profile}")
        claims = [{"verdict": "seen"}, {"verdict": "not decidable"}, {"verdict": "seen"}]
        facts = {"claims": claims, "commit": "abc", "versions": {"torch": "2.13"}, "device": "cpu"}
        path.with_suffix(".json").write_text(json.dumps(facts))
        path.with_suffix(".csv").write_text("method,psnr\n")
        path.with_suffix(".md").write_text("| negatives | PSNR |\n| --- | --- |\n| input | 25.00 |\n| both | 27.00 ± 1.41 |\n")
        path.with_suffix(".png").write_bytes(png("green"))
        path.with_name("ablation_negatives-crops.png").write_bytes(png("blue"))
    write_notebook(folder / "quick" / "walkthroughs" / "08_measuring_deraining.ipynb")
    for name in ("quick/ablation_negatives__seeds-1", "laptop/runs/x/y", "quick/cut.partial", "quick/.ipynb_checkpoints/z"):
        write_notebook(folder / f"{name}.ipynb")
    return folder


def test_of_each_notebook_the_largest_profile_is_shown(results):
    found = executed.best(results)
    assert {stem: each.profile for stem, each in found.items()} == {
        "ablation_negatives": "laptop", "walkthroughs/08_measuring_deraining": "quick",
    }  # fmt: skip
    assert found["walkthroughs/08_measuring_deraining"].record() is None


def test_a_page_says_how_it_was_run_and_its_links_hold(results, tmp_path):
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


def test_a_notebook_without_a_title_is_named(results, tmp_path):
    write_notebook(results / "laptop" / "ablation_negatives.ipynb", "no title")
    with pytest.raises(ValueError, match="ablation_negatives.ipynb: the first cell is to begin with a title"):
        executed.write_page(executed.best(results)["ablation_negatives"], tmp_path, Pages(results.parent, tmp_path))


def test_links_lead_to_pages_copies_or_words(tmp_path):
    for name in ("docs/a.md", "docs/b.md", "data.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    pages = Pages(tmp_path, tmp_path / "site", {tmp_path / "docs" / "b.md": "docs/b.md"})
    text = "[b](b.md#part) [`d`](../data.csv) [f](../docs) [w](https://w.org) [m](mailto:x) `[c](gone.md)` ![p](b.md)"
    assert rewrite(text, tmp_path / "docs" / "a.md", pages) == (
        "[b](/docs/b.md#part) {download}`d </files/data.csv>` f [w](https://w.org) [m](mailto:x) `[c](gone.md)` "
        "![p](/docs/b.md)"
    )
    assert (tmp_path / "site" / "files" / "data.csv").read_text() == "data.csv"
    with pytest.raises(ValueError, match="a.md: the link to gone.md leads nowhere"):
        rewrite("[c](gone.md)", tmp_path / "docs" / "a.md", pages)


def test_every_item_has_its_card_with_state_and_verdicts(results, tmp_path):
    gallery.write_page(executed.best(results), tmp_path)
    text = (tmp_path / "gallery.md").read_text()
    cards = text.partition("## Numbers")[0].split("\n- ")[1:]
    for item, card in zip(ITEMS, cards, strict=True):
        assert f"**{item.label}**" in card and item.title in card
        page = f"(/notebooks/{item.notebook}.ipynb)"
        assert card.count(page) == (2 if item.notebook == "ablation_negatives" else 0), "picture and label lead to it"
    assert text.count("`laptop`, comparisons: 2 seen, 1 not decidable") == 3, "two cards and one heading of numbers"
    assert text.count("to do\n") == len(ITEMS) - 2


def test_a_figure_shows_crops_and_a_table_the_plot(results, tmp_path):
    shown = executed.best(results)
    walkthrough = Item("DCD-GAN", "Fig. 2", "x", "walkthroughs/08_measuring_deraining")
    for item, colour in ((TABLE_5, (0, 128, 0)), (FIG_7, (0, 0, 255)), (walkthrough, (255, 0, 0))):
        entry = gallery.Entry(item, shown[item.notebook])
        assert gallery.write_thumbnail(entry, tmp_path)
        picture = np.asarray(Image.open(tmp_path / entry.picture).convert("RGB")).astype(int)
        assert picture.shape == (240, 480, 3) and np.abs(picture - colour).max() < 12


def test_the_papers_numbers_stand_beside_ours_digit_by_digit(results):
    table = gallery.beside(TABLE_5, executed.best(results)["ablation_negatives"])
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert rows[0] == ["row", "paper: Test100 PSNR", "paper: Test100 SSIM", "laptop: PSNR"]
    assert rows[2] == ["input", "–", "–", "25.00"]
    assert rows[3] == ["both", "25.61", "0.813", "27.00\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}1.41"]
    assert [row[0] for row in rows[4:]] == ["internal", "external"] and rows[4][3:] == ["–"]


def test_tables_without_a_common_row_stand_one_after_the_other(results):
    shown = executed.best(results)["ablation_negatives"]
    real = next(item for item in ITEMS if item.label == "Table 3")
    assert "| DCD-GAN | 4.032 | 13.311 |\n\nlaptop:\n\n| negatives | PSNR |" in gallery.beside(real, shown)
    shown.path.with_suffix(".md").write_text("| method | NIQE |\n| --- | --- |\n| DCD-GAN | 4 |\n| DCD-GAN | 5 |\n")
    assert "| DCD-GAN | 5 |" in gallery.beside(real, shown), "rows of one name cannot be laid beside others"
    shown.path.with_suffix(".md").unlink()
    assert gallery.beside(real, shown).endswith("| DCD-GAN | 4.032 | 13.311 |\n")
    sets = next(item for item in ITEMS if item.label == "Table 2")
    assert gallery.beside(sets, shown).splitlines()[2] == "| Rain800 | Test100 | 700 | 100 | synthetic |"
    first = next(item for item in ITEMS if item.label == "Table 1")
    assert "| GMM | 20.46 | 0.730 |" in gallery.beside(first, shown), "as many digits as printed"
    assert gallery.beside(FIG_7, shown) == ""


def test_the_map_is_that_of_the_start_notebook(tmp_path):
    start = paths.REPOSITORY / "notebooks" / "00_start_here.ipynb"
    maps = section_map.read_maps(start)
    row = ("Eq. (3), colour cycle-consistency", "`losses/colour_cycle.py`", "`walkthroughs/02_two_way_translation`")
    assert row in maps["The map of DCD-GAN"]
    shown = {"train_dcdgan": executed.Executed("train_dcdgan", "quick", tmp_path)}
    text = section_map.page(start, shown, {"rainmer_lib.dcdgan.config"})
    module = "{py:mod}`dcdgan/config.py <rainmer_lib.dcdgan.config>`"
    assert f"| {module} | [`train_dcdgan`](/notebooks/train_dcdgan.ipynb)" in text
    assert "`baselines/cyclegan_family.py` | `closely_related`" in text, "without a page: a word"
    assert all(f"| {item.label} | {item.title} |" in text for item in ITEMS)


def test_every_module_of_the_map_exists():
    """A map that names a module which is not there misleads; each is a link on the site."""
    names = {name for group in reference.modules().items() for name in (group[0], *group[1])}
    for rows in section_map.read_maps(paths.REPOSITORY / "notebooks" / "00_start_here.ipynb").values():
        for _, module, _ in rows:
            linked = section_map.module_links(module, names)
            assert linked.count("{py:mod}") == module.count(".py`"), module


def test_a_start_notebook_without_a_map_is_refused(tmp_path):
    with pytest.raises(ValueError, match="found no table of the columns paper | module | notebook"):
        section_map.read_maps(write_notebook(tmp_path / "start.ipynb"))


def test_the_reference_lists_what_a_module_defines_itself(tmp_path):
    found = reference.modules()
    assert "rainmer_lib.dcdgan.guidance" in found["rainmer_lib.dcdgan"] and "rainmer_lib.paths" in found["rainmer_lib"]
    names = reference.public_names("rainmer_lib.metrics.protocols")
    assert names[:3] == ["Protocol", "protocol", "quantise"] and not {"structural_similarity", "_check"} & set(names)
    reference.write_pages(tmp_path)
    page = (tmp_path / "api" / "rainmer_lib.dcdgan.rst").read_text()
    members = "   :members: ProjectionHead, ContrastiveGuidance, draw_places\n"
    assert ".. automodule:: rainmer_lib.dcdgan.guidance\n" + members in page
    assert {p.stem for p in (tmp_path / "api").glob("*.rst")} == {*found, "index"}


@pytest.mark.parametrize(("plain", "rst"), [
    (["One line,", "goes on."], ["One line, goes on.", ""]),
    (["Sizes *a b* and b_ of `f*(x)` | 2"], [r"Sizes *a b* and b\_ of ``f*(x)`` \| 2", ""]),
    (["a*b*c, R* - R*_c"], [r"a\*b\*c, R\* - R\*\_c", ""]),
    (["Text", "", "    y = a * x", "      + b_"], ["Text", "", "::", "", "    y = a * x", "      + b_", ""]),
    (["screen:       1 - B", "additive:     B + S", "              (Garg)"],
     ["::", "", "    screen:       1 - B", "    additive:     B + S", "                  (Garg)", ""]),
    (["a:     one", "bc:    two"], ["::", "", "    a:     one", "    bc:    two", ""]),
    (["- one", "  more", "- two_"], ["- one more", r"- two\_", ""]),
    (["Ends.  Begins."], ["Ends.  Begins.", ""]),
])  # fmt: skip
def test_docstrings_are_text_with_equations(plain, rst):
    assert reference.as_rst(plain) == rst


def test_a_folder_that_is_something_else_is_not_replaced(tmp_path, capsys):
    (tmp_path / "precious.txt").write_text("x")
    (tmp_path / "index.md").write_text("# Somebody's own")
    assert main([str(tmp_path)]) == 2
    assert "is no folder of the site's sources" in capsys.readouterr().err and (tmp_path / "precious.txt").exists()
