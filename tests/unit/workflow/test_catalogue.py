"""The catalogue: every table and figure of both papers once, each with its own picture, record and verdicts."""

import json

import pytest

from rainmer_lib import paths
from rainmer_lib.experiments.records import published
from rainmer_lib.workflow import catalogue, judged
from rainmer_lib.workflow.catalogue import Item
from rainmer_lib.workflow.stated import Stated

ROOT = paths.REPOSITORY


def test_every_table_and_figure_of_the_papers_is_listed_once():
    labels = [item.label for item in catalogue.ITEMS if item.paper == "DCD-GAN"]
    tables, figures = ([f"{kind} {i}" for i in range(1, last + 1)] for kind, last in (("Table", 6), ("Fig.", 11)))
    assert labels == [*tables, *figures, "self-training", "released code"]
    for item in catalogue.ITEMS:
        if item.published:
            assert len(published(item.published)) > 1


def test_published_files_and_catalogue_agree():
    listed = {item.published for item in catalogue.ITEMS} - {""}
    assert {p.stem for p in paths.published_root().glob("*.csv")} - {"weights_anchors"} == listed


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
    better = {"metric": "psnr", "better": "full", "worse": "input", "difference": 4, "spread": 1, "seeds": 3}
    content = {"claims": [better | {"verdict": "supported"}], "runs": []}
    (tmp_path / "results" / "laptop" / "folder" / "item.json").write_text(json.dumps(content))
    claim = Stated("Rainmer", "Table 1", "It works", "Table 1", "folder/item", (("full", "input"),))
    monkeypatch.setattr(judged, "CLAIMS", (claim,))
    return catalogue.ITEMS[0]


def test_a_row_links_the_notebook_its_results_and_our_number(one_item):
    assert one_item.results() == ["quick", "laptop"] and one_item.source.exists()
    lines = catalogue.table(paths.REPOSITORY / "docs" / "results.md").splitlines()
    results = "[quick](../results/quick/folder/item.ipynb), [laptop](../results/laptop/folder/item.ipynb)"
    numbers = "31.00 dB, rainy input 27.00 (day)"
    start = f"| Rainmer | Table 1 | words | [item](../notebooks/folder/item.ipynb): {results} |  | {numbers} |"
    assert lines[2] == f"{start} 1 supported |" and lines[3] == "| DCD-GAN | Fig. 2 | x | y, to do |  |  |  |"


def test_every_item_has_its_own_picture():
    """Two items never share one; what is committed at the largest profile is there."""
    pictures = [(item.notebook, item.picture or item.label) for item in catalogue.ITEMS]
    assert len(pictures) == len(set(pictures))
    for item in catalogue.ITEMS:
        if item.picture and item.results():
            assert item.picture_in(ROOT / "results" / item.results()[-1]), item
    assert [item.label for item in catalogue.ITEMS if not item.picture] == ["Table 2", "Fig. 2"]


@pytest.mark.parametrize(("name", "meant"), [
    ("Table 5", ["ablation_negatives"]), ("table5", ["ablation_negatives"]), ("tab. 5", ["ablation_negatives"]),
    ("Figure 9", ["cross_domain"]), ("DCD-GAN Fig. 9", ["cross_domain"]), ("ablation-negative", ["ablation_negatives"]),
    ("notebooks/cross_domain.ipynb", ["cross_domain"]), ("two_way_translation", ["walkthroughs/04_two_way_translation"]),
    ("rainfall", []),
])  # fmt: skip
def test_a_name_means_a_table_or_nearly_a_notebook(name, meant):
    known = ["ablation_negatives", "cross_domain", "benchmarks", "walkthroughs/04_two_way_translation"]
    assert catalogue.meant_by(name, known) == meant


def test_results_may_lie_elsewhere(one_item, tmp_path):
    (tmp_path / "other" / "paper" / "folder").mkdir(parents=True)
    (tmp_path / "other" / "paper" / "folder" / "item.ipynb").touch()
    assert one_item.results(tmp_path / "other") == ["paper"]
