"""The house: one list of dependencies, a catalogue that matches what is there, words that do not belong."""

import ast
import re
import tomllib

import pandas as pd
import pytest
import yaml

from rainmer_lib import paths
from rainmer_lib.experiments.records import published
from rainmer_lib.workflow import catalogue

ROOT = paths.REPOSITORY
SOURCES = sorted((ROOT / "rainmer_lib").rglob("*.py"))


def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_environment_yml_is_python_pip_and_pyproject():
    python, pip, lists = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    lowest = re.fullmatch(r">=(3\.\d+)", pyproject()["project"]["requires-python"])[1]
    version = re.fullmatch(r"python=(3\.\d+)", python)[1]
    assert tuple(map(int, version.split("."))) >= tuple(map(int, lowest.split(".")))
    assert pip == "pip" and lists == {"pip": ["-e .[all]"]}
    assert "all" in pyproject()["project"]["optional-dependencies"]


def test_torch_is_bounded():
    torch = next(d for d in pyproject()["project"]["dependencies"] if d.startswith("torch"))
    assert torch == "torch>=2.6,<2.14"


def test_every_import_is_declared():
    """What the library imports stands in pyproject: a package installed by hand must not hide a missing line."""
    import sys

    names = {"skimage": "scikit-image", "sklearn": "scikit-learn", "yaml": "pyyaml", "nbformat": "nbconvert"}
    names |= {"PIL": "pillow", "png": "pypng"}
    declared = {re.match(r"[\w-]+", d)[0].lower() for d in pyproject()["project"]["dependencies"]}
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module] if isinstance(node, ast.ImportFrom) else []
            for top in {m.split(".")[0] for m in modules} - set(sys.stdlib_module_names) - {"rainmer_lib"}:
                assert names.get(top, top) in declared, f"{source}: {top} is not in pyproject.toml"


def test_the_readme_shows_the_catalogue():
    text = (ROOT / "README.md").read_text()
    assert catalogue.with_table(text) == text, "run `make readme`"


def test_the_documentation_shows_the_calibration():
    from rainmer_lib.experiments.calibration import PUBLISHED

    scores = pd.read_csv(ROOT / "results" / "calibration" / "prenet.csv").query("protocol == 'prenet'")
    text = (ROOT / "docs" / "using.md").read_text()
    for (model, test_set), (psnr, ssim) in PUBLISHED.items():
        ours = scores[(scores.method == model) & (scores.test_set == test_set)][["psnr", "ssim"]].mean()
        assert f" | {ours.psnr:.2f} / {ours.ssim:.4f} | {psnr} / {ssim} |".replace(" 0.", " .") in text


def test_every_table_and_figure_of_the_papers_is_listed_once():
    labels = [item.label for item in catalogue.ITEMS if item.paper == "DCD-GAN"]
    assert labels == [*(f"Table {i}" for i in range(1, 7)), *(f"Fig. {i}" for i in range(1, 12)), "released code"]
    for item in catalogue.ITEMS:
        if item.published:
            assert len(published(item.published)) > 1


def test_published_files_and_catalogue_agree():
    listed = {item.published for item in catalogue.ITEMS} - {""}
    assert {p.stem for p in paths.published_root().glob("*.csv")} == listed


def test_the_five_published_tables_agree_where_they_overlap():
    """The full model's row stands in Tables 1, 4, 5 and 6."""
    one = published("dcdgan_table1").query("method == 'DCD-GAN' and test_set == 'Test100'")
    rows = [(one.psnr.item(), one.ssim.item())]
    for number, label in ((4, "full"), (5, "both"), (6, "full")):
        row = published(f"dcdgan_table{number}").set_index("row").loc[label]
        rows.append((row.psnr, row.ssim))
    assert set(rows) == {(25.61, 0.813)}


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_are_small_and_say_what_they_are(source):
    text = source.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree), f"{source}: no docstring"
    assert len(text.splitlines()) <= 260, f"{source}: too long for one job"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            lines = node.end_lineno - node.lineno + 1 - len((ast.get_docstring(node) or "").splitlines())
            assert lines <= 45, f"{source}: {node.name} has {lines} lines"
