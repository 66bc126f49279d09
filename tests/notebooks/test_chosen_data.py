"""Notebooks on published training sets and on folders of one's own: small folders, runs of a few steps."""

from dataclasses import replace

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import published_sets
import pytest
from painted import folder

from rainmer_lib import paths
from rainmer_lib.data import paired_folders
from rainmer_lib.experiments import all_in_one, cost, rainmer_rows
from rainmer_lib.methods import METHODS
from rainmer_lib.rainmer import published
from rainmer_lib.workflow import runner

FEW = {"steps": 4, "warm_up": 1, "patches": 16, "warm_up_batch": 2, "batch": 1}


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Profile quick of a few steps, and a folder of data."""
    for name, method in METHODS.items():
        if name == "rainmer":  # `few_steps` says how many
            continue
        sizes, fields = method.sizes, method.config.__dataclass_fields__
        changes = sizes["quick"].changes | {field: value for field, value in FEW.items() if field in fields}
        monkeypatch.setitem(sizes, "quick", replace(sizes["quick"], changes=changes))
    monkeypatch.setenv("RAINMER_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(cost, "TIMED", (80, 120))
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


@pytest.fixture
def few_steps(small, monkeypatch):
    """Rainmer at profile quick: runs of five steps, with the contrastive terms in the last; few held-out photos."""
    size = METHODS["rainmer"].sizes["quick"]
    changes = size.changes | {"steps": 5, "memory_bank": 4, "crop": 32}
    monkeypatch.setitem(METHODS["rainmer"].sizes, "quick", replace(size, changes=changes))
    monkeypatch.setattr(paired_folders, "CROP", 168)
    monkeypatch.setattr(published, "HELD_OUT", {"rain13k": 6, "gt-rain": 3, "gtav-crops": 2})
    monkeypatch.setitem(all_in_one.PAIRS, "quick", (3, 2))
    kept = ("full", "backbone alone, as large", "without alignment")
    monkeypatch.setattr(rainmer_rows, "AS_LARGE", kept[1:2])
    for label in [label for label in rainmer_rows.ROWS["rainmer_ablations"] if label not in kept]:
        monkeypatch.delitem(rainmer_rows.ROWS["rainmer_ablations"], label)
    return small


MAKE = {"rain13k": published_sets.rain13k, "gt-rain": published_sets.gt_rain, "gtav-crops": published_sets.gtav}
ALONE = ("gt-rain",)


@pytest.mark.slow
@pytest.mark.parametrize(("notebook", "present"), [
    *((name, tuple(MAKE)) for name in ("train_rainmer", "rainmer_benchmarks", "rainmer_ablations", "rainmer_representations")),
    ("train_rainmer", ALONE), ("rainmer_benchmarks", ALONE), ("rainmer_ablations", ALONE),
    ("rainmer_ablations", ("rain13k", "gtav-crops")), ("rainmer_representations", ("rain13k", "gt-rain")),
], ids=str)  # fmt: skip
def test_notebooks_of_rainmer_on_the_published_sets_that_are_there(few_steps, notebook, present, capsys):
    for name in present:
        MAKE[name](few_steps)
    left = execute(notebook, data="published", seeds=1)
    settings, aligned = left["settings"], "gtav-crops" in present and len(present) > 1
    stem = "published" if len(present) == len(MAKE) else "+".join(present)
    assert list(settings.data.held_out) == [f"{name}-train" for name in present] == list(settings.test_sets)
    assert settings.data.aligned == aligned and settings.data.name == stem
    assert (paths.results_root() / "quick" / f"{notebook}__data-{stem}.csv").is_file()
    printed = capsys.readouterr().out
    assert ("nothing is aligned" in printed) == (not aligned) and ("absent: " in printed) == (len(present) < len(MAKE))
    if notebook == "rainmer_ablations":
        assert ("without alignment" in set(left["means"].method)) == aligned


@pytest.mark.slow
def test_all_in_one_on_two_of_its_sets(few_steps):
    for number, folder_name in enumerate(("outdoorrain", "snow")):
        for seed in range(6):
            clean = published_sets.scene(seed + 100 * number, (168, 176))
            place = few_steps / "All-in-One" / "train" / folder_name
            published_sets.save(clean, place / "gt" / f"{seed}.png")
            published_sets.save(published_sets.under_rain(clean, seed), place / "input" / f"{seed}.png")
    left = execute("all_in_one", data="published", seeds=1)
    assert set(left["means"].test_set) == {"rain", "snow"} and left["settings"].data.name == "outdoorrain+snow"
    assert left["compared"]["all weathers"].remark == "trained on rain, snow"
