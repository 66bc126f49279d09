"""Notebooks of DCD-GAN on published training sets and on folders of one's own: small folders, runs of a few steps."""

from dataclasses import replace

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import published_sets
import pytest
from painted import folder

from rainmer_lib import paths
from rainmer_lib.methods import METHODS
from rainmer_lib.workflow import runner

FEW = {"steps": 4, "warm_up": 1, "patches": 16, "warm_up_batch": 2, "batch": 1}


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Profile quick of a few steps, and a folder of data."""
    for name in ("dcdgan", "paired_generator"):
        sizes, fields = METHODS[name].sizes, METHODS[name].config.__dataclass_fields__
        changes = sizes["quick"].changes | {field: value for field, value in FEW.items() if field in fields}
        monkeypatch.setitem(sizes, "quick", replace(sizes["quick"], changes=changes))
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path / "data"))
    published_sets.accept_few(monkeypatch)
    return tmp_path / "data"


def execute(name, **parameters):
    """Run the cells of a notebook in this process, with injected parameters; the names that it leaves."""
    cells = [c for c in nbformat.read(runner.NOTEBOOKS / f"{name}.ipynb", as_version=4).cells if c.cell_type == "code"]
    injected = "# Parameters\n" + "\n".join(f"{key} = {value!r}" for key, value in parameters.items())
    namespace = {"In": [""], "__name__": "__main__"}
    for cell in cells:
        for source in (cell.source, *([injected] if "parameters" in cell.metadata.get("tags", []) else [])):
            namespace["In"].append(source)
            exec(compile(source, f"{name}.ipynb", "exec"), namespace)
    plt.close("all")
    return namespace


@pytest.mark.slow
@pytest.mark.parametrize("data", list(published_sets.FOLDERS))
def test_negatives_on_every_published_set(small, data, capsys):
    published_sets.make(small, data)
    left = execute("ablation_negatives", data=data, seeds=1)
    assert set(left["means"].test_set) == {"held-out", data} and left["comparison"].scores.notna().all().all()
    assert "drawn independently" in capsys.readouterr().out
    written = pd.read_csv(paths.results_root() / "quick" / f"ablation_negatives__data-{data}__seeds-1.csv")
    assert set(written.method) == {"input", "internal", "external", "both"}


@pytest.mark.slow
def test_benchmarks_on_rain800_in_halves(small):
    published_sets.make(small, "rain800")
    left = execute("benchmarks", data="rain800-halves", seeds=1)
    assert set(left["means"].test_set) == {"held-out", "rain800"} and "DCD-GAN" in set(left["means"].method)


@pytest.mark.slow
def test_the_sequence_of_fig_9(small):
    for name in published_sets.FOLDERS:
        published_sets.make(small, name)
    for name in ("Rain12", "Rain100L"):
        published_sets.two_folders(small, name)
    left = execute("cross_domain", data="did-data", seeds=1)
    sequence = [name for name in left["means"].test_set.unique() if not name.startswith("under ")]
    assert sequence == ["held-out", "did-data", "rain12", "ddn-data", "rain100l", "rain800"]
    assert {run.label for run in left["comparison"].runs} >= {"DCD-GAN", "DCD-GAN adapted", "same generator, with pairs"}


@pytest.mark.slow
def test_negatives_on_folders_of_ones_own(small, tmp_path):
    rainy = folder(tmp_path / "wet", range(8), rainy=True, size=(96, 112))
    clean = folder(tmp_path / "dry", range(50, 68), size=(96, 112))
    left = execute("ablation_negatives", data=f"folder:{rainy}|{clean}", seeds=1)
    assert set(left["means"].test_set) == {"held-out"} and left["means"].notna().all().all()


def test_data_that_rain_cannot_be_rendered_on_stop_notebooks_of_rainmer(small):
    published_sets.make(small, "rain800")
    with pytest.raises(ValueError, match="rain of their own, and this method renders rain"):
        execute("train_rainmer", data="rain800")
