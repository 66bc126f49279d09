"""Committed results: complete, made by the runs that stand beside them, and as good as they say."""

import json

import numpy as np
import pandas as pd
import pytest

from rainmer_lib import paths
from rainmer_lib.pretrained.models import RUN_WEIGHTS, SHIPPED, load_folder, method_of, read_config, shipped_as
from rainmer_lib.site.executed import INJECTED
from rainmer_lib.training.run import RunFolder, RunIdentity
from rainmer_lib.training.seal import intact, sums
from rainmer_lib.workflow.seal import files_of

RESULTS = paths.REPOSITORY / "results"
RECORDS = sorted(p for profile in ("quick", "laptop", "paper") for p in (RESULTS / profile).glob("*.json"))
KEPT = sorted(p.parent for profile in ("laptop", "paper") for p in (RESULTS / profile).glob("runs/*/finished.json"))
WITH_WEIGHTS = [folder for folder in KEPT if (folder / RUN_WEIGHTS).exists()]
SHIP = [folder for folder in KEPT if shipped_as(folder) and not method_of(folder).prior_based]  # a prior takes minutes
SCORED = [folder for folder in (*SHIP, *WITH_WEIGHTS) if (folder / "scores-rain12.csv").exists()][: len(SHIP) + 2]
EXECUTED = sorted(p for p in RESULTS.rglob("*.ipynb") if not p.stem.endswith(".partial") and "__" not in p.stem)


def name(path):
    return f"{path.parent.name}-{path.stem}"


def notebook_of(record):
    """The notebook that wrote a record; one that writes two names the second after itself, `<stem>-<what>`."""
    own = record.with_suffix(".ipynb")
    return own if own.exists() else record.with_name(f"{record.stem.rpartition('-')[0]}.ipynb")


def stored_as(table):
    """What a table's files of scores are called after `scores-`, and its measures where it has no protocols."""
    kinds = {"confidence": ("recognition-", ["confidence", "log_odds"]), "map": ("detection-", ["psnr", "ssim", "map", "f1"]),
             "niqe": ("", ["niqe", "brisque"])}  # fmt: skip
    return next((found for column, found in kinds.items() if column in table), ("", []))


def config_of(folder):
    return json.loads((folder / "config.json").read_text()), read_config(folder)


def test_the_main_item_has_results():
    assert (RESULTS / "quick" / "ablation_negatives.json") in RECORDS
    assert (RESULTS / "laptop" / "ablation_negatives.json") in RECORDS


@pytest.mark.parametrize("path", RECORDS, ids=name)
def test_a_record_has_its_table_figures_and_notebook(path):
    beside = {p.name for p in path.parent.iterdir()}
    assert {f"{path.stem}.{kind}" for kind in ("csv", "md")} <= beside
    assert any(p.endswith((".png", ".jpg")) and p.startswith(path.stem) for p in beside)
    record = json.loads(path.read_text())
    assert record["profile"] == path.parent.name and not record["commit"].endswith("+changes")
    notebook = json.loads(notebook_of(path).read_text())
    counts = [cell["execution_count"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1)), "a cell was not run, or not in order"
    assert "/root" not in json.dumps(notebook) and "/home" not in json.dumps(notebook)


@pytest.mark.parametrize("path", EXECUTED, ids=lambda path: str(path.relative_to(RESULTS)))
def test_an_executed_notebook_shows_its_present_source(path):
    """Whoever edits a notebook executes it again; a cell of injected parameters alone may stand besides."""
    profile, *stem = path.relative_to(RESULTS).parts
    sources = [
        [cell["source"] for cell in json.loads(notebook.read_text())["cells"] if INJECTED not in cell["metadata"].get("tags", [])]
        for notebook in (path, (paths.REPOSITORY / "notebooks").joinpath(*stem))
    ]
    assert sources[0] == sources[1], f"edited since: rainmer reproduce {path.stem} --profile {profile}"


@pytest.mark.parametrize("path", [p for p in RECORDS if p.parent.name != "quick"], ids=name)
def test_every_run_of_a_record_is_kept_and_gives_its_table(path):
    """The CSV's means are those of the scores image by image."""
    record, table = json.loads(path.read_text()), pd.read_csv(path.with_suffix(".csv"))
    folders = {}  # a method and a seed may have several runs: one adapted to each domain
    for run in record["runs"]:
        folders.setdefault((run["method"], run["seed"]), []).append(path.parent / "runs" / run["run"])
    assert set(folders) <= set(zip(table.method, table.seed, strict=True))
    assert all((folder / "finished.json").exists() for kept in folders.values() for folder in kept)
    if "test_set" not in table:  # measures of features, not scores of images
        return
    kind, measures = stored_as(table)
    for (method, seed, test_set), rows in table[table.seed >= 0].groupby(["method", "seed", "test_set"]):
        stem = f"scores-{kind}{test_set.replace(' ', '-').replace('/', '-')}"
        images = pd.concat([pd.read_csv(file) for folder in folders[method, seed] for file in folder.glob(f"{stem}.csv")])
        if measures:
            assert rows[measures].to_numpy()[0] == pytest.approx(images[measures].mean(), abs=6e-5)
            continue
        for protocol, scores in images.groupby("protocol"):
            row = rows[rows.protocol == protocol]
            assert row[["psnr", "ssim"]].to_numpy()[0] == pytest.approx(scores[["psnr", "ssim"]].mean(), abs=6e-5)


