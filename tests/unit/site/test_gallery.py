"""The gallery: a card for every table and figure, and the paper's numbers beside ours."""

import shutil
from dataclasses import replace

import numpy as np
from PIL import Image

from rainmer_lib import paths
from rainmer_lib.site import executed, gallery
from rainmer_lib.workflow.catalogue import ITEMS, Item

TABLE_5 = next(item for item in ITEMS if item.label == "Table 5")
FIG_7 = next(item for item in ITEMS if item.label == "Fig. 7")


def test_every_item_has_its_card_with_state_and_verdicts(results, tmp_path, monkeypatch):
    """The counts are those of the README: of claims, not of comparisons."""
    shutil.copytree(paths.published_root(), results / "published")
    monkeypatch.setattr(paths, "REPOSITORY", results.parent)
    gallery.write_page(executed.best(results), tmp_path)
    text = (tmp_path / "gallery.md").read_text()
    cards = text.partition("## Numbers")[0].split("\n- ")[1:]
    for item, card in zip(ITEMS, cards, strict=True):
        assert f"**{item.label}**" in card and item.title in card
        page = f"(/notebooks/{item.notebook}.ipynb)"
        assert card.count(page) == (2 if item.notebook == "ablation_negatives" else 0), "picture and label lead to it"
    assert text.count("`laptop`, claims: 1 supported, 1 inconclusive") == 1 + 1, "a card and a heading of numbers"
    assert text.count("`laptop`, claims: 1 not tested") == 1, "its figure has claims of its own"
    assert text.count("to do\n") == len(ITEMS) - 2


def test_every_item_shows_its_own_picture(results, tmp_path):
    shown = executed.best(results)
    walkthrough = Item("DCD-GAN", "Fig. 2", "x", "walkthroughs/02_measuring_deraining", record=None)
    for item, colour in ((TABLE_5, (0, 128, 0)), (FIG_7, (0, 0, 255)), (walkthrough, (255, 0, 0))):
        entry = gallery.Entry(item, shown[item.notebook])
        assert gallery.write_thumbnail(entry, tmp_path)
        picture = np.asarray(Image.open(tmp_path / entry.picture).convert("RGB")).astype(int)
        assert picture.shape == (240, 480, 3) and np.abs(picture - colour).max() < 12
    for nothing in (replace(TABLE_5, figure=None), replace(TABLE_5, figure="gone"), replace(TABLE_5, record=None, figure=None)):
        assert not gallery.write_thumbnail(gallery.Entry(nothing, shown[TABLE_5.notebook]), tmp_path), "not another one instead"


def test_the_papers_numbers_stand_beside_ours_digit_by_digit(results):
    table = gallery.beside(TABLE_5, executed.best(results)["ablation_negatives"])
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert rows[0] == ["row", "paper: Test100 PSNR", "paper: Test100 SSIM", "laptop: PSNR"]
    assert rows[2] == ["input", "–", "–", "25.00"]
    assert rows[3] == ["both", "25.61", "0.813", "27.00 ± 1.41"]
    assert [row[0] for row in rows[4:]] == ["internal", "external"] and rows[4][3:] == ["–"]


def test_tables_without_a_common_row_stand_one_after_the_other(results):
    shown = executed.best(results)["ablation_negatives"]
    real = replace(next(item for item in ITEMS if item.label == "Table 3"), notebook=shown.stem)
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
