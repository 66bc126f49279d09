"""What a notebook leaves behind: its table, figures, and the record of how they came about."""

import json
import re
import subprocess
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from rainmer_lib import paths
from rainmer_lib.data.unpaired_rain import UnpairedRain
from rainmer_lib.experiments import records
from rainmer_lib.experiments.compare import RECORDED, Comparison
from rainmer_lib.experiments.records import (
    commit,
    markdown,
    published,
    record,
    save_figure,
    save_results,
    summary_table,
)


def means(**by_method):
    rows = [(m, s, "t", v, v / 40) for m, values in by_method.items() for s, v in values.items()]
    return pd.DataFrame(rows, columns=["method", "seed", "test_set", "psnr", "ssim"]).assign(protocol="rgb")


@pytest.fixture
def comparison(quick, given_run):
    """Two finished runs, scored on one image."""
    runs = [given_run("ours", seed) for seed in (0, 1)]
    for run in runs:
        run.folder.path.mkdir(parents=True, exist_ok=True)
        for name in RECORDED:
            (run.folder.path / name).write_text(json.dumps({"steps": 7}))
    scores = means(ours={0: 30.0, 1: 31.0}, input={-1: 25.0}).assign(image="a")
    settings = quick(UnpairedRain("embedded", [], [], [], [], "f" * 16), ("t",), seeds=2)
    return Comparison(runs, scores, replace(settings, profile=replace(settings.profile, seeds=2)))


def test_a_printed_table_has_means_and_spreads():
    table = summary_table(means(ours={0: 30.0, 1: 31.0}, one={0: 29.0}, input={-1: 25.0}), ["ours", "one", "none"], "rgb")
    assert list(table.index) == ["input", "ours", "one", "none"] and list(table.columns) == [("t", "PSNR"), ("t", "SSIM")]
    assert table[("t", "PSNR")].tolist() == ["25.00", "30.50 ± 0.71", "29.00", "-"]
    assert table[("t", "SSIM")].iloc[1] == "0.7625 ± 0.0177"
    lines = markdown(table).splitlines()
    assert lines[:2] == ["| method | t PSNR | t SSIM |", "| --- | --- | --- |"] and lines[2].startswith("| input | 25.00")


def test_results_and_runs_are_kept(comparison):
    settings = comparison.settings
    kept = replace(comparison, settings=replace(settings, profile=replace(settings.profile, keeps_runs=True)))
    claims = pd.DataFrame({"verdict": ["supported", "inconclusive"], "spread": [0.123456, np.nan]})
    figure = plt.figure()
    path = save_results("item", kept, markdown_table := pd.DataFrame({"a": [1]}), {"main": figure, "crops": figure}, claims)
    folder = paths.results_root() / "quick"
    names = {"item.csv", "item.md", "item.json", "item.png", "item.pdf", "item-crops.png", "item-crops.pdf", "runs"}
    assert path == folder / "item.json" and {p.name for p in folder.iterdir()} == names
    assert (folder / "item.md").read_text() == markdown(markdown_table)
    table = pd.read_csv(folder / "item.csv")
    assert table.psnr.tolist() == [30.0, 31.0, 25.0] and "image" not in table
    told = json.loads(path.read_text())
    assert told["claims"] == [{"verdict": "supported", "spread": 0.1235}, {"verdict": "inconclusive", "spread": None}]
    assert {p.name for p in (folder / "runs").iterdir()} == {run.folder.identity.key for run in comparison.runs}
    before = {p: p.read_bytes() for p in folder.glob("item*")}
    save_results("item", kept, markdown_table, {"main": figure, "crops": figure}, claims)
    assert {p: p.read_bytes() for p in folder.glob("item*")} == before, "the same bytes each time"


def test_results_of_other_parameters_never_replace_the_profiles_own(comparison):
    settings = comparison.settings
    other = replace(comparison, settings=replace(settings, seeds=3, profile=replace(settings.profile, keeps_runs=True)))
    path = save_results("item", other, pd.DataFrame({"a": [1]}), {}, pd.DataFrame())
    assert path.name == "item__seeds-3.json" and not (path.parent / "runs").exists()


def test_a_record_says_how_the_results_came_about(comparison, monkeypatch):
    monkeypatch.setattr(records, "commit", lambda: "abc")
    told = record("item", comparison, pd.DataFrame())
    assert told["runs"] == [
        {"method": "ours", "seed": seed, "run": run.folder.identity.key, "steps": 7} for seed, run in enumerate(comparison.runs)
    ]
    assert told["data"] == {"name": "embedded", "sha256_16": "f" * 16} and told["parameters"] == comparison.settings.given
    assert (told["item"], told["profile"], told["seeds"], told["test_sets"]) == ("item", "quick", [0, 1], ["t"])
    assert told["claims"] == [] and told["commit"] == "abc" and {"torch", "python", "rainmer"} <= set(told["versions"])


def test_the_commit_says_whether_sources_were_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "REPOSITORY", tmp_path)
    assert commit() == "unknown"

    def git(*words):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    for folder in ("rainmer_lib", "docs"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text("1")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    clean = commit()
    assert re.fullmatch("[0-9a-f]{12}", clean)
    (tmp_path / "docs" / "a.py").write_text("2")
    assert commit() == clean
    (tmp_path / "rainmer_lib" / "a.py").write_text("2")
    assert commit() == f"{clean}+changes"


def test_numbers_of_the_papers_are_read_by_name():
    assert {"method", "test_set", "psnr", "ssim"} <= set(published("dcdgan_table1").columns)


def test_the_five_published_tables_agree_where_they_overlap():
    """The full model's row stands in Tables 1, 4, 5 and 6."""
    one = published("dcdgan_table1").query("method == 'DCD-GAN' and test_set == 'Test100'")
    rows = [(one.psnr.item(), one.ssim.item())]
    for number, label in ((4, "full"), (5, "both"), (6, "full")):
        row = published(f"dcdgan_table{number}").set_index("row").loc[label]
        rows.append((row.psnr, row.ssim))
    assert set(rows) == {(25.61, 0.813)}


def test_a_figure_of_photos_is_a_jpeg_and_a_figure_at_quick_has_no_pdf(comparison, tmp_path):
    photos, axis = plt.subplots()
    axis.imshow(np.zeros((4, 4, 3)))
    profile = comparison.settings.profile
    save_figure(photos, tmp_path / "photos", replace(profile, keeps_runs=True))
    save_figure(plt.figure(), tmp_path / "lines", replace(profile, keeps_runs=True))
    save_figure(plt.figure(), tmp_path / "quick", replace(profile, keeps_runs=False))
    assert {p.name for p in tmp_path.iterdir() if p.is_file()} == {"photos.jpg", "lines.png", "lines.pdf", "quick.png"}