SEALED = [*KEPT, *sorted(p.parent for p in SHIPPED.glob("*/config.json")), *sorted((RESULTS / "laptop" / "models").iterdir())]


@pytest.mark.parametrize("folder", SEALED, ids=lambda p: p.name)
def test_what_is_kept_is_sealed_and_as_it_was_sealed(folder):
    """`python -m rainmer_lib.workflow.seal results/*/runs` seals runs from before there were seals."""
    assert {path.name for path in files_of(folder)} == set(sums(folder)), f"python -m rainmer_lib.workflow.seal {folder}"
    assert all(intact(folder / name) for name in sums(folder))


@pytest.mark.parametrize("folder", KEPT, ids=lambda p: p.name)
def test_a_kept_run_is_found_by_its_configuration(folder):
    """The name is the hash of what config.json says: present code would find this run again."""
    stored, config = config_of(folder)
    identity = RunIdentity(stored["method"], config, stored["data"], stored["version"])
    assert RunFolder(folder.parent, identity).path == folder


def test_weights_are_kept_of_the_first_seed():
    """Notebooks show images of the first seed; of the others the scores are kept, and what ships is kept once."""
    shipped = [json.loads(path.read_text()) for path in SHIPPED.glob("*/config.json")]
    kept = [config_of(folder)[0] for folder in WITH_WEIGHTS]
    assert len(kept) > 10 and all(run["config"]["seed"] == 0 and run not in shipped for run in kept)


def test_at_laptop_the_unpaired_models_beat_the_rainy_input():
    """Every seed of the full model gains on Rain100L and on the held-out photos."""
    table = pd.read_csv(RESULTS / "laptop" / "ablation_negatives.csv").query("protocol == 'prenet'")
    for test_set in ("held-out", "rain100l"):
        part = table[table.test_set == test_set].set_index("method").psnr
        assert (part.loc["both"] > part.loc["input"]).all() and len(part.loc["both"]) >= 3


@pytest.mark.data
@pytest.mark.parametrize("folder", SCORED, ids=lambda p: p.name)
def test_kept_weights_give_the_kept_scores(folder):
    """Five images of Rain12, derained anew: within a hundredth of a decibel of what is stored; all that ships is asked."""
    from itertools import islice

    from rainmer_lib.data.test_sets import benchmark_pairs
    from rainmer_lib.inference.derain import derain
    from rainmer_lib.metrics.protocols import evaluate

    network = load_folder(folder)
    scores = pd.read_csv(folder / "scores-rain12.csv").query("protocol == 'prenet'").set_index("image").psnr
    for pair in islice(benchmark_pairs("rain12"), 5):
        again = evaluate(derain(network, pair.rainy), pair.clean, "prenet")[0]
        assert np.isclose(again, scores[pair.name], atol=0.01)


SECOND_SETTING = {
    "full": ("dcdgan-20ef388c26f5", "dcdgan-b9563784bebe", "dcdgan-79e3e430ca70"),
    "CycleGAN": ("cyclegan-dfd87c05cc2d", "cyclegan-bb1cb2856b50", "cyclegan-0021a680ae01"),
}


def test_the_documented_runs_of_the_second_setting():
    """docs/training_small.md prints these runs' scores; 2 dB on Rain100L, and better than CycleGAN with each seed."""
    text = (paths.REPOSITORY / "docs" / "training_small.md").read_text()
    table = pd.read_csv(RESULTS / "laptop" / "train_dcdgan.csv").query("protocol == 'prenet' and method == 'input'")
    inputs = table.set_index("test_set").psnr.to_dict()
    found = {}
    for method, keys in SECOND_SETTING.items():
        for seed, key in enumerate(keys):
            folder, cells = RESULTS / "laptop" / "runs" / key, []
            assert key in text and config_of(folder)[1].seed == seed
            for test_set, base in inputs.items():
                psnr = pd.read_csv(folder / f"scores-{test_set}.csv").query("protocol == 'prenet'").psnr.mean()
                found[method, seed, test_set] = psnr
                cells.append(f"{psnr:.2f} (+{psnr - base:.2f})")
            assert f"| {seed} | {' | '.join(cells)} |" in text
    for seed in range(3):
        assert found["full", seed, "rain100l"] > inputs["rain100l"] + 2
        assert all(found["full", seed, name] > found["CycleGAN", seed, name] for name in inputs)
