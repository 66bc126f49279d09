"""The catalogue: every table and figure of both papers once, in the README as it is here."""

import json

import pytest

from rainmer_lib import paths
from rainmer_lib.experiments.records import published
from rainmer_lib.workflow import catalogue
from rainmer_lib.workflow.catalogue import BEGIN, END, Item

ROOT = paths.REPOSITORY


def test_the_readme_shows_the_catalogue():
    text = (ROOT / "README.md").read_text()
    assert catalogue.with_table(text) == text, "run `make readme`"


def test_every_table_and_figure_of_the_papers_is_listed_once():
    labels = [item.label for item in catalogue.ITEMS if item.paper == "DCD-GAN"]
    tables, figures = ([f"{kind} {i}" for i in range(1, last + 1)] for kind, last in (("Table", 6), ("Fig.", 11)))
    assert labels == [*tables, *figures, "self-training", "released code"]
    for item in catalogue.ITEMS:
        if item.published:
            assert len(published(item.published)) > 1


def test_published_files_and_catalogue_agree():
    listed = {item.published for item in catalogue.ITEMS} - {""}
    assert {p.stem for p in paths.published_root().glob("*.csv")} == listed


@pytest.fixture
def one_item(tmp_path, monkeypatch):
    """A repository with one notebook, executed at two profiles."""
    monkeypatch.setattr(paths, "REPOSITORY", tmp_path)
    items = Item("Rainmer", "Table 1", "words", "folder/item"), Item("DCD-GAN", "Fig. 2", "x", "y")
    monkeypatch.setattr(catalogue, "ITEMS", items)
    for name in ("notebooks/folder/item.ipynb", "results/quick/folder/item.ipynb", "results/laptop/folder/item.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    rows = ["method,seed,test_set,protocol,psnr,ssim", "input,-1,day,rainmer,27.0,0.8", "full,0,day,rainmer,31.0,0.9"]
    (tmp_path / "results" / "laptop" / "folder" / "item.csv").write_text("\n".join(rows))
    (tmp_path / "results" / "laptop" / "folder" / "item.json").write_text(json.dumps({"claims": [{"verdict": "supported"}]}))
    return catalogue.ITEMS[0]


def test_a_row_links_the_notebook_its_results_and_our_number(one_item):
    assert one_item.results() == ["quick", "laptop"] and one_item.source.exists()
    lines = catalogue.table().splitlines()
    results = "[quick](results/quick/folder/item.ipynb), [laptop](results/laptop/folder/item.ipynb)"
    assert lines[2].startswith(f"| Rainmer | Table 1 | words | [item](notebooks/folder/item.ipynb): {results} |  | 31.00 dB, ")
    assert lines[2].endswith("comparisons: 1 supported |") and lines[3] == "| DCD-GAN | Fig. 2 | x | y, to do |  |  |"


def test_the_table_replaces_what_stands_between_its_marks(one_item):
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    found = catalogue.with_table(text)
    assert found == f"before\n{BEGIN}\n{catalogue.table()}\n{END}\nafter\n" and catalogue.with_table(found) == found
    for wrong in ("before", f"{BEGIN} alone"):
        with pytest.raises(ValueError, match="lacks the marks"):
            catalogue.with_table(wrong)


@pytest.mark.parametrize(("name", "meant"), [
    ("Table 5", ["ablation_negatives"]), ("table5", ["ablation_negatives"]), ("tab. 5", ["ablation_negatives"]),
    ("Figure 9", ["cross_domain"]), ("DCD-GAN Fig. 9", ["cross_domain"]), ("ablation-negative", ["ablation_negatives"]),
    ("notebooks/cross_domain.ipynb", ["cross_domain"]), ("two_way_translation", ["walkthroughs/02_two_way_translation"]),
    ("rainfall", []),
])  # fmt: skip
def test_a_name_means_a_table_or_nearly_a_notebook(name, meant):
    known = ["ablation_negatives", "cross_domain", "benchmarks", "walkthroughs/02_two_way_translation"]
    assert catalogue.meant_by(name, known) == meant


def test_results_may_lie_elsewhere(one_item, tmp_path):
    (tmp_path / "other" / "paper" / "folder").mkdir(parents=True)
    (tmp_path / "other" / "paper" / "folder" / "item.ipynb").touch()
    assert one_item.results(tmp_path / "other") == ["paper"]
